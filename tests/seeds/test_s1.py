"""The event export, sentence by sentence (docs/seeds/S1.md): the client's own code against the sandbox."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runs import waits
from sandbox.audience import draws, export_key
from sandbox.columns import member_of
from sandbox.definitions import accounts_for
from sandbox.events import milliseconds
from tests.conftest import Vendor
from tests.seeds.conftest import Ear
from upstream import errors
from upstream.answers import Again, explain
from upstream.apsis.client import Apsis
from upstream.apsis.event_exports import EventExportRequest
from upstream.apsis.reports import Preparing, Ready, Requested
from upstream.tokens import MemoryTokens

PEOPLE = 120
MAY, JUNE = datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC)


class Desk:
    """A client with Anna's key, and an ear on its wire."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.ear = Ear(vendor.transport)
        self.client = Apsis(
            "http://vendor.test",
            "demo-anna",
            "demo-anna-secret",
            tokens=MemoryTokens(),
            http=self.ear,
            clock=vendor.clock,
        )
        self.account = accounts_for(vendor.app.world.settings)["Nordlys Handel"]
        shop, norway, finland = self.account.sections
        self.shop, self.norway, self.finland = shop, norway, finland
        self.whole = EventExportRequest(
            start_at=MAY,
            end_at=JUNE,
            attributes=tuple(a.versions[-1].id for a in shop.attributes if not a.versions[-1].deprecated_at),
            tags=tuple(tag.versions[0].id for tag in shop.tags),
            events=tuple(version.id for event in shop.events for version in event.versions),
        )

    def ask(self, **changes: Any) -> Requested:
        """Ask for an export, and let the vendor prepare it."""
        requested = self.client.request_export(replace(self.whole, **changes))
        self.vendor.clock.now += 60
        return requested

    def bytes_of(self, requested: Requested, **how: Any) -> tuple[bytes, str | None]:
        with self.client.open_export(requested.poll_url, requested.style, **how) as stream:
            return b"".join(stream.chunks()), stream.encoding

    def file(self, **changes: Any) -> dict[str, Any]:
        """Ask for an export and return its profiles by export key."""
        content = json.loads(self.bytes_of(self.ask(**changes), gzip=False)[0])
        assert list(content) == ["profiles"]
        return dict(content["profiles"])

    def sections(self, **changes: Any) -> list[tuple[str, dict[str, Any]]]:
        """Return all sections of all profiles, each with its ID."""
        return [pair for profile in self.file(**changes).values() for pair in profile["sections"].items()]

    def events(self, **changes: Any) -> list[dict[str, Any]]:
        return [event for _, section in self.sections(**changes) for event in section.get("events", ())]


@pytest.fixture
def desk(vendor: Vendor) -> Desk:
    vendor.control("PATCH", "switches", profiles=PEOPLE, events_per_day=1)
    return Desk(vendor)


def keys(included: Callable[[int], bool] = lambda number: True) -> set[str]:
    draw = draws(1)
    return {export_key(number, draw(number)) for number in range(PEOPLE) if included(number)}


# ── What is asked for ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.seed("S1.1", "S1.5")
def test_a_segment_keeps_to_its_profiles(desk: Desk) -> None:
    women = desk.account.segments[0]
    found = desk.file(segment_discriminator=women.discriminator, timezone="Europe/Stockholm")
    assert set(found) == keys(member_of(women, 1)) < keys()


@pytest.mark.seed("S1.6")
def test_without_a_segment_everybody_comes(desk: Desk) -> None:
    found = desk.file()
    assert set(found) == keys()
    assert any(not profile["sections"] for profile in found.values()), "and those who have nothing"


