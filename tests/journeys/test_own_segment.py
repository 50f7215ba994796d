"""A saved segment from nothing: picked from thousands, put right by the pre-flight, run."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests.journeys.conftest import check_page, sign_in


def test_a_segment_from_nothing_is_picked_put_right_and_run(page: Page) -> None:
    sign_in(page, "anna")
    page.goto("/segments/new/")
    preflight = page.locator("#findings")
    expect(preflight).to_contain_text("No segment is chosen")
    page.get_by_label("Name").fill("Porvoo in autumn")

    # One of five thousand, by keyboard alone.
    search = page.get_by_label("Search segments")
    search.press_sequentially("4711")
    expect(page.locator("#options-segment .pick-add")).to_have_count(1)
    search.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".token-segment")).to_have_count(1)
    expect(search).to_be_focused()
    expect(search).to_have_value("")
    expect(page.get_by_label("Name")).to_have_value("Porvoo in autumn")
    page.keyboard.press("Escape")

    section = page.get_by_label("Section")
    if not section.input_value():
        section.select_option(index=1)
    page.get_by_label("Search subscriptions").click()
    expect(page.locator("#options-topic .pick-group").first).to_contain_text("folder")
    page.locator("#options-topic .pick-add").first.click()
    expect(page.locator(".token-topic")).to_have_count(1)
    expect(page.get_by_label("Search subscriptions")).to_be_focused()
    page.keyboard.press("Escape")
    page.get_by_label("Email", exact=True).check()
    page.get_by_label("SMS", exact=True).check()
    expect(preflight).to_contain_text("Nothing blocks the run")

    # Two columns of one title are refused before anything is sent, and mended on the spot.
    title = page.get_by_label("Column title of Email")
    title.fill("MobileConsent")
    expect(preflight).to_contain_text("Two columns would be titled")
    title.fill("MailConsent")
    expect(preflight).to_contain_text("Nothing blocks the run")
    expect(page.locator("#picture thead")).to_contain_text("MailConsent")
    check_page(page, "segment-editor")

    page.get_by_role("button", name="Save version 1 and run").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ready", timeout=40_000)


def test_what_one_searches_for_in_vain_is_said(page: Page) -> None:
    sign_in(page, "anna")
    page.goto("/segments/new/")
    page.get_by_label("Search segments").press_sequentially("no such segment")
    expect(page.locator("#options-segment")).to_contain_text("Nothing is called “no such segment”")


def test_a_line_that_is_pressed_while_the_list_is_exchanged_is_put_in(page: Page) -> None:
    sign_in(page, "anna")
    page.goto("/segments/new/")
    search = page.get_by_label("Search segments")
    search.click()
    line = page.locator("#options-segment .pick-add").first
    name = line.locator("span").first.inner_text()
    line.hover()
    held: list[Route] = []
    page.route("**/segments/options/", lambda asked: held.append(asked))
    with page.expect_request("**/segments/options/"):
        search.press_sequentially("zzz")
    page.mouse.down()
    with page.expect_response("**/segments/options/"):
        for asked in held:
            asked.continue_()
    page.mouse.up()
    expect(page.locator(".token-segment")).to_contain_text(name)
