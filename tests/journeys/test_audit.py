"""The auditor finds out who took what, and takes that along."""

from __future__ import annotations

import csv
from pathlib import Path

from playwright.sync_api import Page, expect

from accounts.demo_people import PASSWORD
from tests.journeys.conftest import Desk, check_page, sign_in, take


def test_the_auditor_filters_and_exports(page: Page, desk: Desk, tmp_path: Path) -> None:
    # Somebody mistypes their password, then comes in, takes a file, and tries an address that is not theirs.
    page.goto("/accounts/login/")
    page.get_by_label("User name").fill("anna")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.get_by_label("User name").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    page.goto("/runs/1/")
    run = page.get_by_role("heading", level=1)
    expect(run).to_be_visible()
    take(page)
    page.goto("/admin/audit/event/")
    page.context.clear_cookies()

    sign_in(page, "maria")
    page.get_by_role("link", name="Audit history").first.click()
    lines = page.locator("#list .aud li")
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Today")
    expect(lines.filter(has_text="tried to sign in as Anna Berg and failed")).to_have_count(1)
    expect(lines.filter(has_text="Anna Berg was refused the page /admin/audit/event/")).to_have_count(1)
    check_page(page, "audit")

    # Filters follow one another, each stands in the address, and the page is never loaded anew.
    page.evaluate("window.isStillHere = true")
    page.get_by_role("link", name="Downloads").click()
    expect(lines.first).to_contain_text("Anna Berg downloaded")
    expect(page).to_have_url(f"{desk.url}/admin/audit/event/?view=downloads")
    page.get_by_text("By person, action, thing or day").click()
    page.get_by_label("Who").select_option(label="Anna Berg")
    expect(page.get_by_role("link", name="Anna Berg remove filter")).to_be_visible()
    page.get_by_role("searchbox").press_sequentially("newsl")
    expect(page.get_by_role("link", name="“newsl” remove filter")).to_be_visible()
    expect(lines).to_have_count(1)
    assert page.evaluate("window.isStillHere")
    check_page(page, "audit-filtered")
    page.reload()
    expect(lines).to_have_count(1)

    # What the filters show can be taken along, and the file says how long it is.
    with page.expect_download() as download:
        page.get_by_role("button", name="Export these lines").click()
    file = tmp_path / "audit.csv"
    download.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as text:
        _head, line, last = csv.reader(text, delimiter=";")
    assert "Anna Berg downloaded Spring newsletter" in line[4]
    assert last == ["End of the file", "1"]

    # Everything about one run, and one event with what vouches for it.
    # Each list is waited for: a press on a line that is about to be exchanged goes nowhere.
    page.get_by_role("link", name="“newsl” remove filter").click()
    expect(page.get_by_role("link", name="“newsl” remove filter")).to_have_count(0)
    page.get_by_role("link", name="All", exact=True).click()
    expect(lines.filter(has_text="was refused the page")).to_have_count(1)
    lines.filter(has_text="Spring newsletter, run 1").first.get_by_role("link", name="Spring newsletter").click()
    expect(page.get_by_role("link", name="run 1 remove filter")).to_be_visible()
    expect(lines.first).to_contain_text("Spring newsletter, run 1")
    expect(lines.filter(has_text="not sealed yet")).to_have_count(0)
    lines.last.get_by_role("link").first.click()
    expect(page.get_by_text("as it was sealed")).to_be_visible()
    check_page(page, "audit-event")

    # Nothing found is said in the words of what was asked for.
    page.get_by_role("link", name="Audit history").first.click()
    page.get_by_role("searchbox").fill("zebra")
    expect(page.get_by_role("heading", level=2)).to_contain_text("“zebra”")
    check_page(page, "audit-filtered-to-nothing")
    page.get_by_role("link", name="Clear filters").first.click()
    expect(lines.first).to_contain_text("exported the audit history: Downloads; Anna Berg; “newsl”")


def test_the_admin_site_is_the_product_too(page: Page) -> None:
    sign_in(page, "karin")
    main = page.get_by_role("navigation", name="Main")
    main.get_by_role("link", name="People").click()
    expect(main.get_by_role("link", name="People")).to_have_attribute("aria-current", "page")
    check_page(page, "people")
    page.get_by_role("link", name="Auditor", exact=True).click()
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="maria").click()
    check_page(page, "person")
    page.get_by_role("link", name="What was done here").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Who did what")
    main.get_by_role("link", name="Vendors").click()
    check_page(page, "vendor-accounts")