@pytest.mark.seed("S1.2", "S1.10")
def test_dates_choose_the_events_and_not_the_profiles(desk: Desk) -> None:
    middle = MAY + timedelta(days=11, hours=3)
    first, second = desk.file(end_at=middle), desk.file(start_at=middle)
    assert set(first) == set(second) == keys()

    def times(file: dict[str, Any]) -> list[int]:
        return [
            event["createdAt"]
            for profile in file.values()
            for section in profile["sections"].values()
            for event in section["events"]
        ]

    border = round(middle.timestamp() * 1000)
    assert max(times(first)) < border <= min(times(second))
    assert min(times(first)) >= round(MAY.timestamp() * 1000)
    assert max(times(second)) < round(JUNE.timestamp() * 1000)
    whole = [event["createdAt"] for event in desk.events()]
    assert Counter(whole) == Counter(times(first)) + Counter(times(second)), "the same events, whatever the window"


@pytest.mark.seed("S1.9")
def test_a_start_is_always_sent(desk: Desk) -> None:
    with pytest.raises(TypeError, match="start_at"):
        EventExportRequest()  # type: ignore[call-arg]
    desk.ask(end_at=None)
    assert json.loads(desk.ear.sent("/exports")[0].content)["start_at"] == "2024-05-01T00:00:00Z"


@pytest.mark.seed("S1.11")
def test_without_an_end_it_is_a_week(desk: Desk) -> None:
    assert desk.file(end_at=None) == desk.file(end_at=MAY + timedelta(days=7)) != desk.file()


@pytest.mark.seed("S1.3", "S1.4")
def test_attributes_tags_events_and_topic_state_can_be_had(desk: Desk) -> None:
    found = desk.sections(topic_state=True)
    assert any(section["events"] for _, section in found)
    named = {name for _, section in found for name in section["attributes"]}
    assert named & set(desk.whole.attributes)
    assert named & set(desk.whole.tags)
    states = [(topic, state) for _, section in found for topic, state in section["topics"].items()]
    assert {topic for topic, _ in states} == set(desk.shop.topic_of)
    assert {json.dumps(state) for _, state in states} == {'{"state": "opt-in"}', '{"state": "opt-out"}'}
    assert not any("topics" in section for _, section in desk.sections())


@pytest.mark.seed("S1.7")
def test_nothing_comes_that_was_not_declared(desk: Desk) -> None:
    email, vip, booking = desk.whole.attributes[0], desk.whole.tags[0], desk.shop.events[0].versions[0].id
    found = desk.sections(attributes=(email,), tags=(vip,), events=(booking,))
    assert {place for place, _ in found} == {desk.shop.id}
    assert {name for _, section in found for name in section["attributes"]} == {email, vip}
    assert {event["typeId"] for _, section in found for event in section["events"]} == {booking}


@pytest.mark.seed("S1.8")
def test_without_an_attribute_or_a_tag_nobody_shows_up(desk: Desk) -> None:
    assert desk.file(attributes=(), tags=()) == {}
    assert desk.file(attributes=())
    assert desk.file(tags=())


# ── The poll URL ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.seed("S1.12")
def test_a_request_gives_a_link_of_its_own_style(desk: Desk) -> None:
    requested = desk.ask()
    assert requested.style == "json"
    assert requested.poll_url.startswith("http://vendor.test/audience/profiles/exports/")
    assert requested.poll_url not in repr(requested)


@pytest.mark.seed("S1.13", "S1.18")
def test_a_link_lives_for_one_day_and_is_gone_then(desk: Desk) -> None:
    requested = desk.ask()
    desk.vendor.clock.now += 86_400 - 61
    assert isinstance(desk.client.poll(requested.poll_url, requested.style), Ready)
    desk.vendor.clock.now += 2
    with pytest.raises(errors.Gone) as caught:
        desk.client.poll(requested.poll_url, requested.style)
    assert caught.value.meaning.again is Again.NEW


@pytest.mark.seed("S1.19")
def test_a_wrong_id_is_gone_too(desk: Desk) -> None:
    with pytest.raises(errors.Gone):
        desk.client.poll("http://vendor.test/audience/profiles/exports/nobody", "json")
    requested = desk.ask()
    for other in ("reports/consents", "reports/exports", "reports/events"):
        with pytest.raises(errors.Gone):
            desk.client.poll(requested.poll_url.replace("exports", other), "json")


