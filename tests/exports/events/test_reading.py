"""Profiles come out as they are in the file, wherever it is cut, or it is said where the file breaks off and why."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.events import reading
from exports.events.reading import Number, Profile, Unreadable, said
from tests.exports.events.made import PROFILES, event, person, section, written
from tests.exports.hostile import cut


def read(data: bytes, sizes: list[int] | None = None) -> list[Profile]:
    return list(reading.profiles(cut(data, sizes or [])))


def refused(data: bytes) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(data)
    assert caught.value.__context__ is None  # what the scanner raises holds the text
    return caught.value


def plain(value: Any) -> Any:
    """Return a value as Python's own reader gives it, but for its numbers: each is a pair with its text."""
    return json.loads(
        json.dumps(value), parse_int=lambda text: ("number", text), parse_float=lambda text: ("number", text)
    )


def marked(value: Any) -> Any:
    """Return a value of ours in the same way."""
    if isinstance(value, Number):
        return ("number", str(value))
    if isinstance(value, list):
        return [marked(one) for one in value]
    return {key: marked(one) for key, one in value.items()} if isinstance(value, dict) else value


@given(
    profiles=PROFILES,
    outer=st.booleans(),
    ascii=st.booleans(),
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t: \r\n")]),
    bom=st.booleans(),
    sizes=st.lists(st.integers(1, 50), max_size=3),
)
def test_profiles_are_those_of_the_file(
    profiles: dict[str, Any], outer: bool, ascii: bool, separators: tuple[str, str], bom: bool, sizes: list[int]
) -> None:
    data = written(*profiles.items(), outer=outer, ensure_ascii=ascii, separators=separators)
    found = read((b"\xef\xbb\xbf" if bom else b"") + data + b" \n", sizes)
    assert [one.key for one in found] == list(profiles)
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    for one, wanted in zip(found, profiles.values(), strict=True):
        assert not one.oddities
        assert [section.id for section in one.sections] == list(wanted["sections"])
        for got, had in zip(one.sections, wanted["sections"].values(), strict=True):
            values = {id: value["value"] for id, value in had["attributes"].items()}
            assert marked(got.attributes) == plain(values)
            assert [(e.correlation_id, e.source_time, e.type_id, e.created_at, marked(e.data)) for e in got.events] == [
                (e["correlationId"], str(e["sourceEventTime"]), e["typeId"], str(e["createdAt"]), plain(e["data"]))
                for e in had["events"]
            ]


SAMPLE = written(
    ("k1", person(event(data={"a": [1.5, -2e10, True], "b": {"c": None}, "å": 'x\\"\u2028🙂'}), a1="Åsa", a2=None)),
    ("k2", {"sections": {}}),
    outer=True,
)


@pytest.mark.parametrize("ascii", [True, False])
def test_a_file_that_is_cut_anywhere_is_cut_short(ascii: bool) -> None:
    data = SAMPLE if not ascii else written(("k\ud83d\ude42", person(event(correlationId="🙂"))), ensure_ascii=True)
    assert read(data)
    for length in range(1, len(data)):
        error = refused(data[:length])
        assert error.code == "cut_short", data[:length]
        assert error.at <= length
    assert refused(b"").code == refused(b" \n").code == "file_empty"


