"""A column of a spreadsheet is pasted, everybody in it is looked up, and the answer is taken home."""

from __future__ import annotations

from pathlib import Path

import openpyxl
from playwright.sync_api import Page, expect

from sandbox.audience import draws, email
from sandbox.settings import Settings
from tests.journeys.conftest import check_page, sign_in

PEOPLE = 300


def column() -> list[str]:
    draw = draws(Settings().seed)
    return [address for n in range(PEOPLE) if (address := email(n, draw(n)))]


def test_a_list_is_looked_up_and_comes_as_a_workbook(page: Page, tmp_path: Path) -> None:
    people = column()
    sign_in(page, "anna")
    page.goto("/look-up/")
    page.get_by_role("link", name="Many people at once? Look up a list").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Lists of people")
    page.get_by_role("main").get_by_role("link", name="Look up a list").click()
    page.get_by_label("People, one a line").fill("E-post\n" + "\n".join(people) + "\n\nsomebody else @example.com\n")
    page.get_by_role("button", name="Look them up").click()
    expect(page.get_by_role("alert")).to_contain_text("1 line cannot be read.")
    check_page(page, "list-new", schemes=("light",))
    page.get_by_label("Leave out the lines that cannot be read").check()
    page.get_by_role("button", name="Look them up").click()
    expect(page.get_by_text("1 line that cannot be read")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("people may get e-mail about", timeout=60_000)
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"of {len(people)} people")
    check_page(page, "list-detail")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as Excel").click()
    download.value.save_as(tmp_path / "list.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "list.xlsx")["Rows"]
    assert [row[0] for row in sheet.iter_rows(values_only=True)][1:] == people
    assert people[0] not in page.url
    page.get_by_role("button", name="Remove these people now").click()
    expect(page.get_by_text("Who was asked about is gone from here.")).to_be_visible()
    page.get_by_role("navigation", name="You are here").get_by_role("link", name="Lists").click()
    check_page(page, "list-index", schemes=("dark",))
