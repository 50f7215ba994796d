"""What a part does about trouble: wait, ask for another address to send to, or give up.

`upstream.answers` says what an answer means; here stands what follows from it for a part.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts import actions as accounts
from imports.endings import give_up
from imports.models import ImportPart
from runs import line
from runs.models import RunLine
from runs.waits import GivenUp, answer_lost, stand_in_line, wait_out
from upstream.answers import Again
from upstream.errors import CredentialRefused, NoSlot, Throttled, UpstreamError

MOST_ADDRESSES = 3  # that one part asks for, when the one before is of no use any more
MOST_TROUBLES = 8  # passing troubles in a row, while nothing is at the vendor
# Answers after which nobody knows whether the vendor has begun: the words of upstream.answers.
MAYBE_BEGUN = {"maybe_received", "timed_out"}


def take(error: UpstreamError, part: ImportPart, *, now: datetime, has_asked: bool = True) -> None:
    """Do what the table of answers says of an error, and learn from it; a claim that has ended teaches nothing.

    `has_asked` is false where this claim has written no intention down, so that there is none to take back.
    """
    with transaction.atomic():
        try:
            _settle(error, part, unasked(part) if has_asked else {}, now=now)
        except GivenUp as end:
            give_up(part, end.code, now=now, **end.facts)
        if isinstance(error, CredentialRefused):
            accounts.mark_refused(part.of.credential, error.meaning.user, now=now)


def unasked(part: ImportPart) -> dict[str, Any]:
    """Return the fields that take an intention back: by its own word the vendor has not begun on this request."""
    return {} if part.import_id else {"asked_at": None, "attempt": max(0, part.attempt - 1)}


def ask_anew(part: ImportPart, *, now: datetime, code: str = "new_address", **facts: Any) -> None:
    """Let a part ask for another address: what it had is of no use. Gives up after a few. Raises StaleRun."""
    if part.attempt >= MOST_ADDRESSES:
        return give_up(part, "no_address_held", now=now, **facts)
    with transaction.atomic():
        part.add_line(code, now=now, level=RunLine.Level.WARN, **facts)
        line.call_next(part, now=now)
        part.wait(
            line.WAITING,
            now=now,
            until=now,
            asked_at=None,
            is_asked_twice=False,
            import_id="",
            sealed_slot="",
            slot_ends_at=None,
            sending_at=None,
            uploaded_at=None,
            trouble_count=0,
        )


def _settle(error: UpstreamError, part: ImportPart, back: dict[str, Any], *, now: datetime) -> None:
    meaning = error.meaning
    facts: dict[str, Any] = {"say": meaning.user, "status": error.status, "call": error.call, "detail": error.detail}
    if isinstance(error, Throttled) or error.retry_after:
        facts["is_put_off"] = True  # by the vendor itself: nobody here may be quicker
    requesting = not part.import_id
    if isinstance(error, NoSlot):
        until = now + timedelta(seconds=error.retry_after or 1)
        return part.wait(line.WAITING if requesting else part.code, now=now, until=until, facts=part.facts, **back)
    if requesting and error.maybe_received and meaning.word in MAYBE_BEGUN:
        if part.is_asked_twice:
            raise GivenUp("answer_lost_twice", **facts)
        return answer_lost(part, now=now, facts=facts)
    if meaning.again is Again.NEW and not requesting:
        return ask_anew(part, now=now, **facts)
    if meaning.again is not Again.SAME:
        raise GivenUp(meaning.word, **facts)
    if requesting and isinstance(error, Throttled):
        return stand_in_line(part, error, back, now=now, facts=facts)
    # What the vendor has may be asked about for as long as it takes: to ask costs nothing.
    if part.may_be_with_vendor or part.trouble_count < MOST_TROUBLES:
        return wait_out(part, "trouble", now=now, facts=facts, at_least=error.retry_after, **back)
    # The table's own sentence says that we try again, and that is over.
    raise GivenUp("trouble_lasted", tries=part.trouble_count + 1, **facts)
