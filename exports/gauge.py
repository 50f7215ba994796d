"""How long a saved segment usually takes at the vendor, as a scale with its last runs and “now” on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports.models import ExportRun
from runs.models import Status
from wording.moments import duration

LAST_RUNS = 5
LEFT, RIGHT, WIDTH, HEIGHT = 6.0, 372.0, 378, 72
AXIS = 46.5
# seconds between two labels; the first that needs few enough of them is taken
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1800, 3600, 7200, 14400, 28800)
MOST_LABELS = 5
# Text is set by the browser; these are what its widths come to, in units of the drawing, on the narrowest screen.
NOW_WIDTH, PAST_WIDTH, AIR = 30.0, 128.0, 10.0
LETTER = 7.0


@dataclass(frozen=True)
class Past:
    """What the last successful runs of a segment took: at the vendor, and from request to file."""

    at_vendor: tuple[timedelta, ...]
    to_file: tuple[timedelta, ...]

    @property
    def usual(self) -> str:
        """Between which times the vendor was ready, in words."""
        return between(min(self.at_vendor), max(self.at_vendor))


@dataclass(frozen=True)
class Tick:
    x: float
    label: str
    anchor: str


@dataclass(frozen=True)
class Gauge:
    """A drawing: numbers for the attributes of an SVG, and the words that stand for it."""

    usual: str
    runs: str
    text: str
    ticks: tuple[Tick, ...]
    past: tuple[float, ...]
    band_x: float
    band_width: float
    now: float
    now_label: str
    past_label: str
    past_x: float
    now_anchor: str
    is_late: bool
    width: int = WIDTH
    height: int = HEIGHT


def past(run: ExportRun) -> Past | None:
    """Return what the last runs of the same saved segment took, None when this is the first that succeeds."""
    earlier = (
        ExportRun.objects.filter(owner=run.owner_id, segment=run.segment_id, status=Status.SUCCEEDED, pk__lt=run.pk)
        .exclude(requested_at=None)
        .exclude(ready_at=None)
        .order_by("-pk")
        .values_list("requested_at", "ready_at", "finished_at")[:LAST_RUNS]
    )
    rows = [
        (ready - requested, finished - requested)
        for requested, ready, finished in earlier
        if requested and ready and finished and requested <= ready <= finished
    ]
    return Past(tuple(row[0] for row in rows), tuple(row[1] for row in rows)) if rows else None


def guess(run: ExportRun, known: Past | None, *, now: datetime) -> tuple[datetime, datetime] | None:
    """Return between which times the file is usually here; None when that would not be honest.

    One run before is no custom, and once the longest time has passed nobody knows.
    """
    if run.requested_at is None or known is None or len(known.to_file) < 2:
        return None
    first, last = run.requested_at + min(known.to_file), run.requested_at + max(known.to_file)
    return (max(first, now), last) if last > now else None


def draw(known: Past, so_far: timedelta) -> Gauge:
    """Return the drawing for a run that has been at the vendor for `so_far`."""
    lengths = sorted(length.total_seconds() for length in known.at_vendor)
    elapsed = max(0.0, so_far.total_seconds())
    step, top = _scale(max(*lengths, elapsed) * 1.08)

    def place(seconds: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * min(seconds, top) / top, 1)

    marks = tuple(map(place, lengths))
    now = place(elapsed)
    count = len(lengths)
    return Gauge(
        usual=known.usual,
        runs=ngettext("in the one run before", "in the last %(n)s runs", count) % {"n": count},
        text=_("Scale from 0 to %(top)s. The runs before took %(usual)s. This run has taken %(now)s.")
        % {"top": duration(top), "usual": known.usual, "now": duration(elapsed)},
        ticks=tuple(_ticks(step, top, place(step) - LEFT)),
        past=marks,
        band_x=marks[0] - 3,
        band_width=round(marks[-1] - marks[0] + 6, 1),
        now=now,
        now_label=_("now"),
        past_label=ngettext("the run before", "the last %(n)s runs", count) % {"n": count},
        past_x=_beside(now, (marks[0] + marks[-1]) / 2),
        now_anchor="start" if now < LEFT + 12 else "end" if now > RIGHT - 12 else "middle",
        is_late=elapsed > lengths[-1],
    )


def between(least: timedelta, most: timedelta) -> str:
    """Return a span of time in whole units that hold it: “6 to 8 seconds”, “4 to 9 minutes”."""
    low, high = least.total_seconds(), most.total_seconds()
    if high < 120:
        first, last = math.floor(low), math.ceil(high)
        words = ngettext("%(span)s second", "%(span)s seconds", max(last, 1))
    elif high < 7200:
        first, last = math.floor(low / 60), math.ceil(high / 60)
        words = ngettext("%(span)s minute", "%(span)s minutes", last)
    else:
        first, last = math.floor(low / 3600), math.ceil(high / 3600)
        words = ngettext("%(span)s hour", "%(span)s hours", last)
    if first == 0:
        return words % {"span": _("up to %(n)s") % {"n": max(last, 1)}}
    return words % {"span": str(last) if first == last else _("%(first)s to %(last)s") % {"first": first, "last": last}}


def _scale(needed: float) -> tuple[int, int]:
    """Return the seconds between labels, and the end of the scale."""
    step = next((step for step in STEPS if needed / step <= MOST_LABELS), STEPS[-1])
    return step, step * max(2, math.ceil(needed / step))


def _ticks(step: int, top: int, apart: float) -> Sequence[Tick]:
    ticks = []
    for number in range(top // step + 1):
        # Labels that would touch on a long scale: every other one stays without.
        label = "" if apart < 50 and number % 2 else duration(number * step) if number else "0"
        x = round(LEFT + apart * number, 1)
        anchor = "start" if number == 0 else "end" if x > RIGHT - 20 else "middle"
        ticks.append(Tick(x, label, anchor))
    # The last label ends where the scale does, so a long one comes near the one before it: that one gives way.
    before, last = ticks[-2:]
    if before.x + LETTER * len(before.label) / 2 + AIR / 2 > last.x - LETTER * len(last.label):
        ticks[-2] = Tick(before.x, "", before.anchor)
    return ticks


def _beside(now: float, middle: float) -> float:
    """Return where the words over the past runs stand, so that the word “now” has room beside them."""
    half = PAST_WIDTH / 2
    middle = min(max(middle, LEFT + half), RIGHT - half)
    apart = half + NOW_WIDTH / 2 + AIR
    if abs(now - middle) >= apart:
        return round(middle, 1)
    right, left = now + apart, now - apart
    return round(right if right + half <= RIGHT + 4 else left, 1)
