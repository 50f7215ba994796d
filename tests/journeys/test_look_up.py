"""Somebody is looked up on the phone: the verdict first, why, and what they say is written down."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.journeys.conftest import Desk, check_page, sign_in

SOMEBODY = "ingrid.strom.1@example.org"


def look_up(page: Page, typed: str) -> None:
    page.get_by_label("E-mail, phone, CRM id or export key").fill(typed)
    page.get_by_role("button", name="Look up", exact=True).click()
    expect(page.get_by_text("This look-up is in the audit history.")).to_be_visible()


def test_a_person_is_looked_up_and_a_consent_is_written_down(page: Page, desk: Desk) -> None:
    sign_in(page, "anna")
    page.get_by_role("link", name="Look-up").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("May we contact this person?")
    check_page(page, "look-up")
    look_up(page, SOMEBODY.upper())
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ingrid Strøm may get e-mail")
    expect(page.get_by_text("Read as an e-mail address")).to_be_visible()
    assert "example" not in page.url
    assert "example" not in page.title()
    check_page(page, "look-up-answered")

    # A chain that is whole, and one that is broken with what would mend it.
    expect(page.locator(".link-yes").first).to_be_visible()
    broken = page.locator(".why").filter(has_text="breaks at consent").first
    broken.locator("summary").click()
    expect(broken.get_by_text("What would mend it:").first).to_be_visible()
    broken.get_by_role("button", name=re.compile("^Write down an opt-in")).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Write down an opt-in to")
    check_page(page, "consent-change", schemes=("light",))
    page.get_by_role("button", name="Write down the opt-in").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why")
    page.get_by_label("Reason").fill("said so on the phone")
    page.get_by_role("button", name="Write down the opt-in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("APSIS has (written it down|changed it)."))
    check_page(page, "consent-changed", schemes=("light",))
    page.get_by_role("button", name="Look them up again").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ingrid Strøm may get e-mail")
    expect(page.locator(".recent")).to_contain_text(SOMEBODY)


def test_a_suppressed_number_overrides_consent(page: Page, desk: Desk) -> None:
    """The vendor's own example, made worse: whatever was consented to, nothing may be sent."""
    sign_in(page, "anna")
    desk.control("PATCH", "switches", suppressed_share=1)
    try:
        page.goto("/look-up/")
        look_up(page, "+46 000 00 00 01")
        expect(page.get_by_role("heading", level=1)).to_contain_text("may not be contacted")
        expect(page.locator(".head")).to_contain_text("suppression overrides consent")
        expect(page.get_by_text("blocked by suppression").first).to_be_visible()
        check_page(page, "look-up-suppressed", schemes=("dark",))
    finally:
        desk.control("PATCH", "switches", suppressed_share=0.01)
    look_up(page, "nobody@example.com")
    expect(page.get_by_role("heading", level=1)).to_contain_text("APSIS knows nobody by this.")
    check_page(page, "look-up-nobody", schemes=("light",))
    page.get_by_role("button", name="Forget these").click()
    expect(page.get_by_text("The list of people you looked up is gone.")).to_be_visible()
    expect(page.locator(".recent")).to_have_count(0)
