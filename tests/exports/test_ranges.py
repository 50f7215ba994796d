"""Which part of a file a header asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports import ranges
from exports.ranges import Part, Unsatisfiable


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-", 0, 99),
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=90-", 90, 99),
        ("bytes=90-4711", 90, 99),
        ("bytes=90-" + "9" * 4_000, 90, 99),
        ("bytes=-1", 99, 99),
        ("bytes=-100", 0, 99),
        ("bytes=-4711", 0, 99),
        ("BYTES=000010-0019", 10, 19),
        (" bytes=10-19 ", 10, 19),
        ("bytes= 10-19 ,", 10, 19),
        ("bytes=,10-19", 10, 19),
    ],
)
def test_one_part(header: str, first: int, last: int) -> None:
    assert ranges.asked(header, 100) == Part(first, last, 100)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=a-b",
        "bytes=1",
        "bytes=20-10",
        "bytes=+1-2",
        "bytes=1--2",
        "bytes=²-³",
        "bytes=1-2 3-4",
        "rows=0-9",
        "bytes=0-9, 20-29",
        "bytes=0-9,200-",
        "bytes=0-9,nonsense",
    ],
)
def test_what_means_nothing_and_what_means_several_parts_is_the_whole(header: str) -> None:
    assert ranges.asked(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=4711-", "bytes=200-, -0"])
def test_what_lies_behind_the_end_cannot_be_had(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        ranges.asked(header, 100)


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=-5", "bytes=5-9"])
def test_nothing_has_no_parts(header: str) -> None:
    assert ranges.asked(header, 0) is None


@given(st.integers(1, 50), st.integers(0, 60), st.integers(0, 60))
def test_a_part_is_what_a_slice_is(length: int, first: int, last: int) -> None:
    content = bytes(range(length))
    if first > last:
        assert ranges.asked(f"bytes={first}-{last}", length) is None
    elif wanted := content[first : last + 1]:
        part = ranges.asked(f"bytes={first}-{last}", length)
        assert part
        assert content[part.first : part.first + part.size] == wanted
        assert str(part) == f"bytes {first}-{first + len(wanted) - 1}/{length}"
    else:
        with pytest.raises(Unsatisfiable):
            ranges.asked(f"bytes={first}-{last}", length)


@given(st.text(alphabet="bytes=-,0123456789 \t\xb2", max_size=40), st.integers(0, 200))
def test_no_header_asks_for_more_than_there_is(header: str, length: int) -> None:
    try:
        part = ranges.asked(header, length)
    except Unsatisfiable:
        return
    assert part is None or 0 <= part.first <= part.last < length
