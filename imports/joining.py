"""The step of a comparison with one's newest export: too many people to ask about one by one.

An export tells who has consented, and of all others nothing: whether they opted out or were never asked, it does not
say.
"""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from collections import Counter
from typing import Any

from django.core.files.storage import default_storage

from imports import known
from imports.comparing import rows
from imports.consequences import AGAINST, NOT_THERE, SAME, UNKNOWN, Question
from imports.known import Known
from imports.models import Comparison
from imports.parse.plan import Plan
from runs import nudges
from runs.heartbeat import Clock, HandedOn, Heartbeat, Stopped
from runs.models import Status
from upstream.apsis.builtin import ADDRESS_OF, ATTRIBUTE_OF
from upstream.apsis.consents import OPT_IN

BATCH = 1_000  # rows between two looks at the clock


def make(made: Comparison, clock: Clock) -> None:
    """Join a checked upload with the newest exports of its consents, under the claim. Raises StaleRun."""
    beat = Heartbeat(made, clock)
    beat.total = sum(part["rows"] for part in made.of.parts)
    if made.status == Status.QUEUED:
        made.move(Status.RUNNING, "comparing", now=clock(), facts={"bytes": 0, "total": beat.total})
    questions = [Question.from_json(kept) for kept in made.questions]
    try:
        told = [known.newest(made.of.upload, question, now=clock()) for question in questions]
        counts, name = _joined(made, questions, told, beat)
        beat.stop_if_asked()
    except HandedOn:
        made.wait("comparing", now=clock(), until=clock())
        nudges.send(made)
    except Stopped:
        made.move(Status.CANCELLED, "stopped", now=clock())
    except FileNotFoundError:
        made.move(Status.FAILED, "file_gone", now=clock())
    else:
        facts = {"told": [one and {"run": one.run, "at": one.at.isoformat()} for one in told]}
        made.move(
            Status.SUCCEEDED,
            "compared",
            now=clock(),
            facts=facts,
            counts=counts,
            slices=[name],
            done=beat.total,
        )


def _joined(
    made: Comparison, questions: list[Question], told: list[Known | None], beat: Heartbeat
) -> tuple[list[Counter[str]], str]:
    """Count the rows by what is known of them, and write down whose word would be turned round."""
    consented = [_hashes(one, beat) if one else None for one in told]
    counts: list[Counter[str]] = [Counter() for _ in questions]
    key_field = Plan.from_json(made.of.plan).key.field
    addressed = [_address_field(made, question, key_field) for question in questions]
    # The claim number is in the name: two processes that both believe to hold it write two files.
    name = f"{made.of.folder}/against-{made.pk}-0-{made.claim_no}.json"
    against: list[Any] = []
    for done, row in enumerate(rows(made)):
        places = []
        for place, question in enumerate(questions):
            if row[question.field] != "1":
                continue
            field = addressed[place]
            word = _word(question, row[field] if field else "", consented[place])
            counts[place][word] += 1
            if word == AGAINST:
                places.append(place)
        if places:
            against.append((row[key_field], places))
        if done % BATCH == 0:
            beat("comparing", done)
    with default_storage.open(name, "wb") as file:
        file.write(json.dumps(against).encode())
    return counts, name


def _address_field(made: Comparison, question: Question, key_field: str) -> str | None:
    """Return the column with the addresses of a consent's channel; None where the file has none."""
    is_key = ADDRESS_OF.get(question.channel) == ATTRIBUTE_OF.get(made.of.upload.keyspace)
    return question.address_field or (key_field if is_key else None)


def _word(question: Question, address: str, consented: array[int] | None) -> str:
    if consented is None or not address:
        return UNKNOWN
    hashed = hash(address.casefold())
    at = bisect_left(consented, hashed)
    if at == len(consented) or consented[at] != hashed:
        return NOT_THERE
    return SAME if question.type == OPT_IN else AGAINST


def _hashes(told: Known, beat: Heartbeat) -> array[int]:
    """Return the addresses of a file as sorted hashes: eight bytes for each."""
    found = array("q")
    for number, address in enumerate(told.addresses()):
        found.append(hash(address.casefold()))
        if number % BATCH == 0:
            beat("comparing", 0)
    return array("q", sorted(found))
