"""The step of a comparison: a slice of the people of a checked upload, each looked up at the vendor.

A slice is short, so that a worker which stops loses nothing: what was asked so far is written down, and the next step
goes on behind it. Asking changes nothing at the vendor, so whatever is unsure is asked again.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction

from accounts import actions as accounts
from imports import files
from imports.consequences import AGAINST, NEW, SUPPRESSED, UNKNOWN, Question, add, fate, is_suppressed
from imports.models import Comparison
from imports.parse.plan import Plan
from runs import nudges
from runs.heartbeat import Clock, HandedOn, Heartbeat, Stopped
from runs.models import Status
from runs.waits import pause
from upstream.apsis.client import Apsis
from upstream.apsis.consents import Address, Standing
from upstream.errors import BadRequest, BrokenAnswer, CredentialRefused, Gone, Missing, UpstreamError

SLICE = 100  # people of one step
MOST_TROUBLES = 5  # passing troubles in a row, before the number is not known

Row = Mapping[str, str]


class Slice:
    """What was found out about some people, one after another."""

    def __init__(self, questions: list[Question]) -> None:
        self.questions = questions
        self.done = 0
        self.counts: list[Counter[str]] = [Counter() for _ in questions]
        self.against: list[tuple[str, list[int]]] = []  # a key, and the questions that it stands against

    def put(self, key: str, row: Row, standing: Standing | str) -> None:
        """Count one person: how they stand, or the word for why that is not known."""
        against = []
        for place, question in enumerate(self.questions):
            if row[question.field] != "1":
                continue
            word = standing if isinstance(standing, str) else fate(question, standing)
            self.counts[place][word] += 1
            if word == AGAINST:
                against.append(place)
            if not isinstance(standing, str) and is_suppressed(question, standing):
                self.counts[place][SUPPRESSED] += 1
        if against:
            self.against.append((key, against))


def make(made: Comparison, client: Apsis, clock: Clock) -> None:
    """Ask about the next people of a comparison, under the claim. Raises StaleRun."""
    beat = Heartbeat(made, clock)
    beat.total = sum(part["rows"] for part in made.of.parts)
    if made.status == Status.QUEUED:
        made.move(Status.RUNNING, "comparing", now=clock(), facts={"bytes": 0, "total": beat.total})
    found = Slice([Question.from_json(kept) for kept in made.questions])
    try:
        _ask(made, client, found, beat)
    except HandedOn:
        _go_on(made, found, clock)
    except Stopped:
        made.move(Status.CANCELLED, "stopped", now=clock())
    except FileNotFoundError:
        made.move(Status.FAILED, "file_gone", now=clock())
    except UpstreamError as error:
        _trouble(made, found, error, clock)
    else:
        _go_on(made, found, clock, is_over=found.done < SLICE or made.done + found.done >= beat.total)


def _ask(made: Comparison, client: Apsis, found: Slice, beat: Heartbeat) -> None:
    key_field = Plan.from_json(made.of.plan).key.field
    upload = made.of.upload
    for row in islice(rows(made), made.done, made.done + SLICE):
        key = row[key_field]
        if any(row[question.field] == "1" for question in found.questions):
            found.put(key, row, _standing(client, upload.section, upload.keyspace, key, row, found.questions))
        found.done += 1
        beat("comparing", made.done + found.done)


def _standing(
    client: Apsis, section: str, keyspace: str, key: str, row: Row, questions: list[Question]
) -> Standing | str:
    """Return how a person stands, with every address that stands in the row; or the word for why that is not known."""
    also = {
        Address(question.channel, row[question.address_field])
        for question in questions
        if question.address_field and row[question.address_field] and row[question.field] == "1"
    }
    try:
        asked: list[Address | None] = [*also] or [None]
        first, *others = [client.consents(section, keyspace, key, also=one) for one in asked]
    except Missing:
        return NEW
    except (Gone, BadRequest, BrokenAnswer, ValueError):
        return UNKNOWN
    told = [one.suppressions for one in (first, *others) if one.suppressions is not None]
    return Standing(first.consents, tuple(one for some in told for one in some) if told else None, first.unread)


def rows(made: Comparison) -> Iterator[Row]:
    """Yield the rows of the parts, as they would go. Raises FileNotFoundError."""
    for part in made.of.parts:
        with (
            default_storage.open(files.part_in(made.of.folder, part["number"])) as file,
            io.TextIOWrapper(file, "utf-8", newline="") as text,
        ):
            yield from csv.DictReader(text)


# ── What follows ─────────────────────────────────────────────────────────────────────────────────────────────


def _go_on(made: Comparison, found: Slice, clock: Clock, *, is_over: bool = False) -> None:
    now, kept = clock(), _kept(made, found)
    if is_over:
        return made.move(Status.SUCCEEDED, "compared", now=now, **kept)
    facts = {**made.facts, "bytes": kept["done"]}
    with transaction.atomic():
        made.wait("comparing", now=now, until=now, facts=facts, **kept)
        nudges.poke(made)


def _trouble(made: Comparison, found: Slice, error: UpstreamError, clock: Clock) -> None:
    """Ask again a little later where that can help, from where it was; say what is wrong where it cannot."""
    now, kept = clock(), _kept(made, found)
    facts = {"say": error.meaning.user, "bytes": kept["done"], "total": made.facts.get("total")}
    if isinstance(error, CredentialRefused):
        accounts.mark_refused(made.of.upload.credential, error.meaning.user, now=now)
    tries = 0 if found.done else made.trouble_count
    if not error.transient or tries >= MOST_TROUBLES:
        return made.move(Status.FAILED, "not_compared", now=now, facts=facts, **kept)
    until = now + pause(2.0 ** (tries + 1), error.retry_after)
    made.wait("trouble", now=now, until=until, facts=facts, **kept | {"trouble_count": tries + 1})


def _kept(made: Comparison, found: Slice) -> dict[str, Any]:
    """Write down who stands against the import, and return the fields that say how far it is."""
    slices = list(made.slices)
    if found.against:
        # The claim number is in the name: two processes that both believe to hold it write two files.
        name = f"{made.of.folder}/against-{made.pk}-{made.done}-{made.claim_no}.json"
        with default_storage.open(name, "wb") as file:
            file.write(json.dumps(found.against).encode())
        slices.append(name)
    counts = made.counts or [{} for _ in found.questions]
    return {
        "done": made.done + found.done,
        "counts": add(counts, found.counts),
        "slices": slices,
        "trouble_count": 0,
    }