@pytest.mark.seed("S1.14", "S1.16")
def test_404_is_waiting_with_growing_pauses(desk: Desk) -> None:
    requested = desk.client.request_export(desk.whole)
    for count in range(1, 5):
        assert desk.client.poll(requested.poll_url, requested.style) == Preparing()
        assert desk.vendor.calls()["poll"] == count, "once each time: the pauses are the run's"
    with pytest.raises(errors.NotReady):
        desk.bytes_of(requested)
    assert waits.poll_pause(6) > 2 * waits.poll_pause(2) > 2 * timedelta(seconds=1)


@pytest.mark.seed("S1.15")
def test_one_token_serves_every_call(desk: Desk) -> None:
    desk.client.sections()
    desk.file()
    sent = {request.headers.get("Authorization") for request, _ in desk.ear.heard[1:]}
    assert desk.vendor.calls()["token"] == 1
    assert len(sent) == 1


@pytest.mark.seed("S1.17")
def test_200_streams_the_file(desk: Desk) -> None:
    requested = desk.ask()
    assert desk.client.poll(requested.poll_url, requested.style) == Ready("application/json", "gzip", None)
    heard = []
    desk.ear.at_piece = lambda: heard.append(1)
    assert len(desk.bytes_of(requested, gzip=False)[0]) > 262_144
    assert len(heard) > 1


@pytest.mark.seed("S1.20", "S1.21")
def test_503_is_an_export_that_failed_and_a_new_one_helps(desk: Desk) -> None:
    desk.vendor.fault("event_export", "fail")
    requested = desk.client.request_export(desk.whole)
    assert desk.client.poll(requested.poll_url, requested.style) == Preparing()
    desk.vendor.clock.now += 60
    for _ in range(2):
        with pytest.raises(errors.ExportFailed) as caught:
            desk.client.poll(requested.poll_url, requested.style)
        assert caught.value.meaning.again is Again.NEW
        assert not caught.value.transient
    with pytest.raises(errors.ExportFailed):
        desk.bytes_of(requested)
    assert desk.file()


@pytest.mark.seed("S1.22", "S1.28")
def test_without_being_asked_the_vendor_sends_plain_json(desk: Desk) -> None:
    desk.ear.deaf_to = {"accept-encoding"}
    content, encoding = desk.bytes_of(desk.ask())
    assert encoding is None
    assert json.loads(content)["profiles"]
    assert desk.ear.heard[-1][1].headers["content-type"] == "application/json"


@pytest.mark.seed("S1.23", "S1.24", "S1.25")
def test_compression_is_asked_for_and_told_by_headers(desk: Desk) -> None:
    content, encoding = desk.bytes_of(desk.ask())
    assert desk.ear.heard[-1][0].headers["accept-encoding"] == "gzip"
    assert encoding == "gzip"
    assert json.loads(gzip.decompress(content))["profiles"]


@pytest.mark.seed("S1.26", "S1.27")
def test_one_link_gives_the_file_as_often_as_it_is_asked_for_either_way(desk: Desk) -> None:
    requested = desk.ask()
    plain = [desk.bytes_of(requested, gzip=False)[0] for _ in range(2)]
    packed = [gzip.decompress(desk.bytes_of(requested)[0]) for _ in range(2)]
    assert len({*plain, *packed}) == 1


# ── The file ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.seed("S1.29", "S1.30")
def test_profiles_are_named_by_their_export_keys(desk: Desk) -> None:
    assert set(desk.file()) == keys()


