"""What happened to people, as a marketer finds it out: a segment of events, its page, its workbook."""

from __future__ import annotations

import io
import re
from pathlib import Path

import openpyxl
from playwright.sync_api import Page, expect

from tests.journeys.conftest import check_page, sign_in, take


def pick(page: Page, label: str, kind: str) -> None:
    page.get_by_label(label).click()
    page.locator(f"#options-{kind} .pick-add").first.click()
    expect(page.locator(f".token-{kind}").first).to_be_visible()
    page.keyboard.press("Escape")


def test_who_did_what_is_answered_by_the_page_and_the_workbook(page: Page) -> None:
    sign_in(page, "anna")
    page.goto("/segments/")
    page.get_by_role("link", name="New segment of events").click()
    preflight = page.locator("#findings")
    page.get_by_label("Name").fill("Who clicked what")
    section = page.get_by_label("Section")
    if not section.input_value():
        section.select_option(index=1)
    expect(page.get_by_label("Search types of event")).to_have_attribute("placeholder", re.compile("in all"))
    pick(page, "Search segments", "segment")
    pick(page, "Search types of event", "event")

    # What would bring an empty file is mended by a press, and so is a time that is too long.
    expect(preflight).to_contain_text("so the file would be empty")
    page.get_by_role("button", name="Add the e-mail address").click()
    expect(page.locator(".token-attribute")).to_have_count(1)
    page.get_by_label("How many days").fill("200")
    expect(preflight).to_contain_text("longer than the three months")
    page.get_by_role("button", name="Make several and join them").click()
    expect(preflight).to_contain_text("3 requests, one after another, joined")
    page.get_by_label("How many days").fill("20")
    expect(preflight).to_contain_text("Nothing blocks the run")
    check_page(page, "segment-editor-events")

    page.get_by_role("button", name="Save version 1 and run").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("Ready and verified", timeout=90_000)
    expect(heading).to_contain_text("events of")
    expect(page.locator("svg.chart g").first).to_be_visible()
    table = page.get_by_role("table", name="Events by type")
    expect(table.get_by_role("row")).not_to_have_count(1)
    page.get_by_role("button", name="Make the readable workbook").click()
    expect(page.locator("#run-take")).to_be_visible(timeout=30_000)
    check_page(page, "run-events")
    saved = Path(take(page, "Download the workbook").path())
    book = openpyxl.load_workbook(io.BytesIO(saved.read_bytes()), read_only=True)
    assert {"People", "Events", "Read me"} <= set(book.sheetnames)
    header = next(book["Events"].iter_rows(max_row=1, values_only=True))
    assert {"Event", "Email", "Counts"} <= set(header)
