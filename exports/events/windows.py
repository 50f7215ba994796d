"""The windows of a run: laid down when it starts, asked for one after another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from exports.events import period
from exports.events.spec import EventSpec
from exports.models import EventWindow, ExportRun


class NoPeriod(Exception):
    """The dates of a saved segment name no time at all."""


def lay(run: ExportRun, *, now: datetime, at_least: int = 1) -> Sequence[EventWindow]:
    """Write down what a run of events asks for: its period as it is now, in as few windows as the vendor takes.

    With `at_least`, in so many. Raises NoPeriod.
    """
    spec = run.event_spec
    whole = spec.period.resolve(spec.zone, now)
    if whole is None:
        raise NoPeriod
    parts = period.parted(whole, at_least=at_least) if spec.is_split or at_least > 1 else [whole]
    made = [EventWindow(run=run, number=n, start_at=part.start, end_at=part.end) for n, part in enumerate(parts, 1)]
    return EventWindow.objects.bulk_create(made)


def next_of(run: ExportRun) -> EventWindow:
    """Return the window that is asked for, or fetched, now: the first that is not here."""
    return run.windows.filter(fetched_at=None).order_by("number")[0]


def count(spec: EventSpec, *, now: datetime) -> int:
    """Return how many requests a run that starts now makes; 0 where the dates name no time."""
    whole = spec.period.resolve(spec.zone, now)
    if whole is None:
        return 0
    return len(period.parted(whole)) if spec.is_split else 1