@pytest.mark.seed("S1.31", "S1.32", "S1.33")
def test_sections_are_named_by_ids_that_the_list_of_sections_resolves(desk: Desk) -> None:
    email = desk.norway.attributes[1].versions[-1].id
    found = desk.sections(attributes=(*desk.whole.attributes, email))
    by_id = {section.id: section.name for section in desk.client.sections()}
    assert {by_id[place] for place, _ in found} == {"Butik", "Norge"}
    assert any(len(profile["sections"]) == 2 for profile in desk.file(attributes=(email,)).values())


@pytest.mark.seed("S1.34", "S1.35", "S1.36")
def test_attributes_and_tags_are_named_by_ids_that_their_lists_resolve(desk: Desk) -> None:
    names = {
        version.id: thing.name
        for read in (desk.client.attributes, desk.client.tags)
        for thing in read(desk.shop.discriminator)
        for version in thing.versions
    }
    found = {names[name] for _, section in desk.sections() for name in section["attributes"]}
    assert {"Email", "Poäng", "VIP", "Reklamation"} <= found


@pytest.mark.seed("S1.37")
def test_a_value_is_of_the_attributes_type(desk: Desk) -> None:
    types = {a.versions[-1].id: a.versions[-1].type for a in desk.shop.attributes}
    seen: dict[str, set[type]] = {}
    for _, section in desk.sections(tags=()):
        for name, attribute in section["attributes"].items():
            seen.setdefault(types[name], set()).add(type(attribute["value"]))
    assert seen == {
        "text": {str}, "email": {str}, "mobile": {str}, "date": {str}, "location": {str},
        "number": {int}, "timestamp": {int}, "decimal": {float}, "boolean": {bool},
    }  # fmt: skip


@pytest.mark.seed("S1.38")
def test_a_tag_is_there_with_null_or_not_at_all(desk: Desk) -> None:
    vip = desk.whole.tags[1]
    found = [section["attributes"] for _, section in desk.sections()]
    assert {json.dumps(named[vip]) for named in found if vip in named} == {'{"value": null}'}
    assert 0 < sum(vip in named for named in found) < len(found) / 2


@pytest.mark.seed("S1.39", "S1.40")
def test_events_are_an_array_where_any_was_asked_for(desk: Desk) -> None:
    email, quiet = desk.norway.attributes[1].versions[-1].id, desk.finland
    found = desk.sections(
        attributes=(desk.whole.attributes[0], email, quiet.attributes[1].versions[-1].id),
        events=(*desk.whole.events, quiet.events[0].versions[0].id),
    )
    for place, section in found:
        assert ("events" in section) == (place != desk.norway.id)
    assert {len(section["events"]) for place, section in found if place == quiet.id} == {0}
    assert 0 in {len(section["events"]) for place, section in found if place == desk.shop.id}
    properties = {tuple(event) for _, section in found for event in section.get("events", ())}
    assert properties == {("correlationId", "sourceEventTime", "typeId", "createdAt", "data")}


@pytest.mark.seed("S1.41", "S1.42")
def test_an_event_that_was_sent_again_has_the_same_correlation_id(desk: Desk) -> None:
    events = desk.events()
    counts = Counter(event["correlationId"] for event in events)
    again = [name for name, many in counts.items() if many > 1]
    assert 0 < len(again) < len(counts) / 20
    for name in again:
        one, other = (event for event in events if event["correlationId"] == name)
        assert one["createdAt"] != other["createdAt"]
        assert {**one, "createdAt": 0} == {**other, "createdAt": 0}


@pytest.mark.seed("S1.43", "S1.45", "S1.48")
def test_times_are_milliseconds_and_that_of_the_source_may_be_nought(desk: Desk) -> None:
    events = desk.events()
    told = [event for event in events if event["sourceEventTime"]]
    assert 0.8 < len(told) / len(events) < 1
    counts = Counter(event["correlationId"] for event in events)
    for event in told:
        late = event["createdAt"] - event["sourceEventTime"]
        assert 0 < late < (5_000 if counts[event["correlationId"]] == 1 else 60_000)
        assert MAY <= datetime.fromtimestamp(event["createdAt"] / 1000, UTC) < JUNE