@pytest.mark.parametrize(
    ("data", "code", "at"),
    [
        (b'{"profiles":{"k":{"sections":{}}}}}', "more_after_end", 34),
        (b'{"profiles":{}}\0', "more_after_end", 15),
        (b'{"profiles":{"k":{"sections":{}},}}', "malformed", 33),
        (b'{"profiles":{"k" {"sections":{}}}}', "malformed", 17),
        (b'{"profiles":{"k":{"sections":{}}]}', "malformed", 32),
        (b'{"profiles":{k:{"sections":{}}}}', "malformed", 13),
        ('{"profiles":{"å":{"sections":tru }}}'.encode(), "malformed", 30),
        (b'{"profiles":{"k":{"sections":{"1":{"attributes":{"2":{"value":01}}}}}}}', "malformed", 63),
        (b'{"profiles":{"k":{"sections":"a\nb"}}}', "malformed", 31),
        (b'{"profiles":{"k":{"sections":"\\x"}}}', "malformed", 30),
        (b'{"profiles":{"\xc3":{"sections":{}}}}', "not_utf8", 14),
        (b'{"profiles":{"k":{"sections":{}},"\xff":1}}', "not_utf8", 34),
        ('{"profiles":{"å":{"sections":{"NaN":NaN}}}}'.encode(), "not_a_number", 37),
        (b'{"profiles":{"k":{"sections":{"1":{"events":[{"data":{"a":-Infinity}}]}}}}}', "not_a_number", 58),
        (b'{"profiles":{"k":' + b"[" * 10_000 + b"]" * 10_000 + b"}}", "too_deep", 17),
        (b'{"profiles":{"k":{"sections":{"1":{"attributes":{"2":{"value":' + b"[" * 200 + b"]" * 200 + b"}}}}}}}",
         "too_deep", 17),
        (b"[1]", "wrong_type", 0),
        (b'"profiles"', "wrong_type", 0),
        (b'{"profiles":[1]}', "wrong_type", 12),
        (b'{"profiles":{"k":"x"}}', "wrong_type", 17),
        (b'{"profiles":{"k":{"sections":[1]}}}', "wrong_type", 17),
        (b'{"profiles":{"k":{"sections":{"1":{"events":{"a":1}}}}}}', "wrong_type", 17),
        (b'{"profiles":{"k":{"sections":{"1":{"events":["a"]}}}}}', "wrong_type", 17),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_where_and_why(data: bytes, code: str, at: int) -> None:
    error = refused(data)
    assert (error.code, error.at) == (code, at)
    assert error.to_json()["code"] == code
    for size in (1, 7):
        with pytest.raises(Unreadable) as caught:
            read(data, [size])
        assert caught.value.to_json() == error.to_json()


def test_the_profile_that_breaks_off_is_numbered_and_those_before_it_come() -> None:
    data = written(("k1", person(event())), ("k2", person(event(data={"a": "PLACE"}))))
    coming = reading.profiles([data.replace(b'"PLACE"', b"nope")])
    assert next(coming).key == "k1"
    with pytest.raises(Unreadable) as caught:
        next(coming)
    assert caught.value.profile == 2
    assert caught.value.at == data.index(b'"PLACE"')


def test_no_profile_at_all_is_no_trouble() -> None:
    for data in (
        b"{}",
        b'{"profiles":{}}',
        b'{"profiles": null}',
        b'{"profiles":[]}',
        b"[]",
        b'{"meta":{"a":1},"profiles":{}}',
    ):
        assert read(data) == []


def test_unknown_keys_are_passed_over() -> None:
    data = (
        b'{"meta":{"n":[1]},"profiles":{"k":{"x":1,"sections":{"1":{"y":{"z":2},"events":[],'
        b'"attributes":{"2":{"value":1,"at":5}}}}}},"more":true}'
    )
    (one,) = read(data)
    assert one.sections[0].attributes == {"2": "1"}
    assert one.oddities == {"unknown_keys": 3}


def test_half_a_letter_becomes_its_escape() -> None:
    data = b'{"profiles":{"k\\ud800":{"sections":{"1":{"attributes":{"2":{"value":"a\\uDC00b\\ud83d\\ude42"}}}}}}}'
    (one,) = read(data)
    assert one.key == "k\\ud800"
    assert one.sections[0].attributes == {"2": "a\\udc00b🙂"}
    assert one.oddities == {"half_letter": 2}
    (one,) = read(data.replace(b"k\\ud800", b"k"))
    assert one.oddities == {"half_letter": 1}
    # What only looks like one stays what it is.
    (one,) = read(b'{"profiles":{"k":{"sections":{"1":{"attributes":{"2":{"value":"\\\\ud800"}}}}}}}')
    assert one.sections[0].attributes == {"2": "\\ud800"}
    assert not one.oddities


@pytest.mark.parametrize("colon", [":", " :"])
def test_what_stands_twice_is_kept_or_told(colon: str) -> None:
    first, second = event(1), event(2, data={"a": 1})
    one = json.dumps(section(first, a1="x"))
    two = json.dumps(section(second, a2="y")).replace('{"a": 1}', '{"a": 1, "a": 2}')
    text = f'{{"profiles": {{"k": {{"sections": {{"4711": {one}, "4711": {two}}}}}, "k": {{"sections": {{}}}}}}}}'
    found = read(text.replace(":", colon).encode() if colon == " :" else text.encode())
    assert [profile.key for profile in found] == ["k", "k"]
    (merged,) = found[0].sections
    assert [e.correlation_id for e in merged.events] == ["c-1", "c-2"]
    assert merged.attributes.keys() == {"1", "2"}
    assert merged.events[1].data == {"a": "2"}
    assert found[0].oddities == {"key_twice": 1}


def test_a_key_that_stands_twice_is_seen_where_only_one_is_written_as_usual() -> None:
    (one,) = read(written(("k", person(event(data={"a": 1})))).replace(b'{"a": 1}', b'{"a" : 1, "a": 2}'))
    assert one.sections[0].events[0].data == {"a": "2"}
    assert one.oddities == {"key_twice": 1}


def test_numbers_stand_as_they_were_written() -> None:
    numbers = ["-0", "1.10", "1E5", "0.1000000000000000055511151231257827", "9" * 5_000, "-2.50e-007"]
    data = f'{{"profiles":{{"k":{{"sections":{{"1":{{"attributes":{{"2":{{"value":[{",".join(numbers)}]}}}}}}}}}}}}}}'
    (one,) = read(data.encode())
    value = one.sections[0].attributes["2"]
    assert value == numbers
    assert {type(number) for number in value} == {Number}
    assert said(value) == f"[{', '.join(numbers)}]"


def test_wrong_types_that_lose_nothing_are_told() -> None:
    strange = [
        event(1) | {"correlationId": 17, "typeId": 99120, "sourceEventTime": "5", "createdAt": None},
        {"typeId": ["x"], "data": [1]},
        None,
    ]
    found = read(
        written(("k1", {"sections": {"1": {"attributes": {"2": "bare"}, "events": strange}}}), ("k2", None), ("k3", {}))
    )
    (got,) = found[0].sections
    assert got.attributes == {"2": "bare"}
    assert got.events[0][:4] == ("17", "5", "99120", "")
    assert got.events[1] == ("", "", '["x"]', "", {"data": ["1"]})
    assert found[0].oddities == {
        "attribute_bare": 1, "createdAt_missing": 2, "correlationId_missing": 1, "sourceEventTime_missing": 1,
        "typeId_strange": 1, "data_bare": 1, "event_empty": 1,
    }  # fmt: skip
    assert found[1].oddities == {"profile_empty": 1}
    assert found[2].sections == []


def test_a_profile_that_is_larger_than_the_window_is_read_whole() -> None:
    many = person(*(event(n, data={"note": "å" * 500}) for n in range(4_000)))
    found = read(written(("k1", many), ("k2", person(event()))), [65_536])
    assert [len(one.sections[0].events) for one in found] == [4_000, 1]


def test_one_profile_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST_PROFILE", 1_000_000)
    endless = [b'{"profiles":{"k":{"sections":"', *[b"x" * 65_536] * 100]
    with pytest.raises(Unreadable) as caught:
        list(reading.profiles(endless))
    assert (caught.value.code, caught.value.profile) == ("too_long", 1)


@pytest.mark.parametrize("data", [b'{"people":{}}', b'{"people":{"k":{"sections":{}}}}', b'{"meta":{"a":1}}'])
def test_a_file_without_profiles_is_not_taken_for_nobody(data: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        list(reading.profiles([data]))
    assert (refused.value.code, refused.value.facts) == ("wrong_type", {"what": "profiles"})
