"""What an export run does about trouble: wait, ask for a new export, or give up.

`upstream.answers` says what an answer means; here stands what follows from it for a run.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts import actions as accounts
from accounts import limits
from exports.endings import give_up
from exports.kinds import Kind
from exports.models import ExportLine, ExportRun
from runs import line
from runs.waits import GivenUp, answer_lost, stand_in_line, wait_out
from upstream.answers import Again
from upstream.errors import CredentialRefused, NoSlot, NotReady, Throttled, TooMuch, UpstreamError, VendorTrouble

MOST_ATTEMPTS = 3  # requests of one run, when the vendor says that only a new one helps
MOST_TROUBLES = 8  # passing troubles in a row, when the question is not one that may wait all day

# Answers after which nobody knows whether the vendor has begun: the words of upstream.answers.
MAYBE_BEGUN = {"maybe_received", "timed_out"}

Level = ExportLine.Level


def take(error: UpstreamError, run: ExportRun, *, now: datetime, has_asked: bool = True) -> None:
    """Do what the table of answers says of an error, and learn from it; a claim that has ended teaches nothing.

    `has_asked` is false where this claim has written no intention down, so that there is none to take back.
    """
    with transaction.atomic():
        try:
            _settle(error, run, unasked(run) if has_asked else {}, now=now)
        except GivenUp as end:
            give_up(run, end.code, now=now, **end.facts)
        if isinstance(error, TooMuch):
            limits.refused(run.account, run.asks.figures)
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
        return stand_in_line(run, error, back, now=now, facts=facts)
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
        # Who waits for the minute of event exports stands in nobody's way; others of the account may go before.
        code = "waits_a_minute" if run.segment.kind == Kind.EVENTS else line.WAITING
        return run.wait(code, now=now, until=until, **back)
    if run.ready_at:
        return run.wait("to_fetch", now=now, until=until)
    run.wait(run.code, now=now, until=until, facts=run.facts)


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
