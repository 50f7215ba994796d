"""The walk over every address of the desk that shows a page: docs/roles.md says who sees it, and a browser looks.

An address that comes in is walked from the day it stands in the table, which it must (tests/project/test_roles.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.conftest import NARROWEST, Desk, check_page, sign_in
from tests.project.test_roles import Numbers, Row, address, rows

# The cast by their roles, and what the demo made for them: Anna's first run, segment and key.
CAST = {"marketer": "anna", "auditor": "maria", "admin": "karin", "anonymous": ""}
NUMBERS = Numbers(person=2)  # Jonas
SHOWN = ("200", "led on")


def pages(role: str) -> Iterator[Row]:
    """Yield the addresses that this role walks: those that show it a page, and nobody before it."""
    for row in rows():
        if row.method != "GET" or row.whose in ("shared", "other's"):
            continue
        first = next((name for answer in SHOWN for name in CAST if row.answers[name] == answer), None)
        if first == role:
            yield row


def test_all_roles_together_walk_every_page() -> None:
    walked = {row.name for role in CAST for row in pages(role)}
    shown = {row.name for row in rows() if row.method == "GET" and "200" in row.answers.values()}
    assert shown - walked == set()


@pytest.mark.parametrize("role", CAST)
def test_every_page_is_whole(page: Page, role: str) -> None:
    if CAST[role]:
        sign_in(page, CAST[role])
    wrong = []
    for row in pages(role):
        response = page.goto(address(row.name, NUMBERS))
        assert response
        if "text/html" not in response.headers.get("content-type", "") or "<!doctype" not in response.text().lower():
            continue  # a fragment, a script, or a word for a machine
        try:
            # Where one is led on, the way may end at a page that says no; that one is whole as well.
            assert response.status == 200 or row.answers[role] != "200", f"{row.name}: {response.status}"
            check_page(page, f"every-{row.name.replace(':', '-')}")
        except AssertionError as error:
            wrong.append(str(error))
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("role", CAST)
def test_every_page_fits_a_phone_in_swedish_too(browser: Browser, desk: Desk, role: str) -> None:
    """Swedish words are longer. What axe looks for does not depend on the language, but for that it is said which."""
    context = browser.new_context(base_url=desk.url, locale="sv-SE", viewport={"width": NARROWEST, "height": 800})
    page = context.new_page()
    if CAST[role]:
        sign_in(page, CAST[role], swedish=True)
    wrong = []
    for row in pages(role):
        response = page.goto(address(row.name, NUMBERS))
        assert response
        if "text/html" not in response.headers.get("content-type", "") or "<!doctype" not in response.text().lower():
            continue
        language, width = page.evaluate("[document.documentElement.lang, document.documentElement.scrollWidth]")
        if (language, width) != ("sv", NARROWEST):
            wrong.append(f"{row.name}: in {language!r}, {width} px wide")
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"swedish-{row.name.replace(':', '-')}.png", full_page=True)
    context.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("role", "url", "status"),
    [
        ("anonymous", "/nothing/here/", 404),
        ("marketer", "/runs/4711/", 404),
        ("marketer", "/admin/audit/event/", 403),
        ("auditor", "/segments/", 403),
        ("admin", "/admin/vendor-accounts/4711/move/", 404),
    ],
)
def test_a_page_that_says_no_is_whole_too(page: Page, role: str, url: str, status: int) -> None:
    if CAST[role]:
        sign_in(page, CAST[role])
    response = page.goto(url)
    assert response
    assert response.status == status
    check_page(page, f"{status}-{role}")
