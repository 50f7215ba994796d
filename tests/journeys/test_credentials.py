"""A key is refused, and its owner finds out, mends it and runs, without asking anybody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Desk, check_page, sign_in


@pytest.fixture
def refused(desk: Desk) -> Iterator[None]:
    """Jonas's key is deleted at the vendor; afterwards it is as it was."""
    desk.control("DELETE", "keys/demo-jonas")
    yield
    desk.control("PUT", "keys/demo-jonas")


def test_a_refused_credential_is_found_and_mended(page: Page, desk: Desk, refused: None) -> None:
    sign_in(page, "jonas")
    heading = page.get_by_role("heading", level=1)

    # What the desk says of the key, once it is asked.
    page.get_by_role("link", name="Credentials").click()
    page.get_by_role("button", name="Test now").first.click()
    expect(heading).to_contain_text("refused")
    expect(page.get_by_role("table")).to_contain_text("Refused")
    expect(page.locator(".note-bad")).to_contain_text("1 saved segment waits for it: Monthly round-up.")
    check_page(page, "credentials-refused")

    # It stands at home, and Run says it before anything is sent.
    page.get_by_role("link", name="Home").click()
    expect(heading).to_contain_text("needs you")
    check_page(page, "home-needs-you")
    page.get_by_role("link", name="Segments").click()
    page.get_by_role("button", name="Run Monthly round-up").click()
    expect(heading).to_contain_text("was not started")
    expect(page.get_by_role("listitem").filter(has_text="APSIS refused your credential.")).to_be_visible()
    check_page(page, "run-blocked")

    # A slip is said at the field, and the secret is not on the page.
    page.get_by_role("link", name="Enter your key").click()
    page.get_by_label("Client ID").fill("demo-jonas")
    page.get_by_label("Client secret").fill("not-the-right-one")
    page.get_by_role("button", name="Test and keep").click()
    expect(page.locator(".trouble")).to_be_focused()
    expect(page.locator(".errs")).to_contain_text("APSIS did not accept this client ID and secret.")
    expect(page.get_by_label("Client secret")).to_have_value("")
    assert "not-the-right-one" not in page.content()
    check_page(page, "credential-not-accepted")

    # The right one works, and the run starts.
    desk.control("PUT", "keys/demo-jonas")
    page.get_by_label("Client secret").fill("demo-jonas-secret")
    page.get_by_role("button", name="Test and keep").click()
    expect(heading).to_contain_text("works")
    page.get_by_role("link", name="Segments").click()
    page.get_by_role("button", name="Run Monthly round-up").click()
    page.wait_for_url("**/runs/*/")
    expect(heading).to_contain_text("Ready and verified", timeout=30_000)


def test_the_list_is_searched_while_typing_and_the_address_follows(page: Page) -> None:
    sign_in(page, "anna")
    page.get_by_role("link", name="Segments").click()
    rows = page.locator("#list tbody tr")
    expect(rows).not_to_have_count(1)
    check_page(page, "segments")
    page.get_by_role("searchbox").press_sequentially("winter")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(f"{page.url.partition('?')[0]}?q=winter")
    page.reload()
    expect(rows).to_have_count(1)
    page.get_by_role("searchbox").fill("nothing is called so")
    expect(page.get_by_role("heading", level=2)).to_contain_text("in its name")
    check_page(page, "segments-filtered-to-nothing")
    page.get_by_role("link", name="Clear filters").click()
    expect(rows).not_to_have_count(1)