@pytest.mark.seed("S1.44")
def test_before_2020_no_source_told_its_time(desk: Desk) -> None:
    turn = datetime(2020, 1, 1, tzinfo=UTC)
    events = desk.events(start_at=turn - timedelta(days=20), end_at=turn + timedelta(days=20))
    old = {event["sourceEventTime"] for event in events if event["createdAt"] < turn.timestamp() * 1000}
    new = {event["sourceEventTime"] for event in events if event["createdAt"] >= turn.timestamp() * 1000}
    assert old == {0}
    assert len(new) > 1


@pytest.mark.seed("S1.46", "S1.47", "S1.49")
def test_an_event_is_of_a_version_that_the_list_of_events_describes(desk: Desk) -> None:
    change = datetime(2023, 6, 1, tzinfo=UTC)
    versions = {
        version.id: version for event in desk.client.events(desk.shop.discriminator) for version in event.versions
    }
    events = desk.events(start_at=change - timedelta(days=20), end_at=change + timedelta(days=20))
    assert {event["typeId"] for event in events} == set(versions) == set(desk.whole.events)
    for event in events:
        version = versions[event["typeId"]]
        assert tuple(event["data"]) == version.fields
        if version.deprecated_at:
            assert event["createdAt"] < milliseconds(version.deprecated_at)
    values = [value for event in events for value in event["data"].values()]
    assert {str, int, float, bool, type(None), dict, list} == {type(value) for value in values}


# ── Limits ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.seed("S1.50", "S1.51")
def test_a_window_of_more_than_three_months_is_refused_at_once(desk: Desk) -> None:
    three = datetime(2024, 8, 1, tzinfo=UTC)
    assert desk.ask(end_at=three)
    with pytest.raises(errors.BadRequest) as caught:
        desk.ask(end_at=three + timedelta(seconds=1))
    assert "3 months" in caught.value.detail
    assert "how long a time" in caught.value.meaning.user


@pytest.mark.seed("S1.52", "S1.53", "S1.54")
@pytest.mark.parametrize(("name", "most"), [("attributes", 75), ("tags", 25)])
def test_too_many_attributes_or_tags_are_refused_at_once(desk: Desk, name: str, most: int) -> None:
    for many, says in ((most, "unknown"), (most + 1, f"more than {most}")):
        with pytest.raises(errors.BadRequest) as caught:
            desk.ask(**{name: tuple(str(number) for number in range(many))})
        assert says in caught.value.detail
    assert "how many attributes and tags" in caught.value.meaning.user


@pytest.mark.seed("S1.55")
def test_too_many_pending_exports_are_a_line_to_wait_in(desk: Desk) -> None:
    desk.vendor.control("PATCH", "switches", pending_exports=1)
    desk.client.request_export(desk.whole)
    with pytest.raises(errors.Throttled) as caught:
        desk.client.request_export(desk.whole)
    assert not caught.value.maybe_received
    desk.vendor.clock.now += 60
    assert desk.ask()


@pytest.mark.seed("S1.56", "S1.57")
def test_a_file_too_large_fails_and_a_smaller_one_does_not(desk: Desk) -> None:
    desk.vendor.control("PATCH", "switches", events_in_one_file=1_000)
    requested = desk.ask()
    with pytest.raises(errors.ExportFailed):
        desk.client.poll(requested.poll_url, requested.style)
    assert desk.file(end_at=MAY + timedelta(days=2))
    assert desk.file(events=desk.whole.events[:1])


@pytest.mark.seed("S1.58", "S1.59", "S1.60")
@pytest.mark.parametrize(("call", "status"), [("request.events", 413), ("poll.events", 503), ("download.events", 503)])
def test_what_usually_helps_is_said(call: str, status: int) -> None:
    said = explain("apsis", call, status, style="json").user
    for cure in ("simpler segment", "fewer attributes and tags", "fewer kinds of events"):
        assert cure in said
