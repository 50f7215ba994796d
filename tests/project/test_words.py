"""Every word that the desk says goes through the catalogue: the templates are read, and the pages are walked.

The walk speaks a language whose catalogue marks whatever it is asked for; what stands outside the marks must be a name
or a figure.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.template.base import Lexer, TokenType
from django.test import Client
from django.utils.translation import trans_real

from accounts.models import Credential, Definitions, User, VendorAccount
from audit.models import Event
from exports.models import SavedSegment
from imports.models import Upload
from tests.conftest import sign_in
from tests.imports.made import TABLE
from tests.project.test_roles import Numbers, Row, address, desk, rows

__all__ = ["desk"]  # the fixture of the walk over every address

OPEN, CLOSE = "⟦", "⟧"
WORD = re.compile(r"[^\W\d_]{2}")
PEOPLE = {"anonymous": "", "marketer": "own", "auditor": "auditor", "admin": "admin"}
SAID = (
    "aria-label",
    "aria-description",
    "label",
    "title",
    "placeholder",
    "alt",
    "data-title",
    "data-poll-lost",
    "data-copied",
)
TEMPLATES = sorted(Path(settings.BASE_DIR, "templates").rglob("*.*"))
# For developers, with specimens of every state: in English, like the code they stand for.
DEVELOPERS = "design"
# Names and units that are the same in every language.
NAMES = re.compile(
    r"\b(consent desk|apsis( one)?|excel|csv|json|sms|email|gzip|utf|sha|utc|ces?t|[kmgt]?b|api)\b"
    r"|class=\"[\w -]+\"|https?://\S+|\S+@example\.\w+|[0-9a-f]{64}|run-\d+-c\d+",
    re.IGNORECASE,
)


class Words(HTMLParser):
    """Collects what a page says outside the marks."""

    def __init__(self) -> None:
        super().__init__()
        self.bare: set[str] = set()
        self.silent: list[str] = []
        self.depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Code, the vendor's own words in small print, and the cells of a file.
        classes = set((dict(attrs).get("class") or "").split())
        if tag in ("script", "style", "code", "kbd") or classes & {"api", "sheet"}:
            self.silent.append(tag)
        for name, value in attrs:
            if value and name in SAID:
                self.take(value, 0)

    def handle_endtag(self, tag: str) -> None:
        if self.silent and tag == self.silent[-1]:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        depth = self.take("" if self.silent else data, self.depth)
        self.depth = depth  # a mark may reach over several elements

    def take(self, text: str, depth: int) -> int:
        """Add what stands outside the marks; return how many are open at the end."""
        bare = []
        for sign in text:
            depth += (sign == OPEN) - (sign == CLOSE)
            bare.append("\n" if depth or sign == CLOSE else sign)
        self.bare |= {" ".join(piece.split()) for piece in "".join(bare).split("\n") if WORD.search(piece)}
        return depth


# ── Read: no template says a word by itself ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_no_template_says_a_word_by_itself(template: Path) -> None:
    text, inside = [], ""
    for token in Lexer(template.read_text(encoding="utf-8")).tokenize():
        tag = token.contents.split()[0] if token.token_type == TokenType.BLOCK and token.contents else ""
        if inside:
            inside = "" if tag == f"end{inside}" else inside
        elif tag in ("blocktranslate", "blocktrans", "comment"):
            inside = tag
        elif token.token_type == TokenType.TEXT:
            text.append(token.contents)
    words = Words()
    words.feed("".join(text))
    bare = {piece for piece in words.bare if WORD.search(NAMES.sub("", piece))}
    if template.name == f"{DEVELOPERS}.html":
        assert bare, "this one does, so the others are really read"
    else:
        assert not bare


# ── Walk: what no catalogue was asked for is a name or a figure ──────────────────────────────────────────────


class Marks(trans_real.DjangoTranslation):
    """A catalogue that puts marks around whatever it is asked to translate."""

    def gettext(self, message: str) -> str:
        return f"{OPEN}{message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]}{CLOSE}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@pytest.mark.processes  # commits knock at the broker, and none is there
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("role", PEOPLE)
def test_every_word_of_a_page_was_asked_for(role: str, desk: tuple[Numbers, dict[str, User]], monkeypatch: Any) -> None:
    numbers, people = desk
    monkeypatch.setitem(trans_real._translations, "sv", Marks("sv"))
    client = Client(HTTP_ACCEPT_LANGUAGE="sv", raise_request_exception=False)
    if PEOPLE[role]:
        sign_in(client, people[PEOPLE[role]])
    found: dict[str, str] = {}
    for row in rows():
        if row.name != DEVELOPERS and row.answers[role] in ("200", "403", "404", "422"):
            words = Words()
            words.feed(_page(client, row, numbers))
            found |= {bare: str(row) for bare in words.bare}
    data = re.compile("|".join(map(re.escape, sorted(_names(), key=len, reverse=True))))
    wrong = {bare: where for bare, where in found.items() if WORD.search(NAMES.sub("", data.sub("", bare)))}
    assert not wrong
    gc.collect()  # the broker's library leaves sockets open, and no other test shall be told of them


def _names() -> Iterator[str]:
    """Yield what things are called here: names are data, whoever reads them."""
    yield from chain(*User.objects.values_list("username", "email"))
    yield from chain(*VendorAccount.objects.values_list("name", "other_url"))
    yield from chain(*Credential.objects.values_list("client_id", "last_four"))
    yield from chain(*SavedSegment.objects.values_list("name"))
    yield from chain(
        *Event.objects.values_list("action"), ("export_key", "Export key", "EmailConsent", "MobileConsent")
    )
    yield from dict(settings.LANGUAGES).values()
    yield from chain(*Upload.objects.values_list("name", "section_name", "keyspace_name"))
    yield from (cell for line in TABLE.splitlines() for cell in line.split(";") if re.search(r"[^\W\d]{3}", cell))
    yield from (place for zone in available_timezones() for place in zone.replace("_", " ").split("/"))
    for kept in Definitions.objects.values_list("items", flat=True):
        yield from (value for item in kept for value in item.values() if isinstance(value, str) and value)


def _page(client: Client, row: Row, numbers: Numbers) -> str:
    url = address(row.name, numbers)
    response: HttpResponse = client.get(url) if row.method == "GET" else client.post(url, {"confirmed": "nothing"})
    return response.content.decode() if response.get("Content-Type", "").startswith("text/html") else ""
