"""Two files of consents compared, held against the same done with two dictionaries."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports import drift, rows
from exports.drift import Change, Counts, Side
from tests.exports import hostile

HEADER = ["export_key", "EmailConsent", "Town", "MobileConsent"]
CONSENTS = ("EmailConsent", "MobileConsent")
# Few keys and few addresses, so that all that can happen to somebody does.
KEY = st.one_of(st.sampled_from(["", "k1", "k2", "k3", "å4", "k,5", 'k"6', "k\n7"]), st.text("ab", max_size=2))
ADDRESS = st.sampled_from(["", "", "maja@example.com", "olle@example.com", "46000000001", 'a,"b"@example.com', "é\r\n"])
TABLE = st.lists(st.tuples(KEY, ADDRESS, hostile.TEXT, ADDRESS).map(list), max_size=14)


def compared(
    older: Sequence[Sequence[str]],
    newer: Sequence[Sequence[str]],
    *,
    key: str = "export_key",
    consents: Sequence[str] = CONSENTS,
    header: Sequence[str] = HEADER,
    sizes: list[int] | None = None,
    many: int = 1,
    end: str = "\n",
) -> tuple[Counts, list[Change]]:
    """Compare two tables; `many` stands for how many rows are said to be there."""
    files = [hostile.written([list(header), *map(list, table)], end=end) for table in (older, newer)]
    sides = [Side(rows.of(hostile.cut(file, sizes or [])), key, consents) for file in files]
    counts = Counts()
    changes = [change for part in drift.compare(sides[0], sides[1], counts, rows=many) for change in part]
    return counts, changes


def naive(older: list[list[str]], newer: list[list[str]]) -> tuple[Counts, list[Change]]:
    """Compare them as slowly as can be."""
    counts, changes = Counts(channels=[drift.Channel(), drift.Channel()]), []
    times = [Counter(row[0] for row in table if row[0]) for table in (older, newer)]
    again = {key for one in times for key, n in one.items() if n > 1}
    people = [{row[0]: (row[1], row[3]) for row in table if row[0] and row[0] not in again} for table in (older, newer)]
    counts.keys_again = len(again)
    for place, table in enumerate((older, newer)):
        counts.rows[place] = len(table)
        counts.unclear[place].blank = sum(not row[0] for row in table)
        counts.unclear[place].again = sum(times[place][key] for key in again)
    for key in people[0] | people[1]:
        before, now = (one.get(key) for one in people)
        what = "left" if now is None else "came" if before is None else ""
        counts.both += not what
        counts.left += what == "left"
        counts.came += what == "came"
        told = len(changes)
        for place, (old, new) in enumerate(zip(before or ("", ""), now or ("", ""), strict=True)):
            channel = counts.channels[place]
            channel.before += bool(old)
            channel.now += bool(new)
            if old != new:
                word = what or ("moved" if old and new else "lost" if old else "gained")
                setattr(channel, word, getattr(channel, word) + 1)
                changes.append(Change(word, place, key.encode(), old.encode(), new.encode()))  # type: ignore[arg-type]
        if what and len(changes) == told:
            changes.append(Change(what, None, key.encode(), b"", b""))  # type: ignore[arg-type]
    return counts, changes


def told(changes: list[Change]) -> list[tuple[object, ...]]:
    return sorted((c.what, -1 if c.channel is None else c.channel, c.key, c.before, c.now) for c in changes)


@settings(deadline=None, max_examples=300)
@given(
    TABLE,
    TABLE,
    st.sampled_from([1, 5 * drift.ROWS_A_PART]),
    st.lists(st.integers(1, 60), max_size=3),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_it_finds_what_two_dictionaries_find(
    older: list[list[str]], newer: list[list[str]], many: int, sizes: list[int], end: str, is_tight: bool
) -> None:
    with pytest.MonkeyPatch().context() as patched:
        if is_tight:  # all goes through the temporary file
            patched.setattr(drift, "GATHERED", 1)
        counts, changes = compared(older, newer, many=many, sizes=sizes, end=end)
    wanted, expected = naive(older, newer)
    assert counts == wanted
    assert told(changes) == told(expected)


@settings(deadline=None)
@given(TABLE, TABLE)
def test_the_figures_add_up(older: list[list[str]], newer: list[list[str]]) -> None:
    counts, _changes = compared(older, newer)
    for place, people in enumerate((counts.both + counts.left, counts.both + counts.came)):
        unclear = counts.unclear[place]
        assert people + unclear.blank + unclear.again == counts.rows[place]
    for channel in counts.channels:
        assert channel.before - channel.lost - channel.left + channel.gained + channel.came == channel.now


@settings(deadline=None, max_examples=50)
@given(TABLE)
def test_a_file_beside_itself_has_no_changes(table: list[list[str]]) -> None:
    counts, changes = compared(table, table[::-1])
    assert changes == []
    assert (counts.left, counts.came) == (0, 0)


def test_each_thing_that_can_happen() -> None:
    counts, changes = compared(
        [
            ["lost", "maja@example.com", "", "46000000001"],
            ["gained", "", "", ""],
            ["moved", "old@example.com", "", ""],
            ["left", "gone@example.com", "", ""],
            ["silent", "", "", ""],
        ],
        [
            ["lost", "", "", "46000000001"],
            ["gained", "olle@example.com", "", ""],
            ["moved", "new@example.com", "", ""],
            ["came", "", "", "46000000002"],
        ],
    )
    assert told(changes) == [
        ("came", 1, b"came", b"", b"46000000002"),
        ("gained", 0, b"gained", b"", b"olle@example.com"),
        ("left", -1, b"silent", b"", b""),
        ("left", 0, b"left", b"gone@example.com", b""),
        ("lost", 0, b"lost", b"maja@example.com", b""),
        ("moved", 0, b"moved", b"old@example.com", b"new@example.com"),
    ]
    assert (counts.both, counts.left, counts.came) == (3, 2, 1)
    assert counts.to_json()["channels"][0] == {
        "before": 3, "lost": 1, "gained": 1, "left": 1, "came": 0, "moved": 1, "now": 2,
    }  # fmt: skip


def test_another_column_joins_them_where_keys_have_changed() -> None:
    header = ["export_key", "EmailConsent", "Mobile"]
    older = [["k1", "maja@example.com", "46000000001"], ["k2", "", ""]]
    newer = [["k9", "", "46000000001"], ["k2", "", ""]]
    counts, changes = compared(older, newer, key="Mobile", consents=("EmailConsent",), header=header)
    assert told(changes) == [("lost", 0, b"46000000001", b"maja@example.com", b"")]
    assert [unclear.blank for unclear in counts.unclear] == [1, 1]


def test_without_a_channel_who_came_and_left_is_found_all_the_same() -> None:
    counts, changes = compared([["k1", "", "", ""]], [["k2", "", "", ""]], consents=())
    assert told(changes) == [("came", -1, b"k2", b"", b""), ("left", -1, b"k1", b"", b"")]
    assert counts.channels == []


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(drift.ColumnsMissing) as refused:
        compared([], [], consents=("EmailConsent", "Sms"))
    assert refused.value.titles == ["Sms"]
    assert "Sms" not in str(refused.value)  # a title is somebody's own words, and a log's reader is another


@pytest.mark.parametrize(
    "damaged",
    [b"1\n", b"1,2,3\n", b'"1",2,3\n', b"1,\xff\n", b"1\xfe,2\n"],
)
def test_rows_of_another_width_or_no_text_are_refused(damaged: bytes) -> None:
    sides = [Side(rows.of([b"a,b\n", lines]), "a", ("b",)) for lines in (b"1,2\n", damaged)]
    with pytest.raises(drift.NotAsVerified):
        list(drift.compare(sides[0], sides[1], Counts(), rows=2))


def test_nothing_is_left_of_what_was_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def temporary() -> IO[bytes]:
        opened.append(made := tempfile.TemporaryFile())  # noqa: SIM115 - whoever asks for it closes it
        return made

    monkeypatch.setattr(drift, "TemporaryFile", temporary)
    comparing = drift.compare(
        *(Side(rows.of([b"a,b\n1,2\n"]), "a", ("b",)) for _ in range(2)), Counts(), rows=2 * drift.ROWS_A_PART
    )
    next(comparing)
    comparing.close()  # its worker stops
    assert [file.closed for file in opened] == [True, True]
