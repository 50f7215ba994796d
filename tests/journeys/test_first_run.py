"""The main job, as a marketer does it: run a saved segment, watch it, have the file in hand."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.journeys.conftest import Desk, sign_in, take


def test_a_saved_segment_becomes_a_file_in_hand(page: Page, slow: Desk) -> None:
    sign_in(page, "anna")
    page.goto("/segments/")
    row = page.get_by_role("row").filter(has_text="Spring newsletter")
    row.get_by_role("button", name="Run").click()

    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("Preparing at APSIS", timeout=15_000)
    expect(heading).to_contain_text("Ready and verified", timeout=60_000)
    download = take(page)

    path = Path(download.path())
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert len(rows) > 1_000
    assert {"EmailConsent", "MobileConsent", "Email"} <= set(rows[0])
    assert download.suggested_filename.startswith("apsis_spring-newsletter_v1_")

    # The picture in the README is this very run: PICTURES=docs/pictures make test ARGS=tests/journeys/test_first_run.py
    if folder := os.environ.get("PICTURES"):
        page.set_viewport_size({"width": 1280, "height": 860})
        page.screenshot(path=Path(folder) / "run-ready.png")
