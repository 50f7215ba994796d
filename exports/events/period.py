"""The stretch of time whose events are asked for: days, counted in somebody's time zone.

A period of days that are counted back from the run is resolved when the run starts. The vendor takes three months at
most in one request (S1), so a longer one is parted into several.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from upstream.apsis import limits

Kind = Literal["days", "yesterday", "last_week", "this_month", "last_month", "dates"]
KINDS: tuple[Kind, ...] = ("days", "yesterday", "last_week", "this_month", "last_month", "dates")
MONTHS = int(limits.EVENT_WINDOW.value)
WITHOUT_END = timedelta(days=limits.EVENT_WINDOW_DEFAULT.value)  # what the vendor assumes where no end is named
MOST_DAYS = 3650


@dataclass(frozen=True)
class Window:
    """From one moment to another; the second is not in it. Both are aware."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Period:
    """Days as a person says them. `days` is for "days", `start` and `end` (the last day, ISO) are for "dates"."""

    kind: Kind = "days"
    days: int = 7
    start: str = ""
    end: str = ""

    def resolve(self, zone: ZoneInfo, now: datetime) -> Window | None:
        """Return what the period means at a moment; None where dates are missing, or end before they begin.

        Days begin at midnight in `zone`. What reaches up to now ends now: later events have not happened yet.
        """
        now = now.astimezone(zone).replace(microsecond=0)
        today = now.date()
        match self.kind:
            case "days":
                return Window(_midnight(today - timedelta(days=self.days), zone), now)
            case "yesterday":
                return _days(today - timedelta(days=1), today, zone)
            case "last_week":
                monday = today - timedelta(days=today.weekday())
                return _days(monday - timedelta(days=7), monday, zone)
            case "this_month":
                return Window(_midnight(today.replace(day=1), zone), now)
            case "last_month":
                first = today.replace(day=1)
                return _days(_months_later(first, -1), first, zone)
        return self._dates(zone)

    def _dates(self, zone: ZoneInfo) -> Window | None:
        start, last = day(self.start), day(self.end)
        if start is None or (last is None and self.end) or (last and last < start):
            return None
        after = last + timedelta(days=1) if last else start + WITHOUT_END
        return _days(start, after, zone)

    @property
    def has_no_end(self) -> bool:
        """Whether it is the vendor's silent week that ends it."""
        return self.kind == "dates" and not self.end


def day(text: str) -> date | None:
    """Read a date as a form sends it; None for anything else, and for years that no clock of ours reaches."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1970 <= found.year <= 2200 else None


def latest_end(start: datetime) -> datetime:
    """Return how far one request reaches that begins at `start`: three months on, on the same day of the month."""
    return datetime.combine(_months_later(start.date(), MONTHS), start.timetz())


def last_day(start: datetime) -> date:
    """Return the last day that is whole within one request that begins at `start`."""
    end = latest_end(start)
    return end.date() - timedelta(days=1) if end.time() == time() else end.date()


def fits(window: Window) -> bool:
    """Say whether one request takes it whole."""
    return window.end <= latest_end(window.start)


def parted(window: Window, *, at_least: int = 1) -> list[Window]:
    """Part a window into as few even pieces as fit a request each, or into `at_least` so many."""
    whole = window.end - window.start
    for number in range(max(1, at_least), 10_000):
        pieces = list(_even(window, whole, number))
        if all(map(fits, pieces)):
            return pieces
    raise ValueError("a window of more than a thousand years")


def _even(window: Window, whole: timedelta, number: int) -> Iterator[Window]:
    """Cut a window into pieces of whole days, where it has so many days; the last one takes what is over."""
    unit = timedelta(days=1) if whole >= timedelta(days=number) else timedelta(seconds=1)
    step = -(-whole // number // unit) * unit or unit
    start = window.start
    while start < window.end:
        # Whole days keep the time of day when clocks are changed: Python adds to what the clock on the wall says.
        end = min(start + step, window.end)
        yield Window(start, end)
        start = end


def _days(first: date, after: date, zone: ZoneInfo) -> Window:
    return Window(_midnight(first, zone), _midnight(after, zone))


def _midnight(at: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(at, time(), tzinfo=zone)


def _months_later(at: date, months: int) -> date:
    """Return the same day of another month, or that month's last."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return date(year, month + 1, min(at.day, calendar.monthrange(year, month + 1)[1]))
