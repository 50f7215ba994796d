"""What an event export may ask for, and how its file looks behind each switch; tests/seeds/test_s1.py has the rest."""

import gzip
import json
from datetime import UTC, datetime

import pytest

from sandbox.definitions import EMAIL, SMS
from sandbox.faults import JSON_SHAPES

PATH = "/audience/profiles/exports"
MAY = {"start_at": "2025-05-01T00:00:00Z", "end_at": "2025-06-01T00:00:00Z"}


@pytest.fixture
def small(make):
    """Make a sandbox of fifty profiles with three events each, or as many as its switches say."""

    def make_one(client_id="demo-anna", **switches):
        return make(client_id, **{"profiles": 50, "events_each": 3, "event_exports_per_minute": 0, **switches})

    return make_one


def everything(caller, place=0):
    section = caller.account().sections[place]
    return MAY | {
        "attributes": [{"attribute_version_id": caller.version(section, "email")}],
        "tags": [{"tag_version_id": section.tags[1].versions[0].id}],
        "events": [{"event_version_id": version.id} for event in section.events for version in event.versions],
    }


def ask(caller, **changes):
    content = everything(caller) | changes
    return caller.post(PATH, {name: value for name, value in content.items() if value is not None})


def link(caller, **changes):
    answer = ask(caller, **changes)
    assert answer.status_code == 202, answer.text
    caller.time.pass_by(60)
    return answer.json()["file_download_url"]


def file(caller, **changes):
    answer = caller.get(link(caller, **changes))
    assert answer.status_code == 200, answer.text
    return answer.json()


def sections(content):
    return [section for profile in content["profiles"].values() for section in profile["sections"].values()]


# ── The request ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"start_at": None}, "start_at is required"),
        ({"start_at": 1}, "start_at must be a string"),
        ({"start_at": "2025-05-01"}, "start_at must be a date-time"),
        ({"start_at": "2025-05-01T00:00:00"}, "start_at must be a date-time"),
        ({"start_at": "next week"}, "start_at must be a date-time"),
        ({"end_at": "2025-05-01T00:00:00Z"}, "end_at must be after"),
        ({"end_at": "2025-08-01T00:00:01Z"}, "end_at must be within 3 months"),
        ({"start_at": "2024-11-30T00:00:00Z", "end_at": "2025-03-01T00:00:00Z"}, "end_at must be within 3 months"),
        ({"attributes": "1852749"}, "attributes must be an array"),
        ({"attributes": [{"id": "1"}]}, "attributes[0].attribute_version_id is required"),
        ({"attributes": [{"attribute_version_id": "1"}]}, "attributes[0].attribute_version_id is unknown"),
        ({"attributes": ["1852748"]}, "attributes[0].attribute_version_id is deprecated"),
        ({"tags": ["1"]}, "tags[0].tag_version_id is unknown"),
        ({"events": ["1"]}, "events[0].event_version_id is unknown"),
        ({"segment_filter": []}, "segment_filter must be an object"),
        ({"segment_filter": {}}, "segment_filter.segment_discriminator is required"),
        ({"segment_filter": "nobody"}, "segment_filter is unknown"),
        ({"segment_filter": {"segment_discriminator": "x", "timezone": "?"}}, "segment_filter.timezone"),
        ({"include_topic_state": "yes"}, "include_topic_state must be a boolean"),
    ],
)
def test_what_is_wrong_is_named(small, changes, word):
    answer = ask(small(), **changes)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(word)


def test_three_months_end_with_the_month(small):
    assert ask(small(), start_at="2024-11-30T00:00:00Z", end_at="2025-02-28T00:00:00Z").status_code == 202


def test_bare_texts_will_do_and_each_counts_once(small):
    caller = small()
    section, women = caller.account().sections[0], caller.account().segments[0].discriminator
    email = caller.version(section, "email")
    bare = caller.get(link(caller, attributes=[email, email], tags=None, segment_filter=women)).text
    dressed = {"segment_discriminator": women, "timezone": "Europe/Oslo"}
    assert caller.get(link(caller, tags=None, segment_filter=dressed)).text == bare
    assert 0 < bare.count(f'"{email}"') < 50


