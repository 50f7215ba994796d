"""How a run waits: for another try, for an answer that was lost, for room at the vendor, for its own question."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts import lanes, limits
from runs import line
from runs.models import RunLine, VendorRun
from upstream.errors import Throttled

SLOWEST_RETRY = 300.0  # seconds
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0  # seconds, after the vendor has said that there is no room
LONGEST_IN_LINE = timedelta(days=1)  # for a place among what the vendor works on at once
FIRST_POLL, POLL_GROWTH = 2.0, 1.6  # seconds; S0 asks for exponential back-off
JITTER = 0.2


class GivenUp(Exception):
    """Waiting has come to its end: the run cannot succeed. `code` says why, with the facts of its sentence."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


def pause(seconds: float, at_least: float | None) -> timedelta:
    """Return a pause, a little shorter or longer by chance, but never shorter than the vendor asked for."""
    return timedelta(seconds=max(at_least or 0.0, seconds * random.uniform(1 - JITTER, 1 + JITTER)))


def poll_pause(count: int, at_least: float | None = None) -> timedelta:
    """Return the pause after the `count`th poll: 2 s, then 1.6 times longer each, up to a minute, 20 % either way."""
    # Twenty polls reach the slowest pace; a power of a day's polls would be too large for a number.
    return pause(min(settings.RUN_SLOWEST_POLL, FIRST_POLL * POLL_GROWTH ** min(count, 20)), at_least)


def wait_out(
    run: VendorRun, code: str, *, now: datetime, facts: dict[str, Any], at_least: float | None = None, **back: Any
) -> None:
    """Try the same step again after a pause that doubles, up to five minutes; `back` are fields to write besides."""
    until = now + pause(min(SLOWEST_RETRY, 2.0 ** min(run.trouble_count + 1, 10)), at_least)
    with transaction.atomic():
        run.add_line(code, now=now, level=RunLine.Level.WARN, **facts)
        run.wait(
            code,
            now=now,
            until=until,
            facts={**facts, "until": until.isoformat()},
            trouble_count=run.trouble_count + 1,
            **back,
        )


def answer_lost(run: VendorRun, *, now: datetime, facts: dict[str, Any]) -> None:
    """Wait until a question whose answer was lost may be asked once more."""
    assert run.asked_at is not None
    # Where the clock was set back, the question seems to come later: it counts as asked now.
    asked_at = min(run.asked_at, now)
    again_at = asked_at + timedelta(seconds=settings.RUN_ASK_AGAIN)
    facts = {**facts, "again_at": again_at.isoformat()}
    with transaction.atomic():
        run.wait("answer_lost", now=now, until=again_at, facts=facts, asked_at=asked_at)
        run.add_line("answer_lost", now=now, level=RunLine.Level.WARN, **facts)


def stand_in_line(
    run: VendorRun, error: Throttled, back: dict[str, Any], *, now: datetime, facts: dict[str, Any]
) -> None:
    """Keep the place and ask again after as long as we have waited already, up to a minute. Raises GivenUp after a day.

    The vendor has no room for the account, so nobody else asks meanwhile either. A line is no trouble, and counts as
    none.
    """
    waited = now - _refused_since(run, now)
    if waited >= LONGEST_IN_LINE:
        raise GivenUp("never_in_turn", **facts)
    for_now = pause(min(LONGEST_PAUSE, max(FIRST_PAUSE, waited.total_seconds())), error.retry_after)
    at_vendor = line.at_vendor(run)
    with transaction.atomic():
        run.add_line("in_line", now=now, level=RunLine.Level.WARN, **facts)
        run.wait(line.WAITING, now=now, until=now + for_now, facts=facts, **back)
        if error.call != "token":  # which says nothing about what was asked for
            lanes.hold(run.account, run.request_lane, seconds=for_now.total_seconds(), now=now.timestamp())
            limits.crowded(run.account, run.lane, at_vendor, now=now)


def _refused_since(run: VendorRun, now: datetime) -> datetime:
    """Return since when the vendor has had no room for this request, whenever it was asked.

    Not the time before it had room for another attempt, nor that in which this desk itself started nothing.
    """
    told = run.lines.order_by("at", "pk")
    anew = told.filter(code__in=("requested", "let_go")).last()
    refused = told.filter(code="in_line", **({"at__gte": anew.at} if anew else {})).first()
    return refused.at if refused else now
