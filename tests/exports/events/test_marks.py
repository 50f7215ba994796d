"""Times as numbers: quickly where all are numbers, one by one where not, and the same either way."""

from __future__ import annotations

import pytest

from exports.events.marks import times_of

TIMES = {
    "1777638600000": 1_777_638_600_000, "-5": -5, "0": 0, "": 0, "7.0": 7, "1.5": None, "1_0": None, "٣": None,
    "x": None, "9" * 30: int("9" * 30), "9" * 31: None, "null": None,
}  # fmt: skip


def test_times_are_numbers_or_none_or_nothing() -> None:
    assert times_of(list(TIMES)) == list(TIMES.values())
    assert times_of([]) == []


@pytest.mark.parametrize(("text", "number"), TIMES.items())
def test_a_time_is_the_same_alone_and_among_numbers(text: str, number: int | None) -> None:
    assert times_of([text]) == [number]
    assert times_of(["1", text, "2"]) == [1, number, 2]