def test_a_key_asks_for_its_own_section_alone(small):
    jonas = small("demo-jonas")
    first, second = everything(jonas, 0), everything(jonas, 1)
    notes = [{"attribute_version_id": jonas.version(jonas.account().sections[1], "notes")}]
    for name, value in (*((name, first[name]) for name in ("attributes", "tags", "events")), ("attributes", notes)):
        answer = jonas.post(PATH, second | {name: value})
        assert (answer.status_code, answer.json()["detail"].startswith(name)) == (403, True)
    assert jonas.post(PATH, second).status_code == 202


def test_too_many_of_anything(small):
    caller = small(event_attributes_at_most=1, event_tags_at_most=1, event_types_at_most=7)
    assert ask(caller).status_code == 202
    for name, status in (("attributes", 400), ("tags", 400), ("events", 413)):
        assert ask(caller, **{name: [str(number) for number in range(8)]}).status_code == status
    caller.switch(event_lists_status=413)
    assert ask(caller, tags=["1", "2"]).status_code == 413


def test_deprecated_events_by_switch(small):
    caller = small()
    known = caller.account().sections[0].event_of.values()
    (old,) = (version.id for _, version in known if version.deprecated_at)
    assert ask(caller, events=[old]).status_code == 202
    caller.switch(accept_deprecated_events=False)
    assert ask(caller, events=[old]).json()["detail"].endswith("deprecated")


def test_one_a_minute_for_the_account_beside_the_other_exports(make, time):
    caller = make(profiles=50)
    assert [ask(caller).status_code for _ in range(2)] == [202, 429]
    assert caller.ask().status_code == 202
    time.pass_by(59)
    assert ask(caller).status_code == 202
    caller.switch(event_exports_are_exports=True, event_exports_per_minute=0)
    time.pass_by(10)
    assert [ask(caller).status_code for _ in range(2)] == [202, 429]


def test_the_pending_ones_of_all_kinds_count(small):
    caller = small(pending_exports=2, exports_per_second=0)
    assert [ask(caller).status_code, caller.ask().status_code, ask(caller).status_code] == [202, 202, 429]


# ── The file ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_small_world_is_known_to_the_last_event(small):
    caller = small()
    found = sections(file(caller))
    assert len(found) == 50
    assert {len(section["events"]) for section in found} == {3}
    asked = {event["event_version_id"] for event in everything(caller)["events"]}
    assert {event["typeId"] for section in found for event in section["events"]} == asked
    first = found[0]["events"][0]
    assert datetime.fromtimestamp(first["createdAt"] / 1000, UTC) == datetime(2025, 5, 6, 4, tzinfo=UTC)
    assert file(caller) == file(caller)
    assert file(caller) != file(small(seed=2))


def test_nothing_happens_tomorrow(make):
    caller = make(event_exports_per_minute=0, events_per_day=2)
    now = caller.time.now
    content = file(caller, start_at="2025-10-01T00:00:00Z", end_at="2025-11-01T00:00:00Z")
    last = max(event["createdAt"] for section in sections(content) for event in section["events"])
    assert now - 3_600 < last / 1000 < now


def test_a_year_without_events(make):
    caller = make(event_exports_per_minute=0, events_per_day=0)
    assert {len(section["events"]) for section in sections(file(caller))} == {0}


def test_the_outer_key_can_be_another_or_none(small):
    caller = small()
    profiles = file(caller)["profiles"]
    caller.switch(event_outer_key="people")
    assert file(caller) == {"people": profiles}
    caller.switch(event_outer_key="")
    assert file(caller) == profiles


def test_ids_in_other_forms(small):
    caller = small()
    caller.switch(event_type_ids_as_numbers=True, event_attribute_keys="discriminator")
    found = sections(file(caller))
    assert {type(event["typeId"]) for section in found for event in section["events"]} == {int}
    tag = caller.account().sections[0].tags[1].discriminator
    assert {name for section in found for name in section["attributes"]} == {"com.apsis1.attributes.email", tag}


def test_those_who_have_nothing(make):
    caller = make(event_exports_per_minute=0, events_per_day=0)
    asked = {"attributes": everything(caller)["attributes"], "tags": None, "events": None}
    profiles = file(caller, **asked)["profiles"].values()
    assert {len(profile["sections"]) for profile in profiles} == {0, 1}
    assert all(section["attributes"] for profile in profiles for section in profile["sections"].values())
    caller.switch(event_empty_sections=True)
    assert {} in [section["attributes"] for section in sections(file(caller, **asked))]
    caller.switch(event_null_attributes=True)
    values = [next(iter(s["attributes"].values()), None) for s in sections(file(caller, **asked))]
    assert {"value": None} in values


