"""Lanes: the limits that a vendor counts per account, shared by every worker on every machine.

Each is a token bucket in one database row, changed by compare-and-set, so no process needs to know of another.
The figures come from the vendor's limits page by way of `upstream.apsis.limits`.
"""

from dataclasses import dataclass

from accounts.models import Lane, VendorAccount


@dataclass(frozen=True)
class Width:
    """How wide a lane is: `count` calls in `seconds`, all of them at once if nothing was asked for a while."""

    count: float
    seconds: float


# Counted per account by APSIS, not per key (developer.apsis.com, Limits).
WIDTHS = {
    "tokens": Width(10, 60),
    "polls": Width(60, 60),
    "exports": Width(1, 1),
}


def take(account: VendorAccount, name: str, *, now: float) -> float:
    """Take one slot. Return 0.0 when granted, else the seconds after which asking again makes sense.

    `now` is Unix seconds. A clock that jumps back fills nothing and takes nothing away.
    """
    width = WIDTHS[name]
    rate = width.count / width.seconds
    for _ in range(20):
        lane, _made = Lane.objects.get_or_create(
            account=account, name=name, defaults={"level": width.count, "filled_at": now}
        )
        level = min(width.count, lane.level + max(0.0, now - lane.filled_at) * rate)
        if level < 1:
            return (1 - level) / rate
        taken = Lane.objects.filter(pk=lane.pk, version=lane.version).update(
            level=level - 1, filled_at=max(now, lane.filled_at), version=lane.version + 1
        )
        if taken:
            return 0.0
    return 1 / rate  # twenty others were quicker: the lane is busy, whatever its level says
