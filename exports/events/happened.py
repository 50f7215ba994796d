"""What an export of events holds, as the run's page shows it: figures, days, types, and what stands in their fields."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports.chart import Chart, Column, Grid, nice
from exports.events.found import Found
from exports.events.names import Names
from exports.events.statistics import Statistics, TypeCount, Values
from exports.models import EventFigures, ExportRun
from wording.amounts import count
from wording.moments import weekday
from wording.names import isolated

WIDTH, NARROW = 920.0, 400.0  # of the drawing on a desk and on a phone, in its own units
MOST_COLUMNS = 100  # days that are drawn one by one; beyond, weeks are
TOLD_APART = 4  # types that have a colour of their own, the most frequent; the others share one
SHOWN_VALUES = 10
OTHERS = "kind-other"
LABELS = 6  # dates under a drawing, about; on a phone fewer, for they stand as wide as on a desk


@dataclass(frozen=True)
class Value:
    """One of the most frequent values of a field. `width` is that of a bar 100 wide."""

    text: str
    times: int
    width: float


@dataclass(frozen=True)
class FieldFigures:
    """What stands in one field of a type's data."""

    name: str
    filled: int
    values: Sequence[Value]
    others: int
    is_scattered: bool
    is_exact: bool


@dataclass(frozen=True)
class Type:
    """One type of event. `css` is the colour of its part of a column, if it has one."""

    name: str
    css: str
    events: int
    people: int
    retries: int
    not_recorded: int
    first: datetime | None
    last: datetime | None
    fields: Sequence[FieldFigures]


@dataclass(frozen=True)
class Day:
    """A day, or a week by its first day."""

    day: date
    counts: Sequence[int]  # in the order of the types

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True)
class Happened:
    """All of it. `chart` is None where no event has a time, and so is `narrow`, the same for a phone."""

    people: int
    with_events: int
    events: int
    retries: int
    repeated: int
    not_recorded: int
    first: datetime | None
    last: datetime | None
    zone: str
    chart: Chart | None
    narrow: Chart | None
    days: Sequence[Day]
    is_by_week: bool
    keys: Sequence[tuple[str, str]]  # (css, name) of the drawing's colours
    types: Sequence[Type]
    remarks: Sequence[str]

    @property
    def without_events(self) -> int:
        return self.people - self.with_events


@dataclass(frozen=True)
class Unread:
    """Why nothing could be counted: where the JSON stops being right. `at` counts bytes from 0."""

    what: str
    at: int
    person: int | None


def of(run: ExportRun) -> Happened | Unread | None:
    """Return what a run of events brought; its figures outlive the file. None while there is none."""
    if run.file is None:
        return None
    kept = EventFigures.objects.filter(file=run.file).first()
    if kept is None:
        return None
    found = Found.from_json(kept.found)
    if found.trouble:
        return Unread(_trouble(found.trouble.code), found.trouble.at, found.trouble.profile)
    return tell(found.statistics, run.event_spec.names) if found.statistics else None


def tell(found: Statistics, names: Names) -> Happened:
    """Return the same from figures."""
    named = {key: isolated(name) for key, name in names.event_names().items()}
    ordered = sorted(found.types.items(), key=lambda item: (-_once(item[1]), item[0]))
    css = {key: f"kind-{number}" for number, (key, _count) in enumerate(ordered[:TOLD_APART], 1)}
    days, is_by_week = _days(found)
    return Happened(
        people=found.profiles,
        with_events=found.with_events,
        events=found.events - found.retries,
        retries=found.retries,
        repeated=found.repeated,
        not_recorded=found.not_recorded,
        first=_moment(found.first),
        last=_moment(found.last),
        zone=found.zone,
        chart=_chart(days, css, named, is_by_week=is_by_week, width=WIDTH) if days else None,
        narrow=_chart(days, css, named, is_by_week=is_by_week, width=NARROW) if days else None,
        days=[Day(day, [counts.get(key, 0) for key, _one in ordered]) for day, counts in days.items() if counts],
        is_by_week=is_by_week,
        keys=[(colour, named.get(key, key)) for key, colour in css.items()]
        + ([(OTHERS, _("others"))] if len(ordered) > len(css) else []),
        types=[
            _type(named.get(key, key), css.get(key, OTHERS), one, found.values.get(key, {})) for key, one in ordered
        ],
        remarks=list(_remarks(found)),
    )


def _once(one: TypeCount) -> int:
    """Return how many events there were, each counted once."""
    return one.events - one.retries


def _type(name: str, css: str, one: TypeCount, values: Mapping[str, Values]) -> Type:
    fields = [_field(isolated(field), found) for field, found in values.items() if found.filled]
    first, last = _moment(one.first), _moment(one.last)
    return Type(name, css, _once(one), one.profiles, one.retries, one.not_recorded, first, last, fields)


