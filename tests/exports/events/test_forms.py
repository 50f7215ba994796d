"""The forms of a run's event exports hold the same cells: as CSV, as CSV for Excel, and in a workbook."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from openpyxl.utils import escape

from exports import rows, workbook
from exports.events import forms
from exports.events.forms import How
from exports.events.reading import Unreadable
from tests.exports.events.made import NAMES, PROFILES, event, person, written

HOW = How(NAMES, "Europe/Stockholm", identifying=["1852749"])
AT = datetime(2026, 6, 2, 14, 3, tzinfo=UTC)


def tables(data: bytes, *, excel: bool = False) -> tuple[forms.Made, list[list[list[str]]]]:
    events, profiles = io.BytesIO(), io.BytesIO()
    made = forms.csv([[data]], HOW, events=events, profiles=profiles, excel=excel)
    texts = [to.getvalue().decode("utf-8-sig") for to in (events, profiles)]
    return made, [
        list(csv.reader(io.StringIO(text, newline=""), delimiter=";" if excel else ",", strict=True)) for text in texts
    ]


def book(data: bytes) -> tuple[forms.Made, dict[str, list[list[str]]]]:
    to = io.BytesIO()
    made = forms.workbook(
        [[data]], to, HOW, about=lambda made: [["Consent Desk", str(made.events)]], at=AT, most=len(data)
    )
    found = openpyxl.load_workbook(to, read_only=True)
    return made, {
        sheet.title: [[escape.unescape(cell or "") for cell in row] for row in sheet.values]  # type: ignore[arg-type]
        for sheet in found
    }


@settings(max_examples=40)
@given(PROFILES)
def test_the_workbook_has_the_cells_of_both_tables(profiles: dict[str, Any]) -> None:
    data = written(*profiles.items())
    counted, (events, people) = tables(data)
    made, sheets = book(data)
    assert list(sheets) == ["Profiles", "Events", "Read me"]
    assert sheets["Events"] == events
    assert sheets["Profiles"] == people
    assert sheets["Read me"] == [["Consent Desk", str(made.events)]]
    assert (made.events, made.profiles) == (counted.events, counted.profiles) == (len(events) - 1, len(people) - 1)
    assert made.statistics.to_json() == counted.statistics.to_json()


@given(PROFILES)
def test_no_cell_has_quotation_marks_but_those_that_need_them(profiles: dict[str, Any]) -> None:
    events, people = io.BytesIO(), io.BytesIO()
    made = forms.csv([[written(*profiles.items())]], HOW, events=events, profiles=people)
    for to, many in ((events, made.events), (people, made.profiles)):
        found = list(csv.reader(io.StringIO(to.getvalue().decode(), newline=""), strict=True))
        assert b"".join(map(rows.line, found)) == to.getvalue()
        assert len(found) == many + 1


def test_for_excel_no_cell_begins_a_formula() -> None:
    data = written(("k1", person(event(1, data={"url": "=1+1", "letter": "-5"}), a1852749="@x")))
    made, (events, people) = tables(data, excel=True)
    cells = dict(zip(*events, strict=True))
    assert (cells["url"], cells["letter"], cells["Email"]) == ("'=1+1", "-5", "'@x")
    assert dict(zip(*people, strict=True))["Email"] == "'@x"
    assert made.guarded == 3


def test_one_table_alone() -> None:
    data = written(("k1", person(event(1))), ("k2", person()))
    to = io.BytesIO()
    made = forms.csv([[data]], HOW, profiles=to)
    assert (made.profiles, made.events, made.statistics.events) == (2, 0, 1)
    assert to.getvalue().decode().splitlines()[0].startswith("Export key,Section,Email")


def test_what_a_workbook_cannot_hold_goes_on_or_is_cut_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "ROWS_OF_A_SHEET", 2)
    long = "x" * 40_000
    made, sheets = book(written(("k1", person(*(event(n) for n in range(5)), a1852750=long))))
    assert list(sheets) == ["Profiles", "Events", "Events 2", "Events 3", "Read me"]
    assert [len(sheets[name]) for name in sheets] == [2, 3, 3, 2, 1]
    assert (made.events, made.sheets, made.cut) == (5, 4, 1)


def test_a_file_that_breaks_off_says_so_in_every_form() -> None:
    data = written(("k1", person(event(1))))[:-3]
    for make in (tables, book):
        with pytest.raises(Unreadable) as caught:
            make(data)
        assert (caught.value.code, caught.value.facts) == ("cut_short", {"window": 0})
