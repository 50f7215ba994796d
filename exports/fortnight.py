"""Two weeks of somebody's runs, day by day: how they ended, how many rows they brought, and both as drawings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports.models import ExportRun
from exports.templatetags.desk import count, weekday
from runs.models import Status

DAYS = 14
WIDTH, HEIGHT = 440.0, 132.0  # of a drawing, in its own units
LEFT, TOP, BASE = 44.0, 10.0, 104.0  # where the scale ends, where the highest bar ends, where all begin
GAP = 4.0  # between two days
LABELLED = (0, 4, 8, DAYS - 1)  # days whose date stands under them
OUTCOMES = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)
SUFFIXES = ((1_000_000, "M"), (1_000, "k"))


@dataclass
class Day:
    """A day: how many runs ended on it, by outcome, and how many rows their files hold."""

    day: date
    ready: int = 0
    failed: int = 0
    cancelled: int = 0
    rows: int = 0


@dataclass(frozen=True)
class Bar:
    """A part of a day's column. `css` says what it counts."""

    css: str
    y: float
    height: float


@dataclass(frozen=True)
class Column:
    x: float
    width: float
    bars: tuple[Bar, ...]
    says: str
    label: str
    label_x: float
    anchor: str


@dataclass(frozen=True)
class Chart:
    """A drawing: numbers for the attributes of an SVG, and the sentence that stands for it."""

    text: str
    columns: tuple[Column, ...]
    top: str  # what the highest line of the scale stands for
    middle: str
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    top_y: float = TOP
    middle_y: float = (TOP + BASE) / 2
    base_y: float = BASE


@dataclass(frozen=True)
class Fortnight:
    """What the home page shows of the last two weeks; the same figures as two drawings and as a table."""

    days: tuple[Day, ...]
    runs: Chart
    rows: Chart | None  # where any came


def of(runs: QuerySet[ExportRun], *, now: datetime) -> Fortnight | None:
    """Return the last two weeks of these runs, today included, in the reader's time zone; None if none has ended.

    Costs one query, however many runs there are.
    """
    today = timezone.localdate(now)
    first = today - timedelta(days=DAYS - 1)
    begin = timezone.make_aware(datetime.combine(first, time.min), timezone.get_current_timezone())
    days = {first + timedelta(days=n): Day(first + timedelta(days=n)) for n in range(DAYS)}
    ended = runs.filter(finished_at__gte=begin).annotate(day=TruncDate("finished_at")).order_by()
    for found in ended.values("day", "status").annotate(n=Count("pk"), rows=Sum("file__row_count")):
        _count(days.get(found["day"]), found)
    return drawn(tuple(days.values())) if any(map(_all, days.values())) else None


def drawn(days: tuple[Day, ...]) -> Fortnight:
    """Return the drawings of these days; on some of them a run has ended."""
    return Fortnight(days, _runs(days), _rows(days) if any(day.rows for day in days) else None)


def _count(day: Day | None, found: Mapping[str, Any]) -> None:
    if day is None:  # ended after midnight of a day that has not begun where the reader is
        return
    if found["status"] == Status.SUCCEEDED:
        day.ready, day.rows = found["n"], found["rows"] or 0
    elif found["status"] == Status.FAILED:
        day.failed = found["n"]
    else:
        day.cancelled = found["n"]


def _all(day: Day) -> int:
    return day.ready + day.failed + day.cancelled


def _runs(days: Sequence[Day]) -> Chart:
    total = sum(map(_all, days))
    said = ngettext("%(n)s run ended in the last 14 days:", "%(n)s runs ended in the last 14 days:", total)
    parts = _parts(sum(d.ready for d in days), sum(d.failed for d in days), sum(d.cancelled for d in days))
    highest = _nice(max(map(_all, days)), least=2)
    return Chart(
        f"{said % {'n': count(total)}} {parts}.",
        tuple(
            _column(
                number,
                day,
                (("ready", day.ready), ("failed", day.failed), ("cancelled", day.cancelled)),
                highest,
                _parts(day.ready, day.failed, day.cancelled),
            )
            for number, day in enumerate(days)
        ),
        _short(highest),
        _short(highest // 2) if highest % 2 == 0 else "",
    )


def _rows(days: Sequence[Day]) -> Chart:
    total = sum(day.rows for day in days)
    most = max(days, key=lambda day: day.rows)
    came = ngettext("%(n)s row came in the last 14 days", "%(n)s rows came in the last 14 days", total)
    when = _("all on %(day)s") if most.rows == total else _("most of them on %(day)s: %(most)s")
    day = {"day": formats.date_format(most.day, "j F"), "most": count(most.rows)}
    words = f"{came % {'n': count(total)}}, {when % day}."
    highest = _nice(most.rows, least=2)
    return Chart(
        words,
        tuple(
            _column(number, day, (("rows", day.rows),), highest, _many_rows(day.rows))
            for number, day in enumerate(days)
        ),
        _short(highest),
        _short(highest // 2) if highest % 2 == 0 else "",
    )


def _parts(ready: int, failed: int, cancelled: int) -> str:
    said = (
        (ready, ngettext("%(n)s ready", "%(n)s ready", ready)),
        (failed, ngettext("%(n)s failed", "%(n)s failed", failed)),
        (cancelled, ngettext("%(n)s cancelled", "%(n)s cancelled", cancelled)),
    )
    return ", ".join(words % {"n": count(n)} for n, words in said if n)


def _many_rows(rows: int) -> str:
    return ngettext("%(n)s row", "%(n)s rows", rows) % {"n": count(rows)} if rows else ""


def _column(number: int, day: Day, parts: Sequence[tuple[str, int]], highest: int, says: str) -> Column:
    step = (WIDTH - LEFT) / DAYS
    x = LEFT + number * step + GAP / 2
    bars, y = [], BASE
    for css, n in parts:
        if not n:
            continue
        height = max(1.5, (BASE - TOP) * n / highest)  # however few, they are seen
        y -= height
        bars.append(Bar(css, round(y, 1), round(height, 1)))
    is_last = number == DAYS - 1
    label = formats.date_format(day.day, "SHORT_DATE_FORMAT") if number in LABELLED else ""
    return Column(
        round(x, 1),
        round(step - GAP, 1),
        tuple(bars),
        f"{weekday(day.day)}: {says}" if says else "",
        _("today") if is_last else label,
        round(WIDTH if is_last else x if number == 0 else x + (step - GAP) / 2, 1),
        "end" if is_last else "start" if number == 0 else "middle",
    )


def _nice(value: int, *, least: int) -> int:
    """Return the next figure that a scale may end at: 2, 4, 6, 10, 20, 40, 60, 100 …"""
    value = max(value, least)
    power = 10 ** math.floor(math.log10(value))
    found = next(step * power for step in (1, 2, 4, 6, 10) if step * power >= value)
    return int(found)


def _short(value: int) -> str:
    """Return a figure of the scale: 20, 400, 20 k, 1 M."""
    for size, suffix in SUFFIXES:
        if value >= size and value * 10 % size == 0:
            return f"{formats.number_format(value / size, 0 if value % size == 0 else 1)}\u00a0{suffix}"
    return count(value)
