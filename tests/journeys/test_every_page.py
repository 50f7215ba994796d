"""The walk over every address of the desk that shows a page: docs/roles.md says who sees it, and a browser looks.

An address that comes in is walked from the day it stands in the table, which it must (tests/project/test_roles.py).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.journeys.conftest import check_page, sign_in
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
    _walk(page, role, language="en", scheme="light")


@pytest.mark.parametrize("role", CAST)
def test_every_page_is_whole_in_swedish(swedish_page: Page, role: str) -> None:
    """The two walks share the schemes: colours do not depend on the language, nor all else on either.

    That every word has its Swedish is for tests/project/test_messages.py to say; here it must fit.
    """
    if CAST[role]:
        sign_in(swedish_page, CAST[role], language="sv")
    _walk(swedish_page, role, language="sv", scheme="dark")


def _walk(page: Page, role: str, *, language: str, scheme: str) -> None:
    wrong: list[str] = []
    seen: set[str] = set()
    if role == "marketer":
        _have_a_form_made(page)
        _have_two_runs_compared(page)
    for row in pages(role):
        response = page.goto(address(row.name, NUMBERS))
        assert response
        if "text/html" not in response.headers.get("content-type", "") or "<!doctype" not in response.text().lower():
            continue  # a fragment, a script, or a word for a machine
        if page.url in seen:
            continue  # one is led on to where one was
        seen.add(page.url)
        try:
            # Where one is led on, the way may end at a page that says no; that one is whole as well.
            assert response.status == 200 or row.answers[role] != "200", f"{row.name}: {response.status}"
            assert page.locator("html").get_attribute("lang") == language, row.name
            name = f"every-{row.name.replace(':', '-')}-{language}"
            check_page(page, name, schemes=(scheme,), colours_alone=language != "en")
        except AssertionError as error:
            wrong.append(str(error))
    assert not wrong, "\n\n".join(wrong)


def _have_a_form_made(page: Page) -> None:
    """Let the desk make the first form of all, of Anna’s first file, if no journey before has: it is walked as well."""
    made = address("exports:derived_take", NUMBERS)
    if page.request.get(made).status == 404:
        page.goto(address("exports:run_detail", NUMBERS))
        page.locator("form[action$='/files/make/'] button").first.click()
        while page.request.get(made).status == 404:  # as long as a test may take
            page.wait_for_timeout(300)


def _have_two_runs_compared(page: Page) -> None:
    """Let the desk compare the two runs of Anna’s first segment, which the demo has made."""
    if page.request.get(address("exports:drift_take", NUMBERS)).status == 404:
        page.goto(address("exports:segment_history", NUMBERS))
        page.locator("form[action$='/history/compare/'] button").click()
        page.locator("#drift:not([hx-get])").wait_for()


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
