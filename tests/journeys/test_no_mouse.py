"""The main job without a mouse: from signing in to the file in hand, by Tab, Enter, Space and the desk's own keys."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import Desk

# Says where the focus is, and why it cannot be seen: no size, out of sight, or nothing drawn around it.
FOCUS = """() => {
  const element = document.activeElement;
  const name = `${element.tagName.toLowerCase()}#${element.id} “${(element.textContent || "").trim().slice(0, 40)}”`;
  if (element === document.body) return [name, "nothing has the focus"];
  const box = element.getBoundingClientRect();
  const inSight = box.width && box.height && box.bottom > 0 && box.right > 0
    && box.top < innerHeight && box.left < innerWidth;
  const ring = (one) => one && (getComputedStyle(one).outlineStyle !== "none"
    && parseFloat(getComputedStyle(one).outlineWidth) > 0 || getComputedStyle(one).boxShadow !== "none");
  // A radio button or tick that is drawn by its label wears its ring there.
  const isRinged = ring(element) || ring(element.nextElementSibling) || ring(element.closest("label"));
  return [name, inSight ? isRinged ? "" : "no ring" : "out of sight"];
}"""
MOST_STOPS = 80


def tab_to(page: Page, aim: Locator) -> None:
    """Press Tab until an element has the focus; at every stop it can be seen where that is."""
    expect(aim).to_have_count(1)
    stops = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        name, trouble = page.evaluate(FOCUS)
        assert not trouble, f"after {stops[-3:]}: {trouble} at {name}"
        stops.append(name)
        if aim.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{MOST_STOPS} stops, and not there: {stops}")


def test_from_sign_in_to_the_file_without_a_mouse(page: Page, slow: Desk) -> None:
    page.goto("/accounts/login/")
    # The first stop of every page jumps over what all pages have.
    skip = page.get_by_role("link", name="Skip to the content")
    name = page.get_by_role("textbox", name="User name or e-mail address")
    if not name.evaluate("element => element === document.activeElement"):
        tab_to(page, name)
    page.keyboard.type("anna")
    tab_to(page, page.get_by_label("Password", exact=True))
    page.keyboard.type("consent-desk-demo")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Run a segment")).to_be_visible()

    tab_to(page, skip)
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    tab_to(page, page.get_by_role("link", name="Run a segment"))
    page.keyboard.press("Enter")

    expect(page).to_have_title("Saved segments · Consent Desk")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("Spring")
    expect(page.locator("#shown")).to_contain_text("is shown")
    tab_to(page, page.get_by_role("button", name="Run Spring newsletter"))
    page.keyboard.press("Space")

    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("Ready and verified", timeout=90_000)
    page.keyboard.press("d")
    with page.expect_download() as download:
        expect(page.get_by_role("dialog").get_by_role("button").first).to_be_focused()
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.startswith("apsis_spring-newsletter_")
