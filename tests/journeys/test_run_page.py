"""A run's page while it lives: it moves by itself, keeps what a person opened, stops when asked."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Desk, check_page, sign_in

# Counts how often the sentence is touched: what is replaced in a live region is read aloud.
COUNT_CHANGES = """
window.stayed = true;
window.spoken = 0;
new MutationObserver(() => window.spoken++).observe(
  document.querySelector("#run-says").parentElement, {childList: true, subtree: true, characterData: true});
"""


def press_run(page: Page, name: str = "Spring newsletter") -> str:
    """Press Run at a saved segment; return the address of the run's page."""
    until = time.monotonic() + 30
    page.goto("/segments/")
    press = page.get_by_role("row").filter(has_text=name).get_by_role("button", name="Run")
    while not press.count() and time.monotonic() < until:
        # The run of the journey before is still on its way, and the row offers to watch it.
        page.wait_for_timeout(500)
        page.reload()
    press.click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    return page.url


def test_the_page_moves_by_itself_and_keeps_what_was_opened(page: Page, slow: Desk) -> None:
    sign_in(page, "anna")
    press_run(page)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("Preparing at APSIS", timeout=15_000)
    expect(page).to_have_title(re.compile(r"^Preparing at APSIS · Spring newsletter, run \d+ · Consent Desk$"))
    expect(page.locator(".stn-now .name")).to_contain_text("Preparing at APSIS")
    expect(page.get_by_role("img", name="This run has taken")).to_be_visible()

    page.evaluate(COUNT_CHANGES)
    page.get_by_text("Technical details").click()
    page.locator("#run-refresh").focus()
    expect(page.locator(".panel")).to_contain_text("Asked 2 times", timeout=15_000)
    expect(page.locator("#run-newest")).to_contain_text("Question 2.")
    expect(page.locator("#run-technical")).to_be_visible()
    expect(page.locator("#run-refresh")).to_be_focused()
    assert page.evaluate("window.spoken") == 0, "the same sentence was read aloud again"
    check_page(page, "run-preparing")

    expect(heading).to_contain_text("Ready and verified", timeout=40_000)
    expect(page).to_have_title(re.compile(r"^Ready · "))
    expect(page.locator(".stn-goal .name")).to_contain_text("Ready")
    expect(page.locator("[data-poll]")).to_have_count(0)
    expect(page.locator("#run-technical")).to_be_visible()
    assert page.evaluate("window.stayed"), "the page was loaded again"
    assert page.evaluate("window.spoken") > 0
    check_page(page, "run-ready")


def test_a_run_is_stopped(page: Page, slow: Desk) -> None:
    sign_in(page, "anna")
    press_run(page)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("Preparing at APSIS", timeout=15_000)
    page.get_by_role("button", name="Cancel run").click()
    expect(heading).to_contain_text("Cancelled at", timeout=20_000)
    expect(page.locator(".stn-stop .name")).to_contain_text("Preparing at APSIS")
    expect(page.get_by_role("button", name="Run again")).to_be_visible()
    check_page(page, "run-cancelled")


def test_a_run_that_fails_says_what_to_do(page: Page, slow: Desk) -> None:
    slow.control("POST", "faults", endpoint="consent_export", answer="status", status=413)
    sign_in(page, "anna")
    press_run(page)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("You asked for more at once than APSIS One allows.", timeout=15_000)
    expect(heading).to_contain_text("No file was made.")
    expect(page.locator(".stn-fail .name")).to_contain_text("In line")
    expect(page.locator("#run-outcome").get_by_role("link", name="Change the segment")).to_be_visible()
    check_page(page, "run-failed")


def test_another_marketers_run_is_not_there(page: Page, browser: Browser, desk: Desk) -> None:
    sign_in(page, "anna")
    address = press_run(page)
    context = browser.new_context(base_url=desk.url)
    other = context.new_page()
    sign_in(other, "jonas")
    for url in (address, f"{address}live/", f"{address}files/content/"):
        response = other.request.get(url)
        assert response.status == 404
    context.close()


def test_without_a_script_the_page_is_refreshed_by_hand(browser: Browser, slow: Desk) -> None:
    context = browser.new_context(base_url=slow.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "anna")
    press_run(page)
    page.get_by_role("link", name="Refresh status").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("APSIS")
    page.get_by_role("button", name="Cancel run").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("Stopping|Cancelled"))
    context.close()


def test_a_lost_server_is_said_and_the_page_stays(browser: Browser, slow: Desk) -> None:
    # A page of its own: what the browser says of a lost server is meant to be said.
    context = browser.new_context(base_url=slow.url)
    page = context.new_page()
    sign_in(page, "anna")
    press_run(page)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("Preparing at APSIS", timeout=15_000)
    context.set_offline(True)
    expect(page.locator(".lost")).to_contain_text("No answer from our server since", timeout=15_000)
    expect(heading).to_contain_text("Preparing at APSIS")
    context.set_offline(False)
    expect(page.locator(".lost")).to_be_hidden(timeout=15_000)
    context.close()


def test_the_list_of_runs(page: Page, desk: Desk) -> None:
    sign_in(page, "anna")
    page.goto("/runs/")
    check_page(page, "run-list")
    page.get_by_label("Search by the name of the saved segment").fill("winter")
    page.get_by_role("button", name="Search").click()
    expect(page).to_have_url(re.compile(r"\?q=winter$"))
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_label("Search by the name of the saved segment").fill("nothing of the kind")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2)).to_contain_text("No run is here under these filters")
    check_page(page, "run-list-filtered-to-nothing")
