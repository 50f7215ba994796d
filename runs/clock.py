"""The clock on the wall, which somebody may set back: what waits for a moment would wait for it a second time."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.conf import settings

from accounts import lanes
from runs.models import Run, RunQuerySet

SLACK = 60.0  # seconds; a clock that is corrected by less is waited for


class Watch:
    """Compare the clock with the machine's own time, which nobody sets."""

    def __init__(self) -> None:
        self._ahead: float | None = None  # of the machine's own time

    def was_set_back(self) -> bool:
        """Say whether the clock was set back since the last look."""
        before, self._ahead = self._ahead, time.time() - time.monotonic()
        return before is not None and self._ahead < before - SLACK


def make_good(runs: RunQuerySet[Run], *, now: datetime) -> None:
    """Let nobody wait for a moment that the clock has shown before: every run looks for itself, within a lease."""
    lease_ends = now + timedelta(seconds=settings.RUN_LEASE)
    runs.unfinished().filter(lease_until__gt=lease_ends).update(lease_until=lease_ends)
    runs.unfinished().filter(due_at__gt=now).update(due_at=now)
    lanes.open_all(now=now.timestamp())
