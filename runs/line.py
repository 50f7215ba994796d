"""The line of a vendor account: who may ask next, where the vendor takes few requests at a time.

Fair by rounds. Whoever joins stands in the round that is being served, or in the one after their own last; rounds are
served in order, and within one the order is that of joining. So a person's only run waits for one run of everybody
else, not for the forty that somebody started before. The round is a number in the row (`turn`): no place has to be
moved when the line does. (docs/decisions/0007)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db.models import F, Max, Min, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from accounts import limits
from runs import nudges
from runs.models import Run, RunQuerySet

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User, VendorAccount

R = TypeVar("R", bound=Run)

WAITING = "waiting_in_line"  # the code of a run that stands in line, also when it may not ask before some moment
HELD = "held_back"  # and of one that keeps its place there while the desk starts nothing (runs/drain.py)
PATIENCE = 15.0  # seconds after which the first in line looks again, should nobody have called it


def standing(runs: QuerySet[R], *, now: datetime) -> QuerySet[R]:
    """Narrow runs to those that stand in a line, in order. Who waits for a moment of their own is not in the way."""
    present = Q(code__in=(WAITING, HELD)) | Q(due_at__lte=now)
    return runs.filter(runs.model.unasked(), present).order_by("turn", "pk")


def turn(runs: QuerySet[R], *, account: VendorAccount, owner: User, now: datetime) -> int:
    """Return the round of a run that joins the line now."""
    line = standing(runs, now=now).filter(account=account).order_by()
    known = line.aggregate(served=Min("turn"), own=Max("turn", filter=Q(owner=owner)))
    return int(known["served"] or 0) if known["own"] is None else int(known["own"]) + 1


def place(run: Run, *, now: datetime) -> int:
    """Return a run's place in its line: 1 is next."""
    line = standing(type(run)._default_manager.all(), now=now).filter(account=run.account_id)
    before = Q(turn__lt=run.turn) | Q(turn=run.turn, pk__lt=run.pk)
    return line.filter(before).order_by().count() + 1


def at_vendor(run: Run) -> int:
    """Return how many other runs of the same account the vendor has its hands full with."""
    others = type(run)._default_manager.filter(type(run).at_vendor(), account=run.account_id)
    return others.exclude(pk=run.pk).count()


def has_room(run: Run, *, now: datetime) -> bool:
    """Say whether the account, as far as it has taught us, takes one more request."""
    width = limits.width(run.account, run.lane, now=now)
    return width is None or at_vendor(run) < width


def first(runs: RunQuerySet[R], *, now: datetime) -> RunQuerySet[R]:
    """Narrow runs to the first of each account's line that may be called now."""
    rank = Window(RowNumber(), partition_by=F("account"), order_by=["turn", "pk"])
    firsts = standing(runs, now=now).order_by().annotate(rank=rank).filter(rank=1)
    # In a query of their own: beside `rank` these conditions would narrow the lines first, and let others overtake.
    return runs.filter(pk__in=firsts.values("pk")).due(now)


def untold(runs: RunQuerySet[R], *, now: datetime) -> RunQuerySet[R]:
    """Narrow runs to those that would ask now and have yet to learn that the desk starts nothing."""
    return runs.due(now).filter(runs.model.unasked()).exclude(code=HELD).order_by("turn", "pk")


def call_next(run: Run, *, now: datetime) -> None:
    """Call the first of the line: a run of the same account has left the vendor."""
    runs = type(run)._default_manager.all()
    head = standing(runs, now=now).filter(account=run.account_id).first()
    if head and runs.filter(pk=head.pk, code=WAITING, lease_until=None).update(due_at=now):
        nudges.poke(head)
