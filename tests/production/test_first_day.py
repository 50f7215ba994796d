"""The first day of an installation: an admin is invited, makes the others, and a marketer has a file in hand."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.test_people import give_device
from tests.production import manual
from tests.production.conftest import Production

PASSWORD = "a long word nobody else has"
OWN = "and one that no admin has seen"


def test_from_an_empty_database_to_a_file_in_hand(production: Production, context: BrowserContext) -> None:
    page = context.new_page()
    page.set_default_timeout(15_000)
    link = re.search(r"https://\S+", production.command(manual.invitation()))[0]  # type: ignore[index]
    page.goto(link)
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password once more").fill(PASSWORD)
    page.get_by_role("button").last.click()
    sign_in(page, "karin")
    add_passkey(page)
    add_account(page)
    add_marketer(page)
    page.goto("/")
    page.get_by_role("button", name="Sign out", exact=True).first.click()

    sign_in(page, "elin")
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill(OWN)
    page.get_by_label("New password once more").fill(OWN)
    page.locator("main").get_by_role("button").first.click()
    page.wait_for_url(lambda url: "/password/" not in url)
    page.goto("/credentials/")
    page.get_by_role("link", name=re.compile("Add")).first.click()
    page.get_by_label("Client ID").fill("demo-anna")
    page.get_by_label("Secret").fill("demo-anna-secret")
    page.get_by_role("button", name="Test and keep").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("One credential works.")
    path = run_a_segment(page)
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert len(rows) > 100

    # The audit history of that day is whole, and nobody's address or key stands in what the processes wrote.
    assert "is whole" in production.command((*manual.preparations()[0][:2], "audit_verify"))
    people = {cell for row in rows for cell in row.values() if "@" in cell or cell.startswith("46")}
    written = "".join(program.log.read_text(errors="replace") for program in production.programs.values())
    assert "/credentials/" in written, "the access log is on"
    for secret in (*people, "demo-anna-secret", PASSWORD, OWN):
        assert secret not in written


def sign_in(page: Page, username: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


def add_passkey(page: Page) -> None:
    """Set up the second factor that an admin must have."""
    expect(page.get_by_role("heading", level=1)).to_contain_text("second factor")
    give_device(page)
    page.get_by_role("link", name="passkey").first.click()
    page.get_by_label("What you call it").fill("This laptop")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("recovery codes")


def add_account(page: Page) -> None:
    page.goto("/admin/accounts/vendoraccount/add/")
    page.get_by_label("Name").fill("Nordlys Handel")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("body")).to_contain_text("was added successfully")


def add_marketer(page: Page) -> None:
    page.goto("/admin/accounts/user/add/")
    page.get_by_label("User name").fill("elin")
    page.get_by_label("E-mail address").fill("elin@example.com")
    page.get_by_label("First name").fill("Elin")
    page.get_by_label("Last name").fill("Strand")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password once more").fill(PASSWORD)
    page.get_by_label("Marketer").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("body")).to_contain_text("was added successfully")


def run_a_segment(page: Page) -> Path:
    """Make a saved segment of the first of everything, run it, and return the downloaded file."""
    page.goto("/segments/new/")
    page.get_by_label("Name").fill("First letter")
    pick(page, "segments", "segment")
    section = page.get_by_label("Section")
    if not section.input_value():
        section.select_option(index=1)
    pick(page, "subscriptions", "topic")
    page.get_by_label("Email", exact=True).check()
    expect(page.locator("#findings")).to_contain_text("Nothing blocks the run")
    page.get_by_role("button", name="Save version 1 and run").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ready and verified", timeout=60_000)
    page.get_by_role("button", name="Download").first.click()
    with page.expect_download() as download:
        page.locator(".take:popover-open").get_by_role("button", name="A mailing").click()
    return Path(download.value.path())


def pick(page: Page, what: str, kind: str) -> None:
    """Pick the first of a list that comes from the vendor."""
    page.get_by_label(f"Search {what}").click()
    expect(page.locator(f"#options-{kind} .pick-add").first).to_be_visible()
    page.locator(f"#options-{kind} .pick-add").first.click()
    expect(page.locator(f".token-{kind}")).to_have_count(1)
    page.keyboard.press("Escape")
