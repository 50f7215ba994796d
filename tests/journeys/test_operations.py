"""An admin drains the desk while a marketer wants a file, and sees a process that was killed."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Desk, check_page, sign_in
from tests.journeys.test_run_page import press_run


def test_a_desk_is_drained_and_goes_on(page: Page, browser: Browser, desk: Desk) -> None:
    sign_in(page, "karin")
    page.goto("/admin/operations/")
    says = page.locator("#ops-says")
    expect(says).not_to_contain_text("Drained")
    page.get_by_label("Reason").fill("A new disk at three")
    page.get_by_role("button", name="Drain the desk").click()
    expect(page.locator("#ops-drained")).to_contain_text("A new disk at three")
    check_page(page, "operations-drained")

    office = browser.new_context(base_url=desk.url)
    try:
        annas = office.new_page()
        sign_in(annas, "anna")
        press_run(annas)
        heading = annas.get_by_role("heading", level=1)
        expect(heading).to_contain_text("Held back", timeout=30_000)
        expect(annas.locator("body")).to_contain_text("A new disk at three")
        check_page(annas, "run-held-back")
        # Neither page is loaded again from here on.
        expect(page.locator("#watch")).to_contain_text("Held back", timeout=30_000)
        page.get_by_role("button", name="Start runs again").click()
        expect(page.get_by_role("button", name="Drain the desk")).to_be_visible()
        expect(heading).to_contain_text("Ready and verified", timeout=60_000)
    finally:
        office.close()


def test_a_process_that_was_killed_is_missed_and_comes_back(page: Page, desk: Desk) -> None:
    sign_in(page, "karin")
    page.goto("/admin/operations/")
    beat = page.get_by_role("row").filter(has_text="The clock that sends the tick")
    expect(beat).to_have_count(1)
    expect(beat).to_contain_text("1 at work")
    os.kill(_beat(desk), signal.SIGKILL)
    # The supervisor starts another at once; the one before goes stale, and the open page says so by itself.
    expect(beat.filter(has_text="1 without a word")).to_have_count(1, timeout=90_000)
    expect(beat.filter(has_text="1 at work")).to_have_count(1)
    check_page(page, "operations-killed")


def _beat(desk: Desk) -> int:
    """Return the process of the desk's beat: a child of its supervisor."""
    children = Path(f"/proc/{desk.process.pid}/task/{desk.process.pid}/children").read_text().split()
    for pid in children:
        if re.search(rb"\0celery\0.*\0beat\0", Path(f"/proc/{pid}/cmdline").read_bytes()):
            return int(pid)
    raise AssertionError("the supervisor has no beat")
