"""What a run says: nothing that the machinery can write is without its sentence."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from exports import (
    arrivals,
    contents,
    endings,
    fetching,
    receive,
    remedies,
    retention,
    runner,
    sentences,
    tasks,
    troubles,
    upheavals,
)
from exports.events import arrival, whole
from exports.models import ExportRun
from runs import asking, heartbeat, line, waits
from runs.models import Status
from upstream.answers import ANSWERS, OK, WAIT

LATER = "2026-06-02T14:03:00+00:00"
VENDOR = {"say": "APSIS One has trouble of its own. Nothing is lost.", "status": 503, "call": "poll", "detail": ""}
# code of a run or a line → the facts that the runner gives it
FACTS: dict[str, dict[str, Any]] = {
    "asked": {"who": "Anna", "version": 3},
    "asking": {"attempt": 1},
    "requested": {"until": LATER},
    "still_preparing": {"count": 4},
    "ready_upstream": {"count": 4},
    "answer_lost": {"again_at": LATER},
    "waiting_in_line": {},
    "held_back": {"reason": "An upgrade"},
    "let_go": {},
    "removed": {"who": "Karin"},
    "expired": {},
    "trouble": VENDOR | {"until": LATER},
    "joined": {"place": 3},
    "in_line": VENDOR,
    "retrying": VENDOR | {"attempt": 2, "of": 3},
    "gave_up": VENDOR,
    "fetching": {"bytes": 0},
    "fetched": {"bytes": 1_312_440},
    "verified": {"rows": 48_310},
    "ready": {"rows": 48_310, "contactable": 33_870},
    "ready_empty": {"rows": 0, "contactable": 0},
    "ready_events": {"rows": 1_204, "events": 18_300},
    "next_window": {"number": 2, "of": 3},
    "verified_events": {"people": 1_204, "events": 18_300},
    "kept_unread": {"at": 4_711},
    "joined_windows": {"of": 3, "people": 1_204},
    "cancelled": {"who": "Anna", "asked": True},
    "our_fault": {"reference": "run-1-c2"},
    "row_of_other_width": {"row": 7, "cells": 3, "width": 4},
    "row_unreadable": {"line": 7},
    "not_utf8": {"line": 7},
    "column_missing": {"columns": ["Email"]},
    "column_twice": {"columns": ["Email"]},
    "trouble_lasted": VENDOR | {"tries": 9},
    "disk_full": {"until": LATER},
    "file_too_large": {"most": 5},
    "line_too_long": {"most": 5},
}
WRITERS = {"move", "wait", "note", "add_line", "give_up", "renew", "wait_out", "NotAsPromised", "GivenUp"}


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts that an expression can be: itself, or either side of a choice."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))


def _codes() -> set[str]:
    """Every code that is named where a state or a line is written, and every word of the vendor's answers."""
    found = {meaning.word for meaning in ANSWERS.values() if meaning.outcome not in (OK, WAIT)}
    machinery = (runner, fetching, arrivals, arrival, whole, troubles, endings, receive, contents, tasks)
    shared = (heartbeat, asking, waits)
    for module in (*machinery, *shared, upheavals, retention):
        assert module.__file__
        for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in WRITERS:
                    found.update(text for argument in node.args for text in _texts(argument))
    # The first two come from where the bytes are counted, the next three are named in the line.
    found |= {"fetching", "verifying", line.WAITING, line.HELD, "let_go", "waits_a_minute"}
    # What a run of events ends with, and what its log says then, depends on what was found.
    return found | {"ready_events", "ready_nobody", "ready_unread", "verified_events", "kept_unread"}


CODES = sorted(_codes())


def _run(code: str, **fields: Any) -> ExportRun:
    now = timezone.now()
    facts = FACTS.get(code, VENDOR)
    return ExportRun(pk=1, code=code, facts=facts, created_at=now, changed_at=now, due_at=now, attempt=1, **fields)


def test_the_walk_finds_what_it_must() -> None:
    assert {"preparing", "ready_empty", "column_twice", "our_fault", "answer_lost_twice", "throttled"} <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_headline_with_all_its_facts(code: str) -> None:
    run = _run(code)
    words = " ".join(sentences.headline(run))
    assert "%(" not in words
    assert "…" not in words, "a fact is missing"
    assert words.strip()
    assert sentences.state(run)
    assert sentences.short(run)


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_line_with_all_its_facts(code: str) -> None:
    key, text = sentences.line(code, FACTS.get(code, VENDOR))
    assert key
    assert text
    assert "%(" not in text
    assert "…" not in text


@pytest.mark.parametrize("code", [code for code in CODES if code not in sentences.HEADLINES])
def test_every_failure_has_something_to_do(code: str) -> None:
    assert remedies.of(code)


def test_every_failure_of_our_own_says_what_it_means() -> None:
    for code in sentences.FAILURES:
        assert sentences.meaning(_run(code))


def test_a_row_of_an_older_desk_lacks_a_fact_and_is_shown_all_the_same() -> None:
    assert sentences.line("verified", {})[1].endswith("… rows.")


def test_the_vendors_first_sentence_says_what_happened_and_the_rest_what_it_means() -> None:
    run = _run("too_much", status=Status.FAILED)
    assert sentences.headline(run) == ("APSIS One has trouble of its own.", "No file was made.")
    assert sentences.meaning(run) == "Nothing is lost."


@pytest.mark.parametrize(
    ("rows", "contactable", "words"),
    [
        (48_310, 33_870, "You may contact 33,870 of these 48,310 people."),
        (48_310, 0, "You may contact none of these 48,310 people."),
        (1, 1, "You may contact the 1 person in it."),
        (1, 0, "You may not contact the 1 person in it."),
    ],
)
def test_the_ready_sentence_counts_people(rows: int, contactable: int, words: str) -> None:
    run = _run("ready")
    run.facts = {"rows": rows, "contactable": contactable}
    assert sentences.headline(run)[1] == words


def test_stopping_is_said_whatever_the_code(db: None) -> None:
    run = _run("fetching", cancel_asked_at=timezone.now())
    assert sentences.headline(run)[0] == "Stopping"
    assert sentences.state(run) == "Stopping"


def test_a_name_cannot_turn_the_sentence_around() -> None:
    text = sentences.line("column_missing", {"columns": ["a\u202egnirps"]})[1]
    assert "\u2068a\u202egnirps\u2069" in text
