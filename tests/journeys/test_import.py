"""A messy spreadsheet goes from the browser to a report whose numbers sum; its faulty rows, corrected, go in again."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.journeys.conftest import check_page, sign_in

COLUMNS = ["Kundnr", "E-post", "Mobil", "Förnamn", "Vill ha nyhetsbrev", "Sko"]


def signups() -> str:
    text = io.StringIO(newline="")
    table = csv.writer(text, delimiter=";")
    table.writerow(COLUMNS)
    for n in range(60):
        at = "@@" if n % 20 == 7 else "@"
        phone = f"+46 000 {n:06}" if n % 3 else f"46000{n:06}"
        table.writerow([f"J-{n:05}", f"journey.{n}{at}example.com", phone, "Åsa", "ja" if n % 2 else "nej", 38])
    table.writerow(["J-00003", "JOURNEY.3@example.com", "", "Åsa", "ja", 38])
    return text.getvalue()


def begin(page: Page, path: Path) -> None:
    """Come as far as how a file is read."""
    page.goto("/imports/")
    page.get_by_role("link", name="Begin an import").click()
    page.get_by_label("Email").check()
    if not page.get_by_label("Section").input_value():
        page.get_by_label("Section").select_option(index=1)
    page.get_by_role("button", name="Go on to the file").click()
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Send the file").click()
    expect(page.get_by_role("heading", name="This is how we read your file.")).to_be_visible()


def test_a_messy_file_goes_in_and_its_faulty_rows_go_in_again(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "signups.csv"
    path.write_text(signups(), encoding="cp1252", newline="")
    sign_in(page, "anna")
    begin(page, path)
    expect(page.locator("#rows")).to_contain_text("Förnamn · Åsa")
    # The rows follow at once when something else is chosen.
    page.get_by_label("Encoding").select_option("mac_roman")
    expect(page.locator("#rows")).not_to_contain_text("Åsa")
    page.get_by_label("Encoding").select_option("cp1252")
    expect(page.locator("#rows")).to_contain_text("Åsa")
    check_page(page, "import-reading", schemes=("light",))  # every page is walked in both
    page.get_by_role("button", name="Go on to the columns").click()

    # The section has thousands of attributes: their names are typed.
    expect(page.get_by_label("E-post goes to")).to_have_value("Who it is: Email")
    check_page(page, "import-columns", schemes=("light",))  # every page is walked in both
    page.get_by_role("button", name="Go on to consents").click()

    page.get_by_role("button", name="Add a rule").click()
    page.get_by_label("Subscription").select_option(index=1)
    rule = page.locator("#rules")
    expect(rule).to_contain_text(re.compile("Channel"))
    if page.get_by_label("Channel", exact=True).count():
        page.get_by_label("Channel", exact=True).select_option(index=1)
    page.get_by_label("For whom").select_option(label="those whose Vill ha nyhetsbrev says yes")
    check_page(page, "import-consents", schemes=("light",))  # every page is walked in both
    page.get_by_role("button", name="Go on to the check").click()

    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("All 61 rows are read.", timeout=20_000)
    expect(page.get_by_role("table", name="Faults, by column and kind")).to_contain_text("Not an e-mail address")
    page.get_by_label("the last row goes").check()
    page.get_by_role("button", name="Check again so").click()
    expect(heading).to_contain_text("57 can go.", timeout=20_000)
    check_page(page, "import-check", schemes=("light",))  # every page is walked in both
    with page.expect_download() as given:
        page.get_by_role("link", name="Faulty rows (CSV)").click()
    faulty = given.value.path().read_text(encoding="utf-8-sig")
    assert faulty.count("\n") == 4
    page.get_by_role("link", name="Go on with 57 rows").click()

    expect(page.get_by_text("Send 57 rows in 1 part to")).to_be_visible()
    check_page(page, "import-confirm", schemes=("light",))  # every page is walked in both
    page.get_by_role("button", name="Send 57 rows").click()
    expect(heading).to_contain_text("57 of 61 rows are at APSIS.", timeout=60_000)
    expect(page.locator(".add")).to_contain_text("the rows of your file")
    expect(page.get_by_role("button", name="Stop what is not sent yet")).to_have_count(0)
    check_page(page, "import-report")

    # Corrected, and otherwise unchanged: its columns are known.
    again = tmp_path / "signups_rejected.csv"
    again.write_text(faulty.replace("@@", "@"), encoding="utf-8-sig", newline="")
    begin(page, again)
    page.get_by_role("button", name="Go on to the columns").click()
    expect(page.get_by_label("E-post goes to")).to_have_value("Who it is: Email")
    page.get_by_role("button", name="Go on to consents").click()
    page.get_by_role("button", name="Go on to the check").click()
    expect(heading).to_contain_text("All 3 rows are read.", timeout=20_000)
    page.get_by_role("link", name="Go on with 3 rows").click()
    page.get_by_role("button", name="Send 3 rows").click()
    expect(heading).to_contain_text("3 of 3 rows are at APSIS.", timeout=60_000)
