"""The step of a list: some of its people, each looked up at the vendor, several side by side.

A slice is short: what was found is written down at its end, and the next step goes on behind it. Asking changes nothing
at the vendor, so whatever is unsure is asked again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections, transaction

from accounts import actions as accounts
from accounts import lanes
from audit import actions as audit
from consents import kept, outcomes
from consents.gathered import Gathered
from consents.keys import Key
from consents.models import Checklist
from consents.outcomes import LOCKED, NOBODY, UNREADABLE, Outcome
from consents.verdict import Told, chains
from runs import nudges
from runs.heartbeat import Clock, HandedOn, Heartbeat, Stopped
from runs.models import Status
from runs.waits import pause
from upstream.apsis.client import Apsis
from upstream.apsis.consents import Address
from upstream.errors import BadRequest, BrokenAnswer, CredentialRefused, Gone, Missing, NotAllowed, UpstreamError

SLICE = 128  # people of one step
CALLS = 16  # of one slot of the lane, side by side
MOST_TROUBLES = 5  # passing troubles in a row, before it ends


def make(made: Checklist, client: Apsis, clock: Clock, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Ask about the next people of a list, under the claim. Raises StaleRun."""
    beat = Heartbeat(made, clock)
    beat.total = made.total
    if made.status == Status.QUEUED:
        made.move(Status.RUNNING, "asking", now=clock(), facts={"bytes": 0, "total": made.total})
    found: list[Outcome] = []
    try:
        people = kept.people(made)[made.done : made.done + SLICE]
        for some in _batches(made, people):
            _wait_for_slot(made, sleep)
            found += _asked(made, client, some)
            beat("asking", made.done + len(found))
    except HandedOn:
        _go_on(made, found, clock)
    except Stopped:
        made.move(Status.CANCELLED, "stopped", now=clock(), **_fields(made, found))
    except kept.GONE:
        made.move(Status.FAILED, "people_gone", now=clock())
    except UpstreamError as error:
        _trouble(made, found, error, clock)
    else:
        _go_on(made, found, clock)


def _batches(made: Checklist, people: Sequence[Key]) -> Iterator[Sequence[Key]]:
    """Yield as many people at a time as a slot's calls are for: who is known by the address needs one, others two."""
    batch: list[Key] = []
    calls = 0
    for key in people:
        need = 1 if key.channel == made.channel else 2
        if batch and calls + need > CALLS:
            yield batch
            batch, calls = [], 0
        batch.append(key)
        calls += need
    if batch:
        yield batch


def _wait_for_slot(made: Checklist, sleep: Callable[[float], None]) -> None:
    """Wait until the account has room for a batch: the vendor counts the calls of all its keys together."""
    while wait := lanes.take(made.account, "lists", now=time.time()):
        sleep(wait)


def _asked(made: Checklist, client: Apsis, people: Sequence[Key]) -> list[Outcome]:
    """Return what is found out about some people. Raises the first passing trouble, or one that lasts for all."""
    signed_in = client.twin()  # before anybody asks beside us

    def one(key: Key) -> Outcome:
        try:
            return _outcome(made, signed_in.twin(), key)
        finally:
            connections.close_all()  # of this thread

    with ThreadPoolExecutor(min(len(people), CALLS)) as pool:
        return list(pool.map(one, people))


def _outcome(made: Checklist, client: Apsis, key: Key) -> Outcome:
    try:
        gathered, also = Gathered(key, None), None
        if key.channel != made.channel:
            gathered, also = _with_address(made, client, key)
        standing = client.consents(made.section, key.keyspace, key.text, also=also)
    except Missing:
        return outcomes.without_answer(key, NOBODY)
    except Gone:
        return outcomes.without_answer(key, LOCKED)
    except (BadRequest, BrokenAnswer, ValueError):
        return outcomes.without_answer(key, UNREADABLE)
    gathered.hear(standing, also)
    told = Told(standing.consents, (), standing.unread)
    only = made.own_channel or None
    return outcomes.of(key, chains(told, gathered.told(), topic=made.topic, only=only, channel=made.channel))


def _with_address(made: Checklist, client: Apsis, key: Key) -> tuple[Gathered, Address | None]:
    """Return the addresses of a profile, and the one of the channel, which is asked about as well."""
    try:
        gathered = Gathered(key, client.values(made.section, key.keyspace, key.text))
    except (NotAllowed, Missing, BadRequest, BrokenAnswer):
        # That attributes can be read is inferred: without them the address is not known, and the consents are.
        gathered = Gathered(key, None)
    on_channel = [address for address in gathered.not_asked() if address.channel == made.channel]
    return gathered, on_channel[0] if on_channel else None


# ── What follows ─────────────────────────────────────────────────────────────────────────────────────────────


def _go_on(made: Checklist, found: Sequence[Outcome], clock: Clock) -> None:
    now, fields = clock(), _fields(made, found)
    if fields["done"] >= made.total:
        with transaction.atomic():
            made.move(Status.SUCCEEDED, "ready", now=now, **fields)
            audit.record("list.finished", by=made.owner, target=made, now=now, people=made.total)
        return
    facts = {**made.facts, "bytes": fields["done"], "total": made.total}
    with transaction.atomic():
        made.wait("asking", now=now, until=now, facts=facts, **fields)
        nudges.poke(made)


def _trouble(made: Checklist, found: Sequence[Outcome], error: UpstreamError, clock: Clock) -> None:
    """Ask again a little later where that can help, from where it was; say what is wrong where it cannot."""
    now, fields = clock(), _fields(made, found)
    facts = {"say": error.meaning.user, "bytes": fields["done"], "total": made.total}
    if isinstance(error, CredentialRefused):
        accounts.mark_refused(made.credential, error.meaning.user, now=now)
    tries = 0 if found else made.trouble_count
    if not error.transient or tries >= MOST_TROUBLES:
        return made.move(Status.FAILED, "not_asked", now=now, facts=facts, **fields)
    until = now + pause(2.0 ** (tries + 1), error.retry_after)
    made.wait("trouble", now=now, until=until, facts=facts, **fields | {"trouble_count": tries + 1})


def _fields(made: Checklist, found: Sequence[Outcome]) -> dict[str, Any]:
    """Write down what was found, and return the fields that say how far it is."""
    if not found:
        return {"done": made.done, "trouble_count": 0}
    name = kept.keep_found(made, found)
    counts = dict(Counter(made.counts) + Counter(one.word for one in found))
    return {"done": made.done + len(found), "slices": [*made.slices, name], "counts": counts, "trouble_count": 0}
