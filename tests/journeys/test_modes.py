"""The desk on paper, in colours that are not ours, and without motion."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.journeys.conftest import check_page, sign_in

MOVING = "document.getAnimations().filter((one) => one.playState === 'running').length"


def test_what_moves_stands_still_where_that_is_asked_for(page: Page) -> None:
    sign_in(page, "anna")
    page.goto("/design/")
    assert page.evaluate(MOVING) > 0, "the present station is alive"
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(MOVING) == 0


def test_a_run_on_paper_is_a_document(page: Page) -> None:
    sign_in(page, "anna")
    page.goto("/runs/1/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ready and verified")
    page.emulate_media(media="print", color_scheme="dark")
    for gone in (".rail", "#run-acts .btn", ".foot-keys", "summary", "[data-copy]"):
        for element in page.locator(gone).all():
            expect(element).to_be_hidden()
    expect(page.locator("#run-technical")).to_be_visible()  # folded on the screen
    expect(page.locator(".run-sum").first).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_where_we_are_is_seen_in_forced_colours(page: Page) -> None:
    sign_in(page, "anna")
    page.goto("/segments/new/")
    page.emulate_media(forced_colors="active")

    def border(name: str) -> str:
        link = page.get_by_role("navigation", name="Main").get_by_role("link", name=name)
        return str(link.evaluate("(one) => getComputedStyle(one).borderLeftColor"))

    assert border("Segments") != border("Runs") == border("Home")
    chosen, other = page.locator(".chip-radio span").all()
    ground = "(one) => getComputedStyle(one).backgroundColor"
    assert chosen.evaluate(ground) != other.evaluate(ground)
    check_page(page, "forced-colours")
