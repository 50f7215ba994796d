"""What stands in each column, held against the same counted cell by cell; and that no text of a cell is kept."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports import excel_csv, rows, survey
from exports.survey import MOST_DISTINCT, Figures, NotAsVerified
from tests.exports import hostile

SHAPES = [
    "a@example.com",
    "Åsa.Öberg+news@mail.example.org",
    "a@b",
    "@example.com",
    "two@at@example.com",
    "a b@example.com",
    "46700000001",
    "+46 70 000 00 01",
    "(070) 000 00 01",
    "070-000 00 01",
    "1234567",
    "1234567890123456",
    "2026-03-01",
    "2026-03-01T10:00:00+01:00",
    "31.12.2026",
    "12/31/26",
    "2026-13-41",
    "192.168.0.1",
    "+1+1",
    "-5",
    "- 5 e",
    "long " * 40,
    "é" * 200,
]
CELL = st.one_of(hostile.TEXT, st.sampled_from(SHAPES))
LOOKS = {
    name: re.compile(look.replace(r"\n)", r"\Z)").replace(r"[^\n]*", r"[\s\S]*")) for name, look in survey.LOOKS.items()
}


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 4))
    cells = [draw(st.lists(CELL, min_size=1, max_size=6)) for _ in range(width)]  # few values, so that they come again
    many = draw(st.integers(0, 30))
    table = [[draw(st.sampled_from(values)) for values in cells] for _ in range(many)]
    return [[f"c{n}" for n in range(width)], *table]


def one_by_one(cells: list[str]) -> Figures:
    """Count a column as slowly as can be."""
    filled = [cell for cell in cells if cell]
    distinct = len(set(filled))
    return Figures(
        filled=len(filled),
        empty=len(cells) - len(filled),
        distinct=min(distinct, survey.MOST_DISTINCT),
        is_more=distinct > survey.MOST_DISTINCT,
        longest=max(map(len, cells), default=0),
        **{name: sum(bool(look.fullmatch(cell)) for cell in filled) for name, look in LOOKS.items()},
    )


def taken(data: bytes, sizes: list[int] | None = None) -> list[Figures]:
    return survey.take(rows.of(hostile.cut(data, sizes or [])))


@pytest.mark.parametrize("most", [2, MOST_DISTINCT])
@settings(deadline=None, max_examples=150)
@given(tables(), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.lists(st.integers(1, 60), max_size=3))
def test_it_counts_as_one_would_cell_by_cell(
    most: int, table: list[list[str]], end: str, is_quoted: bool, sizes: list[int]
) -> None:
    with pytest.MonkeyPatch().context() as patched:
        patched.setattr(survey, "MOST_DISTINCT", most)
        found = taken(hostile.written(table, end=end, quotes_all=is_quoted), sizes)
        assert found == [one_by_one([row[at] for row in table[1:]]) for at in range(len(table[0]))]


@settings(deadline=None)
@given(hostile.tables())
def test_a_formula_is_what_the_csv_for_excel_guards(table: list[list[str]]) -> None:
    data = hostile.written(table)
    titles = sum(bool(excel_csv._FORMULA.match(title)) for title in table[0])
    guarded = excel_csv.write(rows.of([data]), io.BytesIO()).guarded
    assert sum(column.formulas for column in taken(data)) == guarded - titles


@pytest.mark.parametrize(
    ("cell", "looks"),
    [
        ("maja@example.com", {"emails"}),
        ("a@b", set()),
        ("two@at@example.com", set()),
        ("46700000001", {"phones"}),
        ("+46 (0)70-000 00 01", {"phones"}),
        ("1234567", set()),
        ("-46700000001", set()),
        ("2026-03-01", {"dates"}),
        ("31.12.2026", {"dates"}),
        ("2026-03-01 10:00", {"dates"}),
        ("2026-13-41", {"phones"}),
        ("192.168.0.1", set()),
        ("00e2063f-0cae-4e88-9193-4e31c3b204a5", set()),
        ("=1+1", {"formulas"}),
        ("+46700000001", {"phones"}),
        ("+1+1", {"formulas"}),
        ("-5", set()),
        ("two\n=1", set()),
        ("=two\nlines", {"formulas"}),
    ],
)
@pytest.mark.parametrize("filler", [0, MOST_DISTINCT + 10])
def test_what_a_cell_looks_like(cell: str, looks: set[str], filler: int) -> None:
    column = [cell, *(f"word{n}x" for n in range(filler))]
    [found] = taken(hostile.written([["c"], *([text] for text in column)]))
    assert {name for name in survey.LOOKS if getattr(found, name)} == looks
    assert found.is_more == bool(filler)


def test_different_values_are_counted_up_to_a_cap() -> None:
    [just] = taken(hostile.written([["c"], *([f"v{n}"] for n in range(MOST_DISTINCT)), [""], ["v0"]]))
    assert (just.distinct, just.is_more, just.filled, just.empty) == (MOST_DISTINCT, False, MOST_DISTINCT + 1, 1)
    [more] = taken(hostile.written([["c"], *([f"v{n}"] for n in range(MOST_DISTINCT + 1))]))
    assert (more.distinct, more.is_more) == (MOST_DISTINCT, True)


def test_long_cells_are_told_apart_and_not_kept() -> None:
    column = survey._Column()
    cells = [b"%d" % n + b"x" * 100_000 for n in range(500)]
    column.take(cells)
    assert column._tally is not None
    assert not any(isinstance(value, bytes) for value in column._tally)
    found = column.figures()
    assert (found.distinct, found.longest, found.is_more) == (500, 100_003, False)


def test_figures_hold_numbers_alone() -> None:
    [found] = taken(b"c\nmaja@example.com\n")
    assert all(isinstance(value, int) for value in found.to_json().values())


def test_a_number_without_end_is_read_once() -> None:
    # Once per digit for every digit would take hours.
    [found] = taken(hostile.written([["c"], ["+" + "1" * 900_000 + "x"]]))
    assert found.formulas == 1
    assert excel_csv._FORMULA.match("+" + "1" * 900_000 + "x")


@pytest.mark.parametrize("data", [b"a,b\n1\n2,3\n", b'a,b\n"x"\n', b'a,b\n"x",1,2\n'])
def test_rows_of_another_width_are_no_verified_file(data: bytes) -> None:
    with pytest.raises(NotAsVerified):
        taken(data)
