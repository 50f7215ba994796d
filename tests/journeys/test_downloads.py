"""A download in a browser whose line breaks: it goes on by itself, and what comes out is whole."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, expect

from tests.cutting import line
from tests.journeys.conftest import Desk, sign_in


def test_a_browser_goes_on_where_its_line_broke(browser: Browser, desk: Desk) -> None:
    address = urlsplit(desk.url)
    path = "/runs/1/files/received/"
    with line((str(address.hostname), int(address.port or 0)), path, after=300_000) as broken:
        context = browser.new_context(base_url=broken.url)
        page = context.new_page()
        sign_in(page, "anna")
        page.goto("/runs/1/")
        page.get_by_role("button", name="Download Bytes as received").click()
        sheet = page.locator(".take:popover-open")
        sheet.get_by_label("Or in a few words").fill("summer mailing")
        with page.expect_download() as download:
            sheet.get_by_role("button", name="Download").click()
        came = Path(download.value.path()).read_bytes()
        # The page names the digest of the whole, and by itself soon one download, with its purpose.
        row = page.get_by_role("row").filter(has_text="Bytes as received")
        expect(row).to_contain_text(hashlib.sha256(came).hexdigest())
        assert len(broken.asked) == 2
        assert re.search(r"(?im)^range: bytes=[1-9][0-9]*-", broken.asked[1])
        assert re.search(r"(?im)^if-range: \"[0-9a-f]{64}\"", broken.asked[1])
        expect(page.locator("#run-taken")).to_contain_text("summer mailing")
        page.get_by_text("Downloaded").click()
        expect(page.get_by_role("row").filter(has_text="summer mailing")).to_have_count(1)
        context.close()
