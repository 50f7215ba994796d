"""Two weeks of somebody's runs, day by day: how they ended, how many rows they brought, and both as drawings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import TruncDate
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports.chart import Chart, Grid, nice
from exports.models import ExportFile, ExportRun
from runs.models import Status
from wording.amounts import count
from wording.moments import weekday

DAYS = 14
WIDTH = 440.0  # of a drawing, in its own units
LABELLED = (0, 4, 8, DAYS - 1)  # days whose date stands under them
OUTCOMES = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)


@dataclass
class Day:
    """A day: how many runs ended on it, by outcome, and how many rows their files hold."""

    day: date
    ready: int = 0
    failed: int = 0
    cancelled: int = 0
    rows: int = 0


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
    # Looked up run by run: a join lets a server read all the files there are.
    rows = Subquery(ExportFile.objects.filter(pk=OuterRef("file")).values("row_count"))
    for found in ended.values("day", "status").annotate(n=Count("*"), rows=Sum(rows)):
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
    return _drawn(
        days,
        lambda day: (("ready", day.ready), ("failed", day.failed), ("cancelled", day.cancelled)),
        lambda day: _parts(day.ready, day.failed, day.cancelled),
        nice(max(map(_all, days))),
        f"{said % {'n': count(total)}} {parts}.",
    )


def _rows(days: Sequence[Day]) -> Chart:
    total = sum(day.rows for day in days)
    most = max(days, key=lambda day: day.rows)
    came = ngettext("%(n)s row came in the last 14 days", "%(n)s rows came in the last 14 days", total)
    when = _("all on %(day)s") if most.rows == total else _("most of them on %(day)s: %(most)s")
    day = {"day": formats.date_format(most.day, "j F"), "most": count(most.rows)}
    words = f"{came % {'n': count(total)}}, {when % day}."
    return _drawn(days, lambda day: (("rows", day.rows),), lambda day: _many_rows(day.rows), nice(most.rows), words)


def _parts(ready: int, failed: int, cancelled: int) -> str:
    said = (
        (ready, ngettext("%(n)s ready", "%(n)s ready", ready)),
        (failed, ngettext("%(n)s failed", "%(n)s failed", failed)),
        (cancelled, ngettext("%(n)s cancelled", "%(n)s cancelled", cancelled)),
    )
    return ", ".join(words % {"n": count(n)} for n, words in said if n)


def _many_rows(rows: int) -> str:
    return ngettext("%(n)s row", "%(n)s rows", rows) % {"n": count(rows)} if rows else ""


Parts = Callable[[Day], Iterable[tuple[str, int]]]


def _drawn(days: Sequence[Day], parts: Parts, says: Callable[[Day], str], highest: int, text: str) -> Chart:
    grid = Grid(WIDTH, DAYS, highest)
    columns = []
    for number, day in enumerate(days):
        label = formats.date_format(day.day, "SHORT_DATE_FORMAT") if number in LABELLED else ""
        said = says(day)
        columns.append(
            grid.column(
                number,
                parts(day),
                says=f"{weekday(day.day)}: {said}" if said else "",
                label=_("today") if number == DAYS - 1 else label,
            )
        )
    return grid.chart(text, columns)
