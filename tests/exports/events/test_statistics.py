"""An event export in figures: retries told apart, no day for a time that is not recorded, all of it small."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from exports.events import reading, statistics
from exports.events.names import Names
from exports.events.statistics import Counting, Statistics
from tests.exports.events.made import AT, NAMES, PROFILES, event, person, section, written

ZONE = "Europe/Stockholm"


def counted(*profiles: Any, names: Names = NAMES, zone: str = ZONE) -> Statistics:
    counting = Counting(names, zone)
    for profile in reading.profiles([written(*profiles)]):
        counting.take(profile)
    return counting.finish()


def test_the_figures_of_a_small_file() -> None:
    retried = event(1) | {"createdAt": AT + 9_000}
    bought = event(7, typeId="99130", data={"amount": 12.5}, sourceEventTime=0)
    found = counted(
        ("k1", person(event(1), retried, event(2, typeId="99121"), bought, a1852749="anna@example.com")),
        ("k2", {"sections": {"4711": section(event(1)), "4712": section(event(1))}}),
        ("k3", person(a1852749="nobody@example.org")),
    )
    assert (found.profiles, found.with_events, found.without_events) == (3, 2, 1)
    assert (found.events, found.retries, found.not_recorded) == (6, 1, 1)
    assert (found.first, found.last) == (AT + 1000, AT + 2000)
    click, buy = found.types["com.example.click"], found.types["com.example.buy"]
    assert (click.events, click.retries, click.profiles) == (5, 1, 2)
    assert (buy.events, buy.not_recorded, buy.profiles, buy.first) == (1, 1, 1, None)
    assert found.days == {"2026-05-01": {"com.example.click": 4}}
    letters = found.values["com.example.click"]["letter"]
    assert (letters.top, letters.filled, letters.others, letters.is_exact) == ({"May": 4}, 4, 0, True)
    assert found.values["com.example.buy"]["amount"].top == {"12.5": 1}


def test_a_day_begins_at_midnight_in_its_zone() -> None:
    late = int(datetime(2026, 3, 28, 22, 59, 59, 999_000, tzinfo=UTC).timestamp() * 1000)
    days = [late, late + 1, late + 23 * 3_600_000, late + 23 * 3_600_000 + 1]  # the day after has 23 hours
    found = counted(("k", person(*(event(n, sourceEventTime=ms) for n, ms in enumerate(days)))))
    assert {day: sum(counts.values()) for day, counts in found.days.items()} == {
        "2026-03-28": 1, "2026-03-29": 2, "2026-03-30": 1,
    }  # fmt: skip


def test_days_of_odd_offsets_and_of_no_calendar() -> None:
    early = int(datetime(1850, 1, 1, 23, 50, tzinfo=UTC).timestamp() * 1000)
    found = counted(("k", person(event(1, sourceEventTime=early), event(2, sourceEventTime=10**18))))
    assert list(found.days) == [f"{datetime(1850, 1, 1, 23, 50, tzinfo=UTC).astimezone(ZoneInfo(ZONE)):%Y-%m-%d}"]
    assert found.oddities == {"time_beyond_calendar": 1}


@given(PROFILES)
def test_figures_are_those_of_a_plain_count(profiles: dict[str, Any]) -> None:
    found = counted(*profiles.items())
    events, retries, types = 0, 0, Counter[str]()
    for profile in profiles.values():
        for one in profile["sections"].values():
            seen = set()
            for had in one["events"]:
                delivery = (NAMES.event(had["typeId"]).key, had["correlationId"])
                events += 1
                retries += delivery in seen
                types[delivery[0]] += 1
                if had["correlationId"]:
                    seen.add(delivery)
    assert (found.events, found.retries) == (events, retries)
    assert {key: count.events for key, count in found.types.items()} == types
    assert Statistics.from_json(json.loads(json.dumps(found.to_json()))).to_json() == found.to_json()


def test_two_files_of_other_people_add_up() -> None:
    one = [("k1", person(event(1), event(1), event(2)))], [("k2", person(event(3, data={"url": "x"})))]
    whole = counted(*one[0], *one[1])
    sum_of = counted(*one[0])
    sum_of.merge(Statistics.from_json(json.loads(json.dumps(counted(*one[1]).to_json()))))
    assert sum_of.to_json() == whole.to_json()


def test_it_stays_small_whatever_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "MOST_TYPES", 3)
    monkeypatch.setattr(statistics, "MOST_VALUES", 50)
    monkeypatch.setattr(statistics, "MOST_DAYS", 4)
    events = [
        event(
            n,
            typeId=str(n % 5),
            sourceEventTime=AT + n * 3_600_000,
            data={"id": f"id-{n}", "many": "often" if n % 2 else f"m-{n}", "long": "x" * 201},
        )
        for n in range(1, 2_001)
    ]
    found = counted(("k", person(*events)))
    assert found.events == 2_000
    assert len(found.types) == 3
    assert found.types_left_out == 800
    assert len(found.days) == 4
    assert found.days_left_out == 1_200 - sum(sum(counts.values()) for counts in found.days.values())
    values = found.values["1"]
    assert (values["id"].is_scattered, values["id"].top, values["id"].filled) == (True, {}, 400)
    assert values["many"].top["often"] == 200
    assert not values["many"].is_exact
    assert (values["long"].top, values["long"].others) == ({}, 400)
    assert len(json.dumps(found.to_json())) < 20_000