def _field(name: str, found: Values) -> FieldFigures:
    most = found.top.most_common(SHOWN_VALUES)
    highest = most[0][1] if most else 1
    values = [Value(isolated(text), times, round(max(0.6, 100 * times / highest), 1)) for text, times in most]
    others = found.filled - sum(value.times for value in values)
    return FieldFigures(name, found.filled, values, others, found.is_scattered, found.is_exact)


def _moment(ms: int | None) -> datetime | None:
    if ms is None:
        return None
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    except OverflowError:
        return None


# ── Days ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _days(found: Statistics) -> tuple[dict[date, dict[str, int]], bool]:
    """Return the days from the first to the last event, empty ones too, or weeks where there are too many."""
    counted = {date.fromisoformat(day): counts for day, counts in found.days.items()}
    if not counted:
        return {}, False
    first, last = min(counted), max(counted)
    if (last - first).days < MOST_COLUMNS:
        every = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return {day: counted.get(day, {}) for day in every}, False
    weeks: dict[date, dict[str, int]] = {}
    for day in sorted(counted):
        week = weeks.setdefault(day - timedelta(days=day.weekday()), {})
        for key, n in counted[day].items():
            week[key] = week.get(key, 0) + n
    return weeks, True


def _chart(
    days: Mapping[date, Mapping[str, int]],
    css: Mapping[str, str],
    named: Mapping[str, str],
    *,
    is_by_week: bool,
    width: float,
) -> Chart:
    totals = {day: sum(counts.values()) for day, counts in days.items()}
    most = max(totals, key=lambda day: totals[day])
    gap, labels = 4.0 if len(days) < 40 else 1.5, LABELS
    if width == NARROW:
        gap, labels = gap / 2, LABELS - 2
    grid = Grid(width, max(len(days), 7), nice(totals[most]), gap=gap)
    every = max(1, math.ceil(len(days) / labels))

    def column(number: int, day: date, counts: Mapping[str, int]) -> Column:
        parts = [(css[key], counts.get(key, 0)) for key in css]
        parts.append((OTHERS, sum(n for key, n in counts.items() if key not in css)))
        is_labelled = number % every == 0 and number + every / 2 < len(days)
        label = formats.date_format(day, "SHORT_DATE_FORMAT") if is_labelled else ""
        said = ", ".join(f"{named.get(key, key)} {count(n)}" for key, n in counts.items())
        return grid.column(number, parts, says=f"{_called(day, is_by_week)}: {said}" if said else "", label=label)

    total = sum(totals.values())
    words = ngettext("%(n)s event with a time.", "%(n)s events with a time.", total) % {"n": count(total)}
    told = {"day": _called(most, is_by_week), "most": count(totals[most])}
    text = f"{words} {_('Most of them: %(day)s, %(most)s.') % told}"
    return grid.chart(text, [column(number, day, counts) for number, (day, counts) in enumerate(days.items())])


def _called(day: date, is_by_week: bool) -> str:
    if is_by_week:
        return _("the week from %(day)s") % {"day": formats.date_format(day, "j F Y")}
    return str(weekday(day))


# ── What is worth knowing ────────────────────────────────────────────────────────────────────────────────────────


def _remarks(found: Statistics) -> Iterator[str]:
    if found.retries:
        yield ngettext(
            "%(n)s event came again because a source sent it twice. It is marked, and counted once.",
            "%(n)s events came again because a source sent them twice. They are marked, and counted once.",
            found.retries,
        ) % {"n": count(found.retries)}
    if found.not_recorded:
        yield ngettext(
            "%(n)s event has no time of its own: “not recorded”. It is on no day of the drawing.",
            "%(n)s events have no time of their own: “not recorded”. They are on no day of the drawing.",
            found.not_recorded,
        ) % {"n": count(found.not_recorded)}
    if found.repeated:
        yield ngettext(
            "%(n)s event stood in two of the files, at their border. It is counted once.",
            "%(n)s events stood in two of the files, at their border. They are counted once.",
            found.repeated,
        ) % {"n": count(found.repeated)}
    left_out = found.days_left_out + found.types_left_out
    if left_out:
        yield ngettext(
            "%(n)s event is in the files and not in these figures: there are more types or days than are told apart.",
            "%(n)s events are in the files and not in these figures: there are more types or days than are told apart.",
            left_out,
        ) % {"n": count(left_out)}
    if odd := sum(found.oddities.values()):
        yield ngettext(
            "%(n)s thing in the file is not as APSIS describes it. Nothing was left out of the original.",
            "%(n)s things in the file are not as APSIS describes them. Nothing was left out of the original.",
            odd,
        ) % {"n": count(odd)}


def _trouble(code: str) -> str:
    told: dict[str, Any] = {
        "malformed": _("There it stops being JSON."),
        "not_utf8": _("There it stops being text."),
        "not_a_number": _("There a number is none: NaN or infinity."),
        "too_deep": _("There values lie within values, deeper than can be read."),
        "too_long": _("There one person has more data than can be read."),
        "more_after_end": _("There something follows after the end."),
        "wrong_type": _("There stands something of another kind than APSIS describes."),
    }
    return str(told.get(code, _("There it cannot be read.")))