def test_topic_state_in_both_shapes(small):
    caller = small(topic_state_property="topics")
    once = [section["topics"] for section in sections(file(caller, topics=True))]
    caller.switch(topic_state_by_channel=True)
    by_channel = [section["topics"] for section in sections(file(caller, topics=True))]
    assert {channel for topics in by_channel for state in topics.values() for channel in state} == {EMAIL, SMS}
    for short, long in zip(once, by_channel, strict=True):
        for topic, channels in long.items():
            states = {channel["state"] for channel in channels.values()}
            assert short[topic]["state"] == min(states), "an opt-in through any channel is one"
    assert all(short.keys() == long.keys() for short, long in zip(once, by_channel, strict=True))


def test_the_same_attribute_differs_between_sections_now_and_then(make):
    caller = make(event_exports_per_minute=0)
    shop, norway, _ = caller.account().sections
    emails = [caller.version(section, "email") for section in (shop, norway)]
    profiles = file(caller, attributes=emails, tags=None, events=None)["profiles"].values()
    both = [
        [
            profile["sections"][section.id]["attributes"].get(name, {}).get("value")
            for section, name in zip((shop, norway), emails, strict=True)
        ]
        for profile in profiles
        if len(profile["sections"]) == 2
    ]
    assert 0 < sum(one != other for one, other in both) < len(both) / 3


def test_a_prepared_file_is_json_too(small, tmp_path):
    (tmp_path / "kept").write_text("{}")
    caller = small(prepared=str(tmp_path / "kept"))
    answer = caller.get(link(caller))
    assert (answer.headers["content-type"], answer.json()) == ("application/json", {})


# ── Trouble ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_processing_fails_once_its_time_has_come(small):
    caller = small()
    caller.fault("event_export", "fail")
    url = ask(caller).json()["file_download_url"]
    assert caller.get(url).status_code == 404
    caller.time.pass_by(60)
    assert [caller.get(url).status_code for _ in range(2)] == [503, 503]
    caller.time.pass_by(86_400)
    assert caller.log_in().get(url).status_code == 410
    answer = caller.http.post("/_sandbox/faults", json={"endpoint": "consent_export", "answer": "fail"})
    assert "event_export" in answer.json()["error"]


@pytest.mark.parametrize("shape", JSON_SHAPES)
def test_spoilt_json(small, shape):
    caller = small()
    url = link(caller)
    whole = caller.get(url).json()["profiles"]
    caller.fault("download", "json", shape=shape)
    content = caller.get(url).content
    if shape in ("unclosed", "trailing", "control", "utf8"):
        with pytest.raises(ValueError):  # noqa: PT011  broken in one way or another
            json.loads(content)
    elif shape == "deep":
        assert content.count(b"[[") > 20_000
    elif shape in ("outer_key", "list", "null"):
        read = json.loads(content)
        assert read is None or "profiles" not in read or type(read["profiles"]) is list
    elif shape == "twice":
        first = next(iter(whole))
        assert content.count(first.encode()) == 2
        assert json.loads(content)["profiles"] == whole
    else:
        odd = {key: value for key, value in json.loads(content)["profiles"].items() if key not in whole}
        assert odd
        assert all(key.startswith("0dd00000") for key in odd)
    assert caller.get(url).json()["profiles"] == whole


def test_a_shape_that_is_none(caller):
    answer = caller.http.post("/_sandbox/faults", json={"endpoint": "download", "answer": "json", "shape": "round"})
    assert "shape is one of" in answer.json()["error"]


def test_other_faults_of_a_file(small):
    caller = small()
    url = link(caller)
    caller.fault("download", "header_only")
    assert caller.get(url).json() == {"profiles": {}}
    caller.fault("download", "empty_file")
    assert caller.get(url).content == b""
    caller.fault("download", "truncate", bytes=400)
    headers = {"Authorization": f"Bearer {caller.token}", "Accept-Encoding": "gzip"}
    with caller.http.stream("GET", url, headers=headers) as answer:
        content = b"".join(answer.iter_raw())
    assert answer.headers["content-type"] == "application/json"
    with pytest.raises(EOFError):
        gzip.decompress(content)
    caller.fault("download", "cut", bytes=400)
    with pytest.raises(ConnectionResetError):
        caller.get(url)
