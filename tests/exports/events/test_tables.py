"""The readable tables, read back, hold the events and profiles of the file: times, numbers, and hostile values too."""

from __future__ import annotations

import csv
import gc
import io
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports import rows
from exports.events import batch
from exports.events.joining import Readable
from exports.events.names import Names
from exports.events.people import People
from exports.events.reading import Unreadable
from exports.events.statistics import Statistics
from exports.events.tables import EventTable, fields_of
from exports.events.words import Words, unlike
from tests.exports.events.made import AT, EVENTS, NAMES, PROFILES, event, person, section, written
from tests.exports.hostile import cut

ZONE = "Europe/Stockholm"
Row = dict[str, str]


def tables(
    *files: bytes, identifying: Sequence[str] = (), names: Names = NAMES, fields: Sequence[str] | None = None
) -> tuple[list[Row], list[Row], Statistics]:
    """Make both tables of a run's files, and read them back."""
    with People(names, ZONE) as people:
        table = EventTable(names, ZONE, fields=fields or fields_of(names), identifying=identifying)
        readable = Readable([cut(file, [1_000]) for file in files], names, ZONE, table=table, people=people)
        events, profiles = io.BytesIO(), io.BytesIO()
        rows.write(readable.events(), events)
        rows.write(people.pieces(), profiles)
    return read(events), read(profiles), readable.statistics


def read(file: io.BytesIO) -> list[Row]:
    text = file.getvalue().decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True, restval="?"))


