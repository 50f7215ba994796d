"""Before a question that the vendor counts: may the desk ask, is it this run's turn, and the intention written down.

House rule: where an answer was lost, the same is asked once more, two minutes later, and never a third time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from runs import drain, line
from runs.models import RunLine, Status, VendorRun
from runs.waits import GivenUp, answer_lost


def is_ready(run: VendorRun, *, now: datetime) -> bool:
    """Say whether a run may ask now; else it has been told what it waits for. Raises GivenUp, StaleRun."""
    if run.asked_at is not None and not _may_ask_again(run, now):
        return False
    return not _is_held_back(run, now) and (run.asked_at is not None or _is_in_turn(run, now))


def intend(run: VendorRun, *, now: datetime) -> None:
    """Commit that we are about to ask. If the answer is lost, we know that there was a question. Raises StaleRun."""
    is_again = run.asked_at is not None
    asking: dict[str, Any] = {"asked_at": now, "attempt": run.attempt + 1}
    if is_again:
        asking["is_asked_twice"] = True
    facts = {"attempt": run.attempt + 1}
    with transaction.atomic():
        if run.status == Status.QUEUED:
            run.move(Status.RUNNING, "asking", now=now, facts=facts, **asking)
        else:
            run.note("asking", now=now, facts=facts, **asking)
        if is_again:
            run.add_line("asked_twice", now=now, level=RunLine.Level.WARN)


def _may_ask_again(run: VendorRun, now: datetime) -> bool:
    """Settle a request whose answer was lost: once more, two minutes after the first. Raises GivenUp after that."""
    assert run.asked_at is not None
    if run.is_asked_twice:
        raise GivenUp("answer_lost_twice")
    if now < run.asked_at + timedelta(seconds=settings.RUN_ASK_AGAIN):
        answer_lost(run, now=now, facts={})
        return False
    return True


def _is_held_back(run: VendorRun, now: datetime) -> bool:
    """Say whether the desk starts nothing for now; then the run says so too, and keeps its place."""
    if not drain.is_on():
        return False
    with transaction.atomic():
        if (drained := drain.held()) is None:
            return False
        if run.code != line.HELD:
            run.add_line("held_back", now=now)
        # Nobody calls it before that ends, but for one whose question was lost: it stands in no line.
        until = now + timedelta(seconds=line.PATIENCE if run.asked_at else 0)
        run.wait(line.HELD, now=now, until=until, facts={"reason": drained.reason})
    return True


def _is_in_turn(run: VendorRun, now: datetime) -> bool:
    """Say whether the line has come to this run; else it takes its place there."""
    place = line.place(run, now=now)
    if place == 1 and line.has_room(run, now=now):
        return True
    # Whoever is not the first is called once that changes. The first may be called, and looks for itself too.
    until = now + timedelta(seconds=line.PATIENCE if place == 1 else 0)
    with transaction.atomic():
        if run.code != line.WAITING:
            run.add_line("joined", now=now, place=place)
        run.wait(line.WAITING, now=now, until=until, facts=run.facts if run.code == line.WAITING else {})
    return False
