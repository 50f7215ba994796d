"""Draining: finish what is at the vendor, start nothing. One row, which every worker looks at before it asks.

A request that a worker has in hand at the very moment when it begins still goes out, and is finished like the others.
"""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from runs.models import Drain

ONLY = 1  # there is one row, or none


def current() -> Drain | None:
    """Return the drain that is on, if one is."""
    return Drain.objects.select_related("by").filter(pk=ONLY).first()


def is_on() -> bool:
    """Say whether the desk starts nothing for now."""
    return Drain.objects.filter(pk=ONLY).exists()


def held() -> Drain | None:
    """Return the drain that is on, which cannot end before the present transaction has.

    So a run that is held back now is among those that its end lets go.
    """
    return Drain.objects.select_for_update().filter(pk=ONLY).first()


def begin(*, by: User, reason: str, now: datetime) -> bool:
    """Begin, unless it has begun."""
    _drain, is_new = Drain.objects.get_or_create(pk=ONLY, defaults={"since": now, "by": by, "reason": reason})
    return is_new


def end() -> bool:
    """End, unless it has ended."""
    deleted, _by_model = Drain.objects.filter(pk=ONLY).delete()
    return bool(deleted)
