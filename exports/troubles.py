"""What an export run does about trouble: wait, ask for a new export, or give up.

`upstream.answers` says what an answer means; here stands what follows from it for a run.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts import actions as accounts
from accounts import lanes, limits
from exports.endings import give_up
from exports.models import ExportLine, ExportRun
from runs import line
from upstream.answers import Again
from upstream.errors import CredentialRefused, NoSlot, NotReady, Throttled, TooMuch, UpstreamError, VendorTrouble

MOST_ATTEMPTS = 3  # requests of one run, when the vendor says that only a new one helps
MOST_TROUBLES = 8  # passing troubles in a row, when the question is not one that may wait all day
SLOWEST_RETRY = 300.0  # seconds
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0  # seconds, after the vendor has said that there is no room
JITTER = 0.2
LONGEST_IN_LINE = timedelta(days=1)  # for a place among the exports that the vendor prepares at once

# Answers after which nobody knows whether the vendor has begun: the words of upstream.answers.
MAYBE_BEGUN = {"maybe_received", "timed_out"}

Level = ExportLine.Level


def take(error: UpstreamError, run: ExportRun, *, now: datetime, has_asked: bool = True) -> None:
    """Do what the table of answers says of an error, and learn from it; a claim that has ended teaches nothing.

    `has_asked` is false where this claim has written no intention down, so that there is none to take back.
    """
    with transaction.atomic():
        _settle(error, run, unasked(run) if has_asked else {}, now=now)
        if isinstance(error, TooMuch):
            limits.refused(run.account, run.consent_spec.figures)
        if isinstance(error, CredentialRefused):
            accounts.mark_refused(run.credential, error.meaning.user, now=now)


def _settle(error: UpstreamError, run: ExportRun, back: dict[str, Any], *, now: datetime) -> None:
    """Wait, ask for a new export, or give up. `back` takes the intention back where the vendor has not begun."""
    meaning = error.meaning
    facts = {"say": meaning.user, "status": error.status, "call": error.call, "detail": error.detail}
    if isinstance(error, Throttled) or error.retry_after:
        facts["is_put_off"] = True  # by the vendor itself: nobody here may be quicker (exports/stuck.py)
    requesting = not run.sealed_poll_url
    if isinstance(error, NoSlot):
        return _wait_for_slot(run, error, back, now=now)
    if requesting and error.maybe_received and meaning.word in MAYBE_BEGUN:
        if run.is_asked_twice:
            return give_up(run, "answer_lost_twice", now=now, **facts)
        return answer_lost(run, now=now, facts=facts)
    if meaning.again is Again.NEW and run.attempt < MOST_ATTEMPTS and not requesting:
        return _ask_anew(run, now=now, facts=facts)
    if meaning.again is not Again.SAME:
        return give_up(run, meaning.word, now=now, **facts)
    if requesting and isinstance(error, Throttled):
        return _stand_in_line(run, error, back, now=now, facts=facts)
    if run.trouble_count < MOST_TROUBLES or _is_patient(run, error, now):
        return wait_out(run, "trouble", now=now, facts=facts, at_least=error.retry_after, **back)
    # The table's own sentence says that we try again, and that is over.
    give_up(run, "trouble_lasted", now=now, tries=run.trouble_count + 1, **facts)


def _is_patient(run: ExportRun, error: UpstreamError, now: datetime) -> bool:
    """Say whether a trouble is waited out however often it comes, while the vendor keeps what we ask for."""
    # To ask costs nothing; a file that breaks off in its middle is another matter.
    costs_nothing = not run.ready_at or isinstance(error, VendorTrouble | Throttled | NotReady)
    return costs_nothing and run.poll_ends_at is not None and now < run.poll_ends_at


def unasked(run: ExportRun) -> dict[str, Any]:
    """Return the fields that take an intention back: by its own word the vendor has not begun on this request."""
    return {} if run.sealed_poll_url else {"asked_at": None, "attempt": max(0, run.attempt - 1)}


def _wait_for_slot(run: ExportRun, error: NoSlot, back: dict[str, Any], *, now: datetime) -> None:
    """Wait for our own pace: a place in line for a request, while questions and fetching just go on a little later."""
    until = now + timedelta(seconds=error.retry_after or 1)
    if not run.sealed_poll_url:
        return run.wait(line.WAITING, now=now, until=until, **back)
    if run.ready_at:
        return run.wait("to_fetch", now=now, until=until)
    run.wait(run.code, now=now, until=until, facts=run.facts)


def answer_lost(run: ExportRun, *, now: datetime, facts: dict[str, Any]) -> None:
    """Wait until a question whose answer was lost may be asked once more."""
    assert run.asked_at is not None
    # Where the clock was set back, the question seems to come later: it counts as asked now.
    asked_at = min(run.asked_at, now)
    again_at = asked_at + timedelta(seconds=settings.RUN_ASK_AGAIN)
    facts = {**facts, "again_at": again_at.isoformat()}
    with transaction.atomic():
        run.wait("answer_lost", now=now, until=again_at, facts=facts, asked_at=asked_at)
        run.add_line("answer_lost", now=now, level=Level.WARN, **facts)


def _ask_anew(run: ExportRun, *, now: datetime, facts: dict[str, Any]) -> None:
    until = now + timedelta(seconds=10 * 3**run.attempt)
    with transaction.atomic():
        run.add_line("gave_up", now=now, level=Level.BAD, **facts)
        line.call_next(run, now=now)
        run.wait(
            "retrying",
            now=now,
            until=until,
            facts={**facts, "attempt": run.attempt + 1, "of": MOST_ATTEMPTS},
            asked_at=None,
            is_asked_twice=False,
            sealed_poll_url="",
            poll_style="",
            poll_ends_at=None,
            ready_at=None,
            trouble_count=0,
        )


def _stand_in_line(
    run: ExportRun, error: Throttled, back: dict[str, Any], *, now: datetime, facts: dict[str, Any]
) -> None:
    """Keep the place and ask again after as long as we have waited already, up to a minute.

    The vendor has no room for the account, so nobody else asks meanwhile either. A line is no trouble, and counts as
    none.
    """
    waited = now - _refused_since(run, now)
    if waited >= LONGEST_IN_LINE:
        return give_up(run, "never_in_turn", now=now, **facts)
    for_now = pause(min(LONGEST_PAUSE, max(FIRST_PAUSE, waited.total_seconds())), error.retry_after)
    at_vendor = line.at_vendor(run)
    with transaction.atomic():
        run.add_line("in_line", now=now, level=Level.WARN, **facts)
        run.wait(line.WAITING, now=now, until=now + for_now, facts=facts, **back)
        if error.call != "token":  # which says nothing about exports
            lanes.hold(run.account, run.lane, seconds=for_now.total_seconds(), now=now.timestamp())
            limits.crowded(run.account, run.lane, at_vendor, now=now)


def _refused_since(run: ExportRun, now: datetime) -> datetime:
    """Return since when the vendor has had no room for this request, whenever it was asked.

    Not the time before it had room for another attempt, nor that in which this desk itself started nothing.
    """
    told = run.lines.order_by("at", "pk")
    anew = told.filter(code__in=("requested", "let_go")).last()
    refused = told.filter(code="in_line", **({"at__gte": anew.at} if anew else {})).first()
    return refused.at if refused else now


def pause(seconds: float, at_least: float | None) -> timedelta:
    """Return a pause, a little shorter or longer by chance, but never shorter than the vendor asked for."""
    return timedelta(seconds=max(at_least or 0.0, seconds * random.uniform(1 - JITTER, 1 + JITTER)))


def wait_out(
    run: ExportRun, code: str, *, now: datetime, facts: dict[str, Any], at_least: float | None = None, **back: Any
) -> None:
    """Try the same step again after a pause that doubles, up to five minutes; `back` are fields to write besides."""
    until = now + pause(min(SLOWEST_RETRY, 2.0 ** min(run.trouble_count + 1, 10)), at_least)
    with transaction.atomic():
        run.add_line(code, now=now, level=Level.WARN, **facts)
        run.wait(
            code,
            now=now,
            until=until,
            facts={**facts, "until": until.isoformat()},
            trouble_count=run.trouble_count + 1,
            **back,
        )
