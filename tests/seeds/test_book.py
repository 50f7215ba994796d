"""Every sentence of a seed has a number, every number a test, and every test was seen to fail."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.seeds import book

BOOKS = sorted((book.ROOT / "docs" / "seeds").glob("S*.md"))


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_every_number_has_its_test(path: Path) -> None:
    marks = book.carried()
    for entry in book.entries(path):
        assert entry.test in marks.get(entry.number, set()), f"{entry.number} is not carried by {entry.test}"
        assert entry.seen_to_fail_by.strip(), entry.number


def test_every_mark_has_its_line() -> None:
    written = {(entry.number, entry.test) for path in BOOKS for entry in book.entries(path)}
    carried = {(number, test) for number, tests in book.carried().items() for test in tests}
    assert carried == written


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_numbers_go_up_without_a_gap(path: Path) -> None:
    numbers = list(dict.fromkeys(entry.number for entry in book.entries(path)))
    assert numbers == [f"{path.stem}.{number}" for number in range(1, len(numbers) + 1)]
    assert len(numbers) > 25
    # No line was overlooked because it is not written as the others are.
    assert sorted(set(re.findall(r"^\| (S\d+\.\d+)", path.read_text(), re.MULTILINE))) == sorted(numbers)
