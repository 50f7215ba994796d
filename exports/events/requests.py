"""The requests that a run of events makes of the vendor, one for each window of time, as its page lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from exports import sentences
from exports.models import EventWindow, ExportRun


@dataclass(frozen=True)
class Line:
    """One request. `state` is a word of templates/_parts/status.html; times are in the time zone of the segment."""

    number: int
    start: datetime
    end: datetime
    state: str
    word: str
    length: int  # bytes that came, as they came


@dataclass(frozen=True)
class Requests:
    """All of them, with the whole time they cover, in the saved segment's zone."""

    lines: Sequence[Line]
    start: datetime
    end: datetime
    zone: str


def of(run: ExportRun) -> Requests:
    """Return the requests of a run, in order."""
    zone = run.event_spec.zone
    windows = list(run.windows.all())
    next_one = next((window for window in windows if window.fetched_at is None), None)
    lines = [
        Line(
            window.number,
            timezone.localtime(window.start_at, zone),
            timezone.localtime(window.end_at, zone),
            *_state(run, window, is_next=window is next_one),
            window.received_length,
        )
        for window in windows
    ]
    return Requests(lines, lines[0].start, lines[-1].end, run.event_spec.time_zone)


def _state(run: ExportRun, window: EventWindow, *, is_next: bool) -> tuple[str, str]:
    if window.fetched_at:
        return "ready", _("here")
    if run.is_over:
        return "gone", _("not fetched")
    if is_next:
        return "working", sentences.state(run)
    return "waiting", _("to come")
