"""Somebody who works without a mouse, and somebody who wants none of it."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.journeys.conftest import check_page, sign_in


def test_single_keys_lead_about_search_and_download(page: Page) -> None:
    sign_in(page, "anna")
    expect(page.get_by_role("button", name="keyboard shortcuts")).to_be_visible()
    for keys, address in (
        ("gs", "/segments/"),
        ("gr", "/runs/"),
        ("gc", "/credentials/"),
        ("gh", "/"),
        ("gd", "/segments/"),
    ):
        page.keyboard.type(keys)
        expect(page).to_have_url(re.compile(rf"^http://[^/]+{address}$"))

    # The sheet says what there is, is read out by its name, and gives the focus back.
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_visible()
    expect(sheet.get_by_text("Search this list")).to_be_visible()
    expect(sheet.get_by_text("Download the file")).to_be_hidden()
    check_page(page, "keys")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()

    # In a field they are letters; Escape and Tab lead out of it as ever.
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.type("gh?n/")
    expect(search).to_have_value("gh?n/")
    expect(page).to_have_url(re.compile("/segments/"))

    page.goto("/runs/1/")
    page.keyboard.press("d")
    sheet = page.get_by_role("dialog", name="CSV, the content: what is it for?")
    expect(sheet.get_by_role("button", name="A mailing")).to_be_focused()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    expect(sheet).to_be_hidden()
    assert download.value.suggested_filename.startswith("apsis_")
    # With Ctrl they are the browser's, and half a pair is nothing.
    page.keyboard.press("Control+g")
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile("/runs/1/$"))


def test_no_slip_of_a_finger_leaves_what_was_changed(page: Page) -> None:
    sign_in(page, "anna")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", level=1)).to_contain_text("A new saved segment")
    page.get_by_label("Name", exact=True).fill("Autumn letter")
    page.get_by_role("heading", level=1).click()
    page.keyboard.type("gh")
    page.keyboard.press("n")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Autumn letter")


def test_they_can_be_switched_off(page: Page) -> None:
    sign_in(page, "jonas")
    page.keyboard.press("?")
    page.get_by_role("link", name="Switch them off").click()
    page.get_by_role("checkbox", name="Keyboard shortcuts").uncheck()
    page.get_by_role("button", name="Keep it so").click()
    expect(page.get_by_role("status").filter(has_text="from now on")).to_be_visible()
    asked: list[Any] = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.type("gs?n/")
    page.wait_for_timeout(300)
    assert not asked
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("checkbox", name="Keyboard shortcuts").check()
    page.get_by_role("button", name="Keep it so").click()
    expect(page.get_by_role("button", name="keyboard shortcuts")).to_be_visible()


def test_an_admin_has_the_places_of_an_admin(page: Page) -> None:
    sign_in(page, "karin")
    for keys, address in (("go", "/admin/operations/"), ("gp", "/admin/accounts/user/"), ("gh", "/")):
        page.keyboard.type(keys)
        expect(page).to_have_url(re.compile(rf"^http://[^/]+{address}$"))
