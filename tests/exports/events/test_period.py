"""Stretches of time: what days mean in a zone, and how a long one is parted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.events.period import Period, Window, fits, last_day, latest_end, parted

ZONE = ZoneInfo("Europe/Stockholm")
BEGIN, END = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (2015, 2030))
NOW = datetime(2026, 6, 3, 12, 30, tzinfo=UTC)  # a Wednesday; 14:30 in Stockholm


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        (Period("days", days=7), "2026-05-27 00:00", "2026-06-03 14:30"),
        (Period("yesterday"), "2026-06-02 00:00", "2026-06-03 00:00"),
        (Period("last_week"), "2026-05-25 00:00", "2026-06-01 00:00"),
        (Period("this_month"), "2026-06-01 00:00", "2026-06-03 14:30"),
        (Period("last_month"), "2026-05-01 00:00", "2026-06-01 00:00"),
        (Period("dates", start="2026-03-28", end="2026-03-29"), "2026-03-28 00:00", "2026-03-30 00:00"),
        (Period("dates", start="2026-05-01"), "2026-05-01 00:00", "2026-05-08 00:00"),
    ],
)
def test_what_a_period_means(period: Period, start: str, end: str) -> None:
    found = period.resolve(ZONE, NOW)
    assert found is not None
    assert [f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}" for at in (found.start, found.end)] == [start, end]


@pytest.mark.parametrize(
    "period",
    [
        Period("dates"),
        Period("dates", end="2026-05-01"),
        Period("dates", start="2026-05-02", end="2026-05-01"),
        Period("dates", start="2026-05-02", end="soon"),
        Period("dates", start="20260502x"),
        Period("dates", start="0001-01-01", end="2026-01-01"),
    ],
)
def test_dates_that_name_no_time(period: Period) -> None:
    assert period.resolve(ZONE, NOW) is None


def test_a_day_is_as_long_as_its_clock_says() -> None:
    found = Period("dates", start="2026-03-29", end="2026-03-29").resolve(ZONE, NOW)
    assert found is not None
    assert found.end.astimezone(UTC) - found.start.astimezone(UTC) == timedelta(hours=23)


@pytest.mark.parametrize(
    ("start", "latest", "last"),
    [
        ("2026-01-31", "2026-04-30", "2026-04-29"),
        ("2026-11-30", "2027-02-28", "2027-02-27"),
        ("2027-11-30", "2028-02-29", "2028-02-28"),
    ],
)
def test_three_months_end_on_the_same_day_or_the_months_last(start: str, latest: str, last: str) -> None:
    begins = datetime.fromisoformat(start).replace(tzinfo=ZONE)
    assert f"{latest_end(begins):%Y-%m-%d}" == latest
    assert last_day(begins).isoformat() == last
    assert fits(Window(begins, latest_end(begins)))
    assert not fits(Window(begins, latest_end(begins) + timedelta(seconds=1)))


@settings(max_examples=60)
@given(
    st.datetimes(BEGIN, END),
    st.timedeltas(timedelta(seconds=1), timedelta(days=1500)),
    st.integers(1, 20),
)
def test_pieces_follow_one_another_and_each_fits(start: datetime, length: timedelta, at_least: int) -> None:
    begins = start.replace(tzinfo=ZONE, microsecond=0)
    whole = Window(begins, begins + timedelta(seconds=int(length.total_seconds())))
    pieces = parted(whole, at_least=at_least)
    assert all(map(fits, pieces))
    assert pieces[0].start == whole.start
    assert pieces[-1].end == whole.end
    assert all(one.end == two.start for one, two in pairwise(pieces))
    assert all(one.start < one.end for one in pieces)