def cell(value: Any) -> str:
    """Say in other words than the product's what a cell holds of a value."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return value
    return json.dumps(value, ensure_ascii=False)


def moment(text: str, *, raw: int) -> int:
    """Return the milliseconds that a cell in UTC says."""
    if text == "not recorded":
        return 0
    if text == str(raw):  # beyond every calendar
        return raw
    at = datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return at // timedelta(milliseconds=1)


@given(PROFILES)
def test_the_table_of_events_holds_exactly_the_events(profiles: dict[str, Any]) -> None:
    found, _profiles, statistics = tables(written(*profiles.items()))
    events = [
        (key, id, had)
        for key, profile in profiles.items()
        for id, one in profile["sections"].items()
        for had in one["events"]
    ]
    assert len(found) == len(events) == statistics.events
    known = fields_of(NAMES)
    for row, (key, id, had) in zip(found, events, strict=True):
        assert row["Export key"] == key
        assert row["Section"] == NAMES.section(id)
        assert (row["Event"], row["Event type ID"]) == (NAMES.event(had["typeId"]).name, had["typeId"])
        assert row["Correlation ID"] == had["correlationId"]
        assert moment(row["Time (UTC)"], raw=had["sourceEventTime"]) == had["sourceEventTime"]
        assert moment(row["Received (UTC)"], raw=had["createdAt"]) == had["createdAt"]
        titles = {"Section": "Section (data)"}
        assert {name: row[titles.get(name, name)] for name in known} == {
            name: cell(had["data"].get(name)) for name in known
        }
        others = {name: value for name, value in had["data"].items() if name not in known}
        assert row["Other data"] == (json.dumps(others, ensure_ascii=False) if others else "")


def test_times_retries_and_names_in_the_table_of_events() -> None:
    again = event(1) | {"createdAt": AT + 9_000}
    unknown = event(3, typeId="7", sourceEventTime=0, data={"new": [1, {"a": 1.50}]})
    old = event(
        4, typeId="99121", sourceEventTime=1_782_864_000_000, data={"position": 2, "url": 'a,"b"', "letter": None}
    )
    found, _profiles, _statistics = tables(
        written(("k1", person(event(1), again, unknown, old, a1852749="anna@example.com"))), identifying=["1852749"]
    )
    assert list(found[0]) == [
        "Export key", "Section", "Email", "Event", "Event type ID", "Day", "Time (Europe/Stockholm)", "Time (UTC)",
        "Received (UTC)", "Correlation ID", "Delivery retry", "Counts", "url", "letter", "position", "amount",
        "Section (data)", "Other data",
    ]  # fmt: skip
    assert [row["Counts"] for row in found] == ["1", "", "1", "1"]
    assert [row["Delivery retry"] for row in found] == ["", "yes", "", ""]
    assert [row["Event"] for row in found] == ["Clicked", "Clicked", "7", "Clicked"]
    assert {row["Email"] for row in found} == {"anna@example.com"}
    assert [row["Day"] for row in found] == ["2026-05-01", "2026-05-01", "", "2026-07-01"]
    assert found[0]["Time (Europe/Stockholm)"] == "2026-05-01 14:30:01.000"
    assert found[0]["Time (UTC)"] == "2026-05-01 12:30:01.000"
    assert found[2]["Time (UTC)"] == found[2]["Time (Europe/Stockholm)"] == "not recorded"
    assert found[2]["Other data"] == '{"new": [1, {"a": 1.5}]}'
    assert (found[3]["url"], found[3]["letter"], found[3]["position"]) == ('a,"b"', "", "2")
    assert "1970" not in json.dumps(found)


def test_the_table_of_profiles() -> None:
    one = {"sections": {
        "4711": section(
            event(1), event(1), event(2, typeId="99130"), a1852749="anna@example.com", a90311=None, a1852750=None
        ),
        "4712": section(a1852751="anna@example.org", a99=None, a98=[1, "x"]),
    }}  # fmt: skip
    one["sections"]["4712"]["topics"] = {"7": {"state": "opted_in"}, "8": True}
    _events, found, _statistics = tables(written(("k1", one), ("k0", {"sections": {}})))
    assert list(found[0]) == [
        "Export key", "Section", "Email", "City", "Email (Club)", "Regular", "99", "98", "Spring news", "8", "Events",
        "Clicked: events", "Bought: events", "First event (Europe/Stockholm)", "Last event (Europe/Stockholm)",
    ]  # fmt: skip
    nobody, shop, club = (list(row.values()) for row in found)
    assert nobody == ["k0", "", "", "", "", "", "", "", "", "", "0", "0", "0", "", ""]
    assert shop == [
        "k1", "Webshop", "anna@example.com", "", "", "yes", "", "", "", "", "2", "1", "1",
        "2026-05-01 14:30:01.000", "2026-05-01 14:30:02.000",
    ]  # fmt: skip
    assert club == [
        "k1", "Club", "", "", "anna@example.org", "", "yes", '[1, "x"]', "opted_in", "yes", "0", "0", "0", "", "",
    ]  # fmt: skip


@given(PROFILES)
def test_the_table_of_profiles_holds_every_attribute(profiles: dict[str, Any]) -> None:
    _events, found, statistics = tables(written(*profiles.items()))
    wanted = sorted((key, id) for key, profile in profiles.items() for id in (profile["sections"] or {"": None}))
    assert [(row["Export key"], row["Section"]) for row in found] == [(key, NAMES.section(id)) for key, id in wanted]
    assert statistics.profiles == len(profiles)
    for row, (key, id) in zip(found, wanted, strict=True):
        had = profiles[key]["sections"].get(id, {"attributes": {}, "events": []})
        for column, title in {"1852749": "Email", "1852750": "City", "90311": "Regular", "8": "8"}.items():
            value = had["attributes"].get(column, {"value": ""})["value"]
            is_tagged = value is None and column in ("90311", "8")
            assert row.get(title, "") == ("yes" if is_tagged else cell(value))


def test_windows_are_joined_and_what_stands_in_two_counts_once() -> None:
    border = event(5)
    first = written(("k1", person(event(1), border, a1852749="old@example.com", a90311=None)), ("k2", person(event(1))))
    later = event(1) | {"createdAt": AT + 10**9}  # sent again in the next window
    second = written(
        ("k3", person()), ("k1", person(border, later, event(9, typeId="99130"), a1852749="new@example.com"))
    )
    events, profiles, statistics = tables(first, second)
    assert [(row["Export key"], row["Correlation ID"], row["Counts"]) for row in events] == [
        ("k1", "c-1", "1"), ("k1", "c-5", "1"), ("k2", "c-1", "1"), ("k1", "c-1", ""), ("k1", "c-9", "1"),
    ]  # fmt: skip
    assert [(row["Export key"], row["Email"], row["Regular"], row["Events"]) for row in profiles] == [
        ("k1", "new@example.com", "", "3"), ("k2", "", "", "1"), ("k3", "", "", "0"),
    ]  # fmt: skip
    assert (statistics.profiles, statistics.with_events, statistics.events) == (3, 2, 5)
    assert (statistics.retries, statistics.repeated) == (1, 1)
    assert {key: count.profiles for key, count in statistics.types.items()} == {
        "com.example.click": 2, "com.example.buy": 1,
    }  # fmt: skip


@given(st.lists(EVENTS, max_size=8), st.integers(0, 8), st.integers(0, 2))
def test_a_file_cut_into_windows_with_a_common_border_comes_to_the_same(
    events: list[dict[str, Any]], at: int, common: int
) -> None:
    events = [had | {"correlationId": f"c-{n}"} for n, had in enumerate(events)]
    whole = tables(written(("k", person(*events))))
    parts = tables(written(("k", person(*events[:at]))), written(("k", person(*events[max(0, at - common) :]))))
    assert parts[:2] == whole[:2]
    assert parts[2].to_json() | {"repeated": 0} == whole[2].to_json()


@given(PROFILES)
def test_batches_of_any_size_come_to_the_same(profiles: dict[str, Any]) -> None:
    data = written(*profiles.items())
    whole = tables(data)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(batch, "AT_ONCE", 0)
        parts = tables(data)
    assert parts[:2] == whole[:2]
    assert parts[2].to_json() == whole[2].to_json()


def test_the_collector_rests_meanwhile_and_no_longer() -> None:
    data = written(("k1", person(event(1))), ("k2", person(event(2))))
    for file in (data, data[:-3]):
        events = Readable([[file]], NAMES, ZONE, table=EventTable(NAMES, ZONE, fields=[])).events()
        next(events)
        with suppress(Unreadable):
            for _piece in events:
                assert not gc.isenabled()
        assert gc.isenabled()
    left = Readable([[data]], NAMES, ZONE, table=EventTable(NAMES, ZONE, fields=[])).events()
    assert len([next(left), next(left)]) == 2
    del left
    assert gc.isenabled()


def test_a_profile_that_stands_twice_has_one_row_and_all_its_events() -> None:
    data = written(("k1", person(event(1), a1852749="a@example.com")), ("k1", person(event(2), a1852750="Lund")))
    events, profiles, _statistics = tables(data)
    assert [row["Correlation ID"] for row in events] == ["c-1", "c-2"]
    (only,) = profiles
    assert (only["Email"], only["City"], only["Events"]) == ("a@example.com", "Lund", "2")


def test_fields_that_were_met_get_columns_where_statistics_tell_of_them() -> None:
    data = written(("k1", person(event(1, data={"new": "x", "url": "y"}))))
    statistics = tables(data)[2]
    fields = fields_of(NAMES, statistics)
    assert fields[-1] == "new"
    (row,) = tables(data, fields=fields)[0]
    assert (row["new"], row["Other data"]) == ("x", "")


def test_no_two_titles_are_alike() -> None:
    assert unlike([("a", "x"), ("a", "x"), ("a", "x", "y"), ("a",)]) == ["a", "a (x)", "a (y)", "a (2)"]
    assert Words().local_time.format(zone=ZONE) == "Time (Europe/Stockholm)"
