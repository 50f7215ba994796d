"""A run shared with a colleague by name: found, read, taken, and taken back."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Desk, check_page, sign_in, take


def test_a_colleague_reads_what_was_shared_until_it_is_taken_back(page: Page, browser: Browser, desk: Desk) -> None:
    sign_in(page, "anna")
    page.goto("/runs/1/")
    page.get_by_role("link", name="Share").click()
    page.get_by_label("Jonas Lind").check()
    check_page(page, "run-share")
    page.get_by_role("button", name="Save who sees it").click()
    expect(page.get_by_text("Shared with Jonas Lind.")).to_be_visible()

    context = browser.new_context(base_url=desk.url)
    other = context.new_page()
    sign_in(other, "jonas")
    other.goto("/runs/")
    row = other.get_by_role("row").filter(has_text="Anna Berg shared")
    check_page(other, "run-list-shared")
    row.get_by_role("link").click()
    expect(other.get_by_text("Anna Berg shared this run with you")).to_be_visible()
    expect(other.get_by_role("button", name="Run again")).to_have_count(0)
    expect(other.get_by_role("link", name="Remove now")).to_have_count(0)
    other.get_by_role("button", name="Download").first.click()
    check_page(other, "take")  # with the question open
    other.keyboard.press("Escape")
    assert take(other).suggested_filename.startswith("apsis_spring-newsletter_v1_")

    page.reload()
    page.get_by_text("Downloaded").click()
    expect(page.locator(".taken").get_by_role("row").filter(has_text="Jonas Lind").first).to_contain_text("a mailing")
    page.get_by_role("link", name="Change", exact=True).click()
    page.get_by_label("Jonas Lind").uncheck()
    page.get_by_role("button", name="Save who sees it").click()
    expect(page.get_by_text("Only you see it.")).to_be_visible()
    assert other.request.get("/runs/1/").status == 404
    assert other.request.get("/runs/1/files/content/").status == 404
    context.close()
