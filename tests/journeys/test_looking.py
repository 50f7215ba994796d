"""Looking at a run's file without taking it: by keyboard, under titles that stay; then what its columns hold."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.journeys.conftest import Desk, check_page, sign_in


def scrolled(page: Page, way: str) -> None:
    """Wait until the rows have moved. (The page's policy lets nothing be waited for by a script of the browser's.)"""
    for _ in range(600):
        if page.evaluate(f"document.querySelector('.look').{way}") > 100:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"the rows did not move: {way}")


def test_the_first_rows_are_looked_at_by_keyboard(page: Page, desk: Desk) -> None:
    sign_in(page, "anna")
    page.goto("/runs/1/")
    page.get_by_role("link", name="Look at the first rows").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("The first 50 rows of")
    check_page(page, "look")
    region = page.get_by_role("region", name="First rows of the file")
    page.set_viewport_size({"width": 390, "height": 800})
    region.focus()
    expect(region).to_be_focused()
    page.keyboard.press("End")  # to the last row
    scrolled(page, "scrollTop")
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    scrolled(page, "scrollLeft")
    # The titles stay above the rows, and the numbers beside them.
    assert page.evaluate("""() => {
        const within = document.querySelector('.look').getBoundingClientRect();
        const title = document.querySelector('.look thead th:nth-child(2)').getBoundingClientRect();
        const number = document.querySelector('.look tbody th').getBoundingClientRect();
        return [title.top - within.top, number.left - within.left].every(apart => Math.abs(apart) < 4);
    }""")


def test_what_stands_in_each_column_is_counted_while_the_page_is_open(page: Page, desk: Desk) -> None:
    sign_in(page, "anna")
    page.goto("/runs/1/")
    page.get_by_role("link", name="What stands in each column").click()
    page.get_by_role("button", name="Count what stands in each column").click()
    page.wait_for_url(re.compile(r"/runs/1/columns/$"))
    email = page.get_by_role("row").filter(has_text="EmailConsent")
    expect(email).to_contain_text("e-mail", timeout=60_000)
    expect(email).to_contain_text("more than 1,000")
    expect(page.locator("[data-poll]")).to_have_count(0)
    check_page(page, "columns")
