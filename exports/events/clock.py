"""Moments of an event export: milliseconds as a clock on a wall shows them, and as UTC. No Django.

What two clocks show differs by whole hours in most zones, so an hour is looked up once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import NamedTuple
from zoneinfo import ZoneInfo

HOUR = 60 * 60 * 1000  # milliseconds
MOST_HOURS = 20_000  # that are remembered: more than two years
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST = 30  # digits of a number of milliseconds that is looked at
SECONDS = [f"{n // 60:02}:{n % 60:02}." for n in range(3600)]  # of an hour, as a clock shows them
THOUSANDTHS = [f"{n:03}" for n in range(1000)]


class Hour(NamedTuple):
    """An hour: its day by the wall, and how all moments in it begin, by the wall and as UTC."""

    day: str
    local: str
    utc: str


def milliseconds(text: str) -> int | None:
    """Return the number that a text is, if it is a whole one of a size that can be a time."""
    if len(text) <= LONGEST:
        try:
            return int(text) if text.isascii() and "_" not in text else None
        except ValueError:
            pass
        try:
            number = Decimal(text)
            if number.is_finite() and number.adjusted() < LONGEST and number == number.to_integral_value():
                return int(number)
        except InvalidOperation:
            pass
    return None


class Hours(dict[int, Hour | None]):
    """Hours since 1970, looked up as they are asked for.

    None where the wall shows another minute than UTC, or the clock is changed within, or there is no calendar.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, number: int) -> Hour | None:
        if len(self) >= MOST_HOURS:
            self.clear()
        self[number] = found = self._look(number * HOUR)
        return found

    def _look(self, ms: int) -> Hour | None:
        try:
            utc = _EPOCH + timedelta(milliseconds=ms)
            local, end = (at.astimezone(self._zone) for at in (utc, utc + timedelta(milliseconds=HOUR - 1)))
        except (OverflowError, ValueError):
            return None
        offset = local.utcoffset()
        assert offset is not None
        if offset % timedelta(hours=1) or offset != end.utcoffset():
            return None
        by_wall = local.isoformat(" ")
        return Hour(by_wall[:10], by_wall[:14], utc.isoformat(" ")[:14])


class Clock:
    """A wall clock in one zone. Only years from 1 to 9999 are shown."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self._zone = ZoneInfo(zone)
        self.hours = Hours(self._zone)

    def show(self, ms: int) -> tuple[str, str, str]:
        """Return the day by the wall, the time by the wall, and UTC: “2026-05-01 14:30:00.000”, or nothing."""
        if hour := self.hours[ms // HOUR]:
            second, thousandth = divmod(ms % HOUR, 1000)
            moment = SECONDS[second] + THOUSANDTHS[thousandth]
            return hour.day, hour.local + moment, hour.utc + moment
        try:
            utc = _EPOCH + timedelta(milliseconds=ms)
            local = utc.astimezone(self._zone)
        except (OverflowError, ValueError):
            return "", "", ""
        by_wall, by_utc = (at.replace(tzinfo=None).isoformat(" ", "milliseconds") for at in (local, utc))
        return by_wall[:10], by_wall, by_utc
