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
    "event_exports": Width(1, 60),
    "imports": Width(10, 60),
    # Ours: a slot is sixteen calls about people of a list. Of the hundred a second that APSIS takes from an account,
    # one in five stays for everything else.
    "lists": Width(5, 1),
}
SKEW = 60.0  # seconds by which the clocks of two of our machines may differ
MOMENT = 0.01  # seconds that no clock needs to be waited for
LONGEST_HOLD = 7200.0  # seconds; what lies further ahead was written by a clock that was wrong


def take(account: VendorAccount, name: str, *, now: float) -> float:
    """Take one slot. Return 0.0 when granted, else the seconds after which asking again makes sense.

    `now` is Unix seconds. Clocks of several machines may differ by `SKEW`; one that jumps back further is believed, for
    otherwise the lane would stand still until it has caught up.
    """
    width = WIDTHS[name]
    rate = width.count / width.seconds
    for _ in range(20):
        lane = _lane(account, name, width, now)
        if MOMENT < (closed := lane.held_until - now) <= LONGEST_HOLD:
            return closed
        unchanged = Lane.objects.filter(pk=lane.pk, version=lane.version)
        if lane.filled_at > now + SKEW:
            unchanged.update(filled_at=now, version=lane.version + 1)
            continue
        level = _level(lane, width, now)
        if level < 1:
            return (1 - level) / rate
        if unchanged.update(level=level - 1, filled_at=max(now, lane.filled_at), version=lane.version + 1):
            return 0.0
    return 1 / rate  # twenty others were quicker: the lane is busy, whatever its level says


def left(lane: Lane, *, now: float) -> int:
    """Return how many slots of a lane could be taken right now, one after another."""
    return 0 if lane.held_until - now > MOMENT else int(_level(lane, WIDTHS[lane.name], now))


def hold(account: VendorAccount, name: str, *, seconds: float, now: float) -> None:
    """Close a lane to everybody for a while: the vendor has told one of us that there is no room."""
    until = now + min(seconds, LONGEST_HOLD)
    lane = _lane(account, name, WIDTHS[name], now)
    Lane.objects.filter(pk=lane.pk, held_until__lt=until).update(held_until=until)


def open_all(*, now: float) -> None:
    """Open every lane that is held: the clock was set back, and the ends of the holds are those of before."""
    Lane.objects.filter(held_until__gt=now).update(held_until=0)


def _level(lane: Lane, width: Width, now: float) -> float:
    return min(width.count, lane.level + max(0.0, now - lane.filled_at) * width.count / width.seconds)


def _lane(account: VendorAccount, name: str, width: Width, now: float) -> Lane:
    # Looked for before it is made: it is there but for the first time. There is one at most: nothing to put in order.
    return (
        next(iter(Lane.objects.filter(account=account, name=name)), None)
        or Lane.objects.get_or_create(account=account, name=name, defaults={"level": width.count, "filled_at": now})[0]
    )
