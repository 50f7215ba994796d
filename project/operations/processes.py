"""Who works for the desk: its processes as they said it themselves, the tick, and what waits at the broker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as lazy

from runs import broker, presence
from runs.models import Presence

MISSED_FOR = timedelta(hours=1)  # how long one that went without a word is told of
TICK_LATE = timedelta(minutes=1)

ROLES = {
    "calls": lazy("Short steps: one question to a vendor each"),
    "files": lazy("Long steps: fetching and verifying files"),
    presence.BEAT: lazy("The clock that sends the tick"),
}


@dataclass(frozen=True)
class Group:
    """The processes of one role on one machine that live, or those that went without a word."""

    role: str
    host: str
    count: int
    since: datetime  # when the one that lives longest began; of those gone, when the last was heard
    is_alive: bool

    @property
    def what(self) -> str:
        """What they are for."""
        return str(ROLES.get(self.role, ""))


@dataclass(frozen=True)
class Staff:
    """All that works, and all that is missing."""

    groups: list[Group]
    missing: list[str]  # queues that nobody serves, and “beat”
    ticked_at: datetime | None
    is_tick_late: bool


def tell(*, now: datetime) -> Staff:
    """Return who works, in one query."""
    heard = list(Presence.objects.filter(seen_at__gte=now - presence.FORGOTTEN))
    ticks = [process.seen_at for process in heard if process.role == presence.TICK]
    workers = [process for process in heard if process.role != presence.TICK]
    living = [process for process in workers if presence.is_alive(process, now=now)]
    gone = [one for one in workers if one not in living and now - one.seen_at < MISSED_FOR]
    served = {role for process in living for role in process.role.split(",")}
    ticked_at = max(ticks, default=None)
    return Staff(
        groups=[*_groups(living, is_alive=True), *_groups(gone, is_alive=False)],
        missing=[role for role in (*broker.QUEUES, presence.BEAT) if role not in served],
        ticked_at=ticked_at,
        is_tick_late=ticked_at is None or now - ticked_at >= TICK_LATE,
    )


def _groups(processes: Iterable[Presence], *, is_alive: bool) -> list[Group]:
    by_place: dict[tuple[str, str], list[Presence]] = {}
    for process in processes:
        by_place.setdefault((process.role, process.host), []).append(process)
    return [
        Group(
            role=role,
            host=host,
            count=len(them),
            since=min(one.since for one in them) if is_alive else max(one.seen_at for one in them),
            is_alive=is_alive,
        )
        for (role, host), them in by_place.items()
    ]
