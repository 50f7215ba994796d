"""Each vendor account: what is left of its limits, how many of ours it has, and who waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext_lazy as lazy

from accounts import lanes, limits
from accounts.models import Lane, VendorAccount
from exports.models import ExportRun
from project.operations.runs import seen
from runs import line

MOST_IN_LINE = 5  # runs of a line that are shown one by one

LANES = {
    "exports": (lazy("Requests"), lazy("%(n)s a second")),
    "event_exports": (lazy("Event requests"), lazy("%(n)s a minute")),
    "imports": (lazy("Imports"), lazy("%(n)s a minute")),
    "lists": (lazy("Lists"), lazy("%(n)s × 16 a second")),
    "polls": (lazy("Polls and downloads"), lazy("%(n)s a minute")),
    "tokens": (lazy("Sign-ins"), lazy("%(n)s a minute")),
}


@dataclass(frozen=True)
class LaneState:
    """One limit of an account: what it is, what is left right now, and until when nobody may use it."""

    name: str
    limit: str
    left: int
    of: int
    held_until: datetime | None


@dataclass(frozen=True)
class Vendor:
    """One vendor account as the desk works with it."""

    account: VendorAccount
    lanes: list[LaneState]
    at_vendor: int
    waiting: int
    width: int | None
    line: list[ExportRun]

    @property
    def more(self) -> int:
        """How many stand in line behind those that are shown."""
        return max(0, self.waiting - len(self.line))


@dataclass(frozen=True)
class Busy:
    """How many runs a vendor account has, and how many wait for it."""

    account: VendorAccount
    at_vendor: int
    waiting: int


def busiest_first() -> list[Busy]:
    """Return all vendor accounts, those with most to do first."""
    unfinished = ExportRun.objects.unfinished().order_by().values("account")
    counted = unfinished.annotate(
        there=Count("pk", filter=ExportRun.at_vendor()), waiting=Count("pk", filter=ExportRun.unasked())
    )
    counts = {row["account"]: (row["there"], row["waiting"]) for row in counted}
    accounts = [Busy(account, *counts.get(account.pk, (0, 0))) for account in VendorAccount.objects.all()]
    return sorted(accounts, key=lambda busy: -(busy.at_vendor + busy.waiting))


def tell(accounts: Sequence[Busy], *, now: datetime) -> list[Vendor]:
    """Return the state of accounts, in four queries."""
    those = [busy.account for busy in accounts]
    kept = {(lane.account_id, lane.name): lane for lane in Lane.objects.filter(account__in=those)}
    widths = limits.widths(those, ExportRun.lane, now=now)
    lines: dict[int, list[ExportRun]] = {}
    for run in _first_of_each(those, now=now):
        lines.setdefault(run.account_id, []).append(run)
    return [
        Vendor(
            account=busy.account,
            lanes=[_lane(name, kept.get((busy.account.pk, name)), now) for name in LANES],
            at_vendor=busy.at_vendor,
            waiting=busy.waiting,
            width=widths.get(busy.account.pk),
            line=lines.get(busy.account.pk, []),
        )
        for busy in accounts
    ]


def _first_of_each(accounts: Sequence[VendorAccount], *, now: datetime) -> QuerySet[ExportRun]:
    place = Window(RowNumber(), partition_by=F("account"), order_by=["turn", "pk"])
    standing = line.standing(ExportRun.objects.filter(account__in=accounts), now=now).order_by().annotate(place=place)
    # Many rows are looked at, and little of each; the few that are shown are read afterwards.
    shown = list(standing.filter(place__lte=MOST_IN_LINE).values_list("pk", flat=True))
    return seen(ExportRun.objects.filter(pk__in=shown)).order_by("account", "turn", "pk")


def _lane(name: str, lane: Lane | None, now: datetime) -> LaneState:
    width = lanes.WIDTHS[name]
    title, limit = LANES[name]
    moment = now.timestamp()
    held = lane is not None and lane.held_until - moment > 1
    return LaneState(
        name=str(title),
        limit=str(limit) % {"n": int(width.count)},
        left=int(width.count) if lane is None else lanes.left(lane, now=moment),
        of=int(width.count),
        held_until=datetime.fromtimestamp(lane.held_until, tz=UTC) if lane and held else None,
    )
