"""The pre-flight of events: each rule of S1, with its figure, its limit and its cure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from exports.events import preflight
from exports.events.period import Period
from exports.events.spec import EventChoice, EventSpec, EventVersion, FieldChoice, SectionChoice
from exports.preflight import Finding, Reach, Seen
from exports.spec import Choice

NOW = datetime(2026, 6, 3, 12, 30, tzinfo=UTC)
EMAIL = FieldChoice("11", "Email", discriminator="com.apsis1.attributes.email", section="s")
WHOLE = EventSpec(
    sections=(SectionChoice("s", "Shop", number="4711"),),
    segment=Choice("women", "Women"),
    attributes=(EMAIL,),
    events=(EventChoice("click", "Clicked", section="s", versions=(EventVersion("1", ("url",)),)),),
)


def check(spec: EventSpec, reach: Reach | None = None, **more: Any) -> dict[str, Finding]:
    found = preflight.check(spec, reach or Reach(), now=NOW, **more)
    return {finding.code: finding for finding in found}


def test_nothing_blocks_what_is_whole() -> None:
    assert not [finding for finding in check(WHOLE).values() if finding.level == "block"]


@pytest.mark.parametrize(
    ("changes", "code", "level", "cure"),
    [
        ({"attributes": ()}, "nobody_comes", "block", "add_email"),
        ({"events": ()}, "no_event", "know", ""),
        ({"sections": ()}, "no_section", "block", ""),
        ({"segment": Choice("", "")}, "no_segment", "block", "everyone"),
        ({"segment": Choice("", ""), "everyone": True}, "everyone", "know", ""),
        ({"period": Period("dates")}, "no_period", "block", ""),
        ({"period": Period("dates", start="2026-05-01")}, "no_end", "know", ""),
        ({"period": Period("days", days=100)}, "too_long", "block", "is_split"),
        ({"period": Period("days", days=100), "is_split": True}, "split", "know", ""),
        ({"period": Period("dates", start="2026-06-01", end="2026-06-30")}, "future", "know", ""),
        ({"period": Period("dates", start="2019-12-31", end="2020-01-31")}, "before_times", "know", ""),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "block", ""),
    ],
)
def test_rules(changes: dict[str, Any], code: str, level: str, cure: str) -> None:
    finding = check(replace(WHOLE, **changes), has_email=True)[code]
    assert (finding.level, finding.cure) == (level, cure)
    assert finding.title


def test_there_is_no_cure_where_the_section_has_no_email() -> None:
    assert check(replace(WHOLE, attributes=()))["nobody_comes"].cure == ""


@pytest.mark.parametrize(("kind", "most"), [("attributes", 75), ("tags", 25)])
def test_the_most_is_taken_and_one_more_is_not(kind: str, most: int) -> None:
    many = tuple(FieldChoice(str(n), f"Number {n}") for n in range(most + 1))
    fine = check(replace(WHOLE, **{kind: many[:most]}))[f"figure_{kind}"]
    assert (fine.level, fine.figure, fine.limit) == ("fine", most, most)
    over = check(replace(WHOLE, **{kind: many}))[f"many_{kind}"]
    assert (over.level, over.figure, over.limit) == ("block", most + 1, most)


def test_a_time_that_is_too_long_says_when_it_may_end() -> None:
    spec = replace(WHOLE, period=Period("dates", start="2026-01-01", end="2026-05-31"))
    text = check(spec)["too_long"].text
    assert "31 March 2026" in text
    assert "2 requests" in text


def test_what_the_key_does_not_see() -> None:
    nothing: frozenset[str] = frozenset()
    found = check(WHOLE, Reach(sections=nothing, events=nothing, attributes=nothing, tags=nothing, segments=nothing))
    assert {"beyond_section", "beyond_event", "beyond_attribute", "beyond_segment"} <= set(found)


def test_what_the_account_has_refused() -> None:
    assert check(WHOLE, seen=Seen(refused={"event_types": 1}))["many_events"].level == "know"
