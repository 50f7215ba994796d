"""The audit history as a file: every event that the filters select, as it is read, in flat memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.db import connection
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from audit import words
from audit.models import SUBJECTS, Event
from audit.sentences import sentence

BOM = "\ufeff"  # without it, Excel reads å as two signs
AT_ONCE = 400  # events between two pieces
ACTS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the beginning of a formula


def lines(events: Iterable[Event]) -> Iterator[str]:
    """Yield the file in pieces: a head, a line for each event, and a last one that says how many these were.

    In the language and the time zone of the moment it is called. Between two pieces no database connection is held:
    a download lasts as long as its reader likes.
    """
    zone, language = timezone.get_current_timezone(), translation.get_language() or "en"
    return _pieces(iter(events), zone, language)


def _pieces(events: Iterator[Event], zone: Any, language: str) -> Iterator[str]:
    # A piece is made when the reader has taken the last one, long after the view, which set these, is over.
    with timezone.override(zone), translation.override(language):
        yield BOM + _rows([_head()])
    many = 0
    while True:
        with timezone.override(zone), translation.override(language):
            batch = list(islice(events, AT_ONCE))
            many += len(batch)
            piece = _rows(map(_cells, batch))
        if not connection.in_atomic_block:
            connection.close()
        if not batch:
            break
        yield piece
    with translation.override(language):
        yield _rows([[_("End of the file"), many]])


def _head() -> list[str]:
    return [
        *(_("Number"), _("Time"), _("Who"), _("Action"), _("What happened")),
        *(_("Thing"), _("Key of the thing"), _("Facts"), _("Seal")),
    ]


def _cells(event: Event) -> list[Any]:
    at = timezone.localtime(event.at).isoformat(sep=" ", timespec="seconds")
    # Whom it is about stays here, as a number: a pseudonym in a file would outlive its key.
    told = event.told_facts | ({SUBJECTS: len(event.subjects)} if event.subjects else {})
    facts = json.dumps(told, ensure_ascii=False) if told else ""
    return [
        *(event.seq or "", at, event.actor_name, words.action_name(event.action), sentence(event)),
        *(event.target, event.target_key, facts, event.seal),
    ]


def _rows(rows: Iterable[list[Any]]) -> str:
    echo = _Echo()
    writer = csv.writer(echo, delimiter=";", lineterminator="\r\n")
    return "".join(writer.writerow([_guarded(cell) for cell in row]) for row in rows)


def _guarded(cell: Any) -> Any:
    """Return a cell that a spreadsheet shows and does not run: names are chosen by people."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(ACTS) else cell


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text
