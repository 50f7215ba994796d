"""The dictionary of a run: it survives storage, and an ID that it lacks stays visible."""

from __future__ import annotations

import json

from exports.events.names import EventType, Field, Names
from tests.exports.events.made import NAMES


def test_it_comes_back_from_json_as_it_was() -> None:
    assert Names.from_json(json.loads(json.dumps(NAMES.to_json()))) == NAMES
    assert Names.from_json({}) == Names()


def test_an_unknown_id_stands_for_itself() -> None:
    assert NAMES.section("9") == "9"
    assert NAMES.topic("9") == "9"
    assert NAMES.attribute("9") == Field("9")
    assert NAMES.event("9") == EventType("9", "9")


def test_versions_share_the_name_of_their_type() -> None:
    assert {NAMES.event(id).name for id in ("99120", "99121")} == {"Clicked"}
    assert NAMES.event_names() == {"com.example.click": "Clicked", "com.example.buy": "Bought"}
