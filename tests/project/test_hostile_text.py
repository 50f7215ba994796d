"""Every form, sent with text that nobody should be able to break anything with. What comes back is a page, no crash.

First with the fields of the form as its page has them, all texts of it replaced; then with every name that any form
has, since nobody need use our forms. Each request is undone before the next. docs/roles.md says who gets so far.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from accounts.models import User
from tests.project.test_roles import ROLES, Numbers, address, desk, rows

__all__ = ["desk"]

HOSTILE = {
    "nul": "a\0b",
    "lone surrogates": "\ud800 and \udfff",
    "escaped surrogates": '{"a": "\\ud800", "id": "\\udfff"}',
    "escaped nul": '{"a": "\\u0000", "consents": ["\\u0000"]}',
    "long": "x" * 100_000,
    "right to left": "\u202eabc\u2066\u200f",
    "script": "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>",
    "sql": "'; DROP TABLE accounts_user; -- \" OR 1=1 %' \\",
    "template": "{{ request.user.password }}{% load x %}${7*7}#{7*7}%(actor)s %s {0}",
    "emoji": "🛒👩‍👩‍👧‍👦 \U0001f1f8\U0001f1ea e\u0301 ﷽",
    "number": "9" * 400,
    "no number": "²٣",
    "negative": "-1",
    "json": '[[[[{"a": [1e999]}]]]]',
    "nested json": "[" * 20_000,
    "blank": " \t\r\n\u00a0\u2028",
    "empty": "",
}
TEXTS = ("text", "search", "email", "password", "url", "tel", "number", "date", "hidden")
# What a form says of its own state; replaced only in the second round.
KEPT = {"csrfmiddlewaretoken", "next", "address"}
QUERIES = (
    *("q", "next", "page", "view", "person", "action", "thing", "subject", "from", "to", "before", "after", "o", "p"),
    *("status", "owner", "account", "section", "state", "code", "version", "pace", "_popup", "_changelist_filters"),
)
SHORT = ("nul", "lone surrogates", "script", "sql", "number", "no number", "json")
MARKUP = re.compile("<script>alert|<img src=x")
FORM = "application/x-www-form-urlencoded"


class Forms(HTMLParser):
    """The forms of a page: where each goes, and its fields with their values."""

    def __init__(self, page: str, at: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self.texts: set[str] = set()
        self._at = self._to = at
        self._ids: dict[str, str] = {}
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._to = urlsplit(of.get("action") or self._at).path
            self._ids[of.get("id", "")] = self._to
            self.found.setdefault(self._to, {})
        name, to = of.get("name", ""), self._ids.get(of.get("form", ""), self._to)
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in of or self._select not in self._fields()):
            self._fields()[self._select] = of.get("value", "")
        elif tag in ("input", "textarea", "button") and name and to is not None:
            kind = of.get("type", "text" if tag != "button" else "submit")
            if kind in ("checkbox", "radio") and "checked" not in of:
                return
            self.found.setdefault(to, {})[name] = of.get("value", "")
            if tag == "textarea" or kind in TEXTS:
                self.texts.add(name)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._to = self._at
        elif tag == "select":
            self._select = ""

    def _fields(self) -> dict[str, str]:
        return self.found.setdefault(self._to, {})


def encoded(fields: dict[str, str]) -> str:
    """Return a form's body, lone surrogates and all, as a hostile program would send it."""
    return "&".join(
        f"{quote(name)}={quote(value.encode('utf-8', 'surrogatepass'), safe='')}" for name, value in fields.items()
    )


def walked(method: str, people: dict[str, User]) -> Iterator[tuple[str, Client]]:
    """Yield every address that answers somebody who asks this way, with a client of the first who is answered."""
    clients = {role: Client(raise_request_exception=False) for role in ROLES}
    for role, person in (("marketer", "own"), ("auditor", "auditor"), ("admin", "admin")):
        clients[role].force_login(people[person])
    for row in rows():
        if row.method == method and row.whose != "other's":
            answered = [role for role in ROLES if row.answers[role] in ("200", "422", "led on", "file")]
            yield from ((row.name, clients[role]) for role in answered[:1])


def undone(ask: Callable[[], Any]) -> Any:
    """Ask, and undo whatever came of it; nobody is held back for having asked often."""
    cache.clear()
    with transaction.atomic():
        answer = ask()
        transaction.set_rollback(True)
    return answer


@pytest.mark.processes  # as the walk of test_roles.py
@pytest.mark.timeout(400)  # some two thousand requests
def test_no_form_breaks(desk: tuple[Numbers, dict[str, User]]) -> None:
    numbers, people = desk
    found: dict[str, dict[str, str]] = {}
    texts: set[str] = set()
    for name, client in walked("GET", people):
        at = address(name, numbers)
        page = undone(lambda client=client, at=at: client.get(at))
        if page.status_code == 200 and "text/html" in page.get("Content-Type", ""):
            seen = Forms(page.content.decode(), at)
            texts |= seen.texts
            for to, fields in seen.found.items():
                found.setdefault(to, {}).update(fields)
    every = {name for fields in found.values() for name in fields}
    assert {"login", "client_id", "q", "time_zone", "section_before", "other_url"} <= every, "were the forms found?"
    broken = []
    for name, client in walked("POST", people):
        at = address(name, numbers)
        sent = set()  # a form without texts is the same for every kind
        for kind, text in HOSTILE.items():
            own = {name: text if name in texts - KEPT else kept for name, kept in found.get(at, {}).items()}
            everything = dict.fromkeys(every, text) if kind in SHORT else {}
            for body in {encoded(fields) for fields in (own, everything) if fields} - sent:
                sent.add(body)
                answer = undone(lambda: client.post(at, body, content_type=FORM))  # noqa: B023
                if answer.status_code >= 500:
                    broken.append(f"POST {name}, {kind}: {answer.status_code}")
                is_page = "text/html" in answer.get("Content-Type", "") and not answer.streaming
                if kind == "script" and is_page and MARKUP.search(answer.content.decode()):
                    broken.append(f"POST {name}: the text came back as markup")
    assert not broken, "\n".join(broken)


@pytest.mark.processes
@pytest.mark.timeout(400)
def test_no_address_breaks(desk: tuple[Numbers, dict[str, User]]) -> None:
    numbers, people = desk
    broken = []
    for kind in SHORT:
        query = encoded(dict.fromkeys(QUERIES, HOSTILE[kind]))
        for name, client in walked("GET", people):
            answer = undone(lambda: client.get(address(name, numbers), QUERY_STRING=query))  # noqa: B023
            if answer.status_code >= 500:
                broken.append(f"GET {name}, {kind}: {answer.status_code}")
            if kind == "script" and not answer.streaming and MARKUP.search(answer.content.decode()):
                broken.append(f"GET {name}: the text came back as markup")
    assert not broken, "\n".join(broken)
