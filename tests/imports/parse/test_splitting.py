"""Every row looked at and given its fate; the rows that go cut into parts; the others put aside with why."""

from __future__ import annotations

import csv
import hashlib
import io
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imports.parse import keys as keys_module
from imports.parse.checking import Checked, Findings, check
from imports.parse.keys import Keys
from imports.parse.passing import pass_on
from imports.parse.plan import Given, Plan, Target
from imports.parse.reading import Reading
from imports.parse.rows import REASON_TITLES
from imports.parse.splitting import Part, split

EMAIL = Target(0, "email", "key", "email", "email")
MOBILE = Target(1, "mobile", "attribute", "mobile", "mobile")
BORN = Target(2, "born", "attribute", "date", "born")
NEWS = Target(3, "news", "consent", "flag", "news")
PLAN = Plan((EMAIL, MOBILE, BORN, NEWS), duplicates="first")
HEADER = "email,mobile,born,news,shoe"


class Kept(io.BytesIO):
    """A file whose bytes are still there when it is closed."""

    data = b""

    def close(self) -> None:
        if not self.closed:
            self.data = self.getvalue()
        super().close()


@dataclass
class Cut:
    """What became of a file."""

    checked: Checked
    parts: list[Part]
    files: dict[int, Kept] = field(default_factory=dict)
    numbers: dict[int, Kept] = field(default_factory=dict)
    rejects: bytes = b""

    def rows(self, number: int) -> list[list[str]]:
        return list(csv.reader(io.StringIO(self.files[number].data.decode(), newline="")))

    def sent(self) -> dict[int, list[str]]:
        """Return what goes, by the row of the file."""
        found = {}
        for part in self.parts:
            at = array("I", self.numbers[part.number].data)
            found.update(zip(at, self.rows(part.number)[1:], strict=True))
        return found

    def aside(self) -> list[list[str]]:
        return list(csv.reader(io.StringIO(self.rejects.decode("utf-8-sig"), newline="")))


@pytest.fixture
def cut(tmp_path: Path) -> Callable[..., Cut]:
    def cut(data: str, plan: Plan = PLAN, *, limit: int = 10_000, reading: Reading | None = None) -> Cut:
        reading = reading or Reading()
        checked = check(io.BytesIO(data.encode()), reading, plan, folder=tmp_path)
        found, rejects = Cut(checked, []), Kept()
        found.parts = split(
            io.BytesIO(data.encode()),
            reading,
            plan,
            checked,
            limit=limit,
            part=lambda number: found.files.setdefault(number, Kept()),
            numbers=lambda number: found.numbers.setdefault(number, Kept()),
            rejects=rejects,
            say=lambda name, kind: f"{name}: {kind}",
        )
        found.rejects = rejects.getvalue()
        assert list(tmp_path.iterdir()) == [], "the table of keys is gone"
        return found

    return cut


def table(*rows: str) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


def counts(findings: Findings) -> dict[str, int]:
    return {f"{fault.field}:{fault.kind}": fault.count for fault in findings.faults}


def test_what_is_good_goes_with_the_chosen_columns_alone(cut: Callable[..., Cut]) -> None:
    found = cut(table("a@example.com,46000000001,1990-01-31,1,44", "b@example.com,,,0,38"))
    assert found.rows(1) == [
        ["email", "mobile", "born", "news"],
        ["a@example.com", "46000000001", "1990-01-31", "1"],
        ["b@example.com", "", "", "0"],
    ]
    assert found.checked.findings == Findings(rows=2, good=2, empties={"email": 0, "mobile": 1, "born": 1, "news": 0})
    (part,) = found.parts
    assert (part.rows, part.length) == (2, len(found.files[1].data))
    assert part.sha256 == hashlib.sha256(found.files[1].data).hexdigest()
    assert b"shoe" not in found.files[1].data
    assert found.aside() == [["email", "mobile", "born", "news", "shoe", *REASON_TITLES]]


def test_what_is_given_to_all_is_a_column_of_its_own(cut: Callable[..., Cut]) -> None:
    found = cut(
        table("a@example.com,,,,", "b@example.com,x,,,"), replace(PLAN, targets=(EMAIL,), given=(Given("all"),))
    )
    assert found.rows(1) == [["email", "all"], ["a@example.com", "1"], ["b@example.com", "1"]]


def test_all_faults_are_found_at_once_and_named_by_column_and_kind(cut: Callable[..., Cut]) -> None:
    found = cut(
        table(
            "a@@example.com,+46000000001,20240131,ja,1",
            ",46000000002,,,2",
            "c@example.com,070,31/02/2024,kanske,3",
            "d@example.com,46000000004,1990-01-31,1,4",
            "e@example.com,,,,5,6,7",
            "f@example.com",
        )
    )
    assert counts(found.checked.findings) == {
        "email:not_an_address": 1,
        "email:missing": 1,
        "mobile:starts_with_plus": 1,
        "mobile:leading_zero": 1,
        "born:all_digits": 1,
        "born:no_such_day": 1,
        "news:not_a_boolean": 1,
        ":too_many_cells": 1,
        ":too_few_cells": 1,
    }
    mendable = {f"{f.field}:{f.kind}" for f in found.checked.findings.faults if f.is_mendable}
    assert mendable == {"mobile:starts_with_plus", "born:all_digits", ":too_few_cells"}
    assert found.checked.examples["mobile", "starts_with_plus"] == [(2, "+46000000001", "46000000001")]
    assert list(found.sent()) == [5]
    assert [row[5:7] for row in found.aside()[1:]] == [
        [
            "2",
            "email: not_an_address",
        ],
        ["3", "email: missing"],
        ["4", "mobile: leading_zero; born: no_such_day; news: not_a_boolean"],
        ["6", ": too_many_cells"],
        ["7", ": too_few_cells"],
    ]


def test_what_is_mended_goes_as_it_was_shown_and_what_is_blanked_goes_empty(cut: Callable[..., Cut]) -> None:
    plan = replace(
        PLAN, choices={"mobile:starts_with_plus": "mend", "born:no_such_day": "blank", "email:spaces": "mend"}
    )
    found = cut(table(" a@example.com,0046 000-000 01,1990-01-31,1,", "b@example.com,,31/02/1990,0,"), plan)
    assert found.sent() == {
        2: ["a@example.com", "460000000" + "1", "1990-01-31", "1"],
        3: ["b@example.com", "", "", "0"],
    }
    assert (found.checked.findings.good, found.checked.findings.mended) == (2, 2)
    assert found.checked.examples["mobile", "starts_with_plus"] == [(2, "0046 000-000 01", "4600000001")]


def test_what_loses_nothing_is_mended_unless_one_says_otherwise(cut: Callable[..., Cut]) -> None:
    data = table("a@example.com,+46000000001,31.12.1990,,", "b@example.com,,1990-12-31T10:00:00Z,,")
    assert cut(data).sent() == {2: ["a@example.com", "46000000001", "1990-12-31", ""]}
    assert cut(data, replace(PLAN, choices={"mobile:starts_with_plus": "leave_out"})).sent() == {}


def test_yes_and_no_in_any_language_are_no_fault_of_a_consent(cut: Callable[..., Cut]) -> None:
    found = cut(table("a@example.com,,,Ja,", "b@example.com,,,nej,", "c@example.com,,,X,", "d@example.com,,,,"))
    assert [row[-1] for row in found.sent().values()] == ["1", "0", "1", ""]
    assert found.checked.findings.faults == []
    assert (found.checked.findings.good, found.checked.findings.mended) == (4, 0)


def test_a_key_is_never_blanked(cut: Callable[..., Cut]) -> None:
    found = cut(table("nobody,,,,"), replace(PLAN, choices={"email:not_an_address": "blank"}))
    assert found.sent() == {}


@pytest.mark.parametrize(
    ("wins", "sent", "repeated", "faulty"),
    [("first", {2, 4}, 2, 0), ("last", {4, 6}, 2, 0), ("none", {4}, 3, 0), ("", {4}, 0, 3)],
)
def test_of_one_key_one_row_goes_as_the_person_says(
    cut: Callable[..., Cut], wins: str, sent: set[int], repeated: int, faulty: int
) -> None:
    data = table("a@example.com,,,1,", "A@example.com,,,1,", "b@example.com,,,,", "not,,,,", "a@example.com,,,0,")
    found = cut(data, replace(PLAN, duplicates=wins))  # type: ignore[arg-type]
    assert set(found.sent()) == sent
    findings = found.checked.findings
    assert (findings.repeated, findings.faulty) == (repeated, faulty + 1)
    assert counts(findings)["email:repeated"] == repeated + faulty
    assert len(found.aside()) - 1 == findings.faulty


def test_a_faulty_row_does_not_win(cut: Callable[..., Cut]) -> None:
    found = cut(table("a@example.com,070,,,", "a@example.com,46000000001,,,"))
    assert set(found.sent()) == {3}
    assert found.checked.findings.repeated == 0


def test_blank_rows_are_none(cut: Callable[..., Cut]) -> None:
    found = cut(table("a@example.com,,,,", ",,,,", "", ", , ,,", ",", "b@example.com,,,,"))
    assert found.checked.findings.rows == 2
    assert found.checked.findings.faults == []
    assert set(found.sent()) == {2, 7}


@pytest.mark.seed("S2.9")
def test_days_are_shown_as_they_will_be_stored(cut: Callable[..., Cut]) -> None:
    plan = replace(PLAN, choices={"born:day_first": "mend"})
    rows = [f"p{n}@example.com,,{n}.12.1990,," for n in range(10, 20)]
    assert cut(table(*rows), plan).checked.pairs == {"born": [(f"{n}.12.1990", f"1990-12-{n}") for n in range(10, 15)]}


def test_a_file_of_faulty_rows_goes_straight_back_in(cut: Callable[..., Cut]) -> None:
    found = cut(table("a@@example.com,46000000001,1990-01-31,1,44"))
    again = found.rejects.decode("utf-8-sig").replace("a@@", "a@")
    plan = PLAN
    second = cut(again, plan)
    assert second.sent() == {2: ["a@example.com", "46000000001", "1990-01-31", "1"]}
    # What it was given once it is not given twice.
    broken = found.rejects.decode("utf-8-sig")
    assert cut(broken, plan).aside()[0] == [*HEADER.split(","), *REASON_TITLES]


# ── Parts ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_parts_are_full_and_never_too_long(cut: Callable[..., Cut]) -> None:
    rows = [f'p{n}@example.com,,,1,"two\nlines, {n}"' for n in range(5000)]
    plan = replace(PLAN, targets=(EMAIL, Target(4, "shoe", "attribute", "text", "shoe")))
    found = cut(table(*rows), plan, limit=20_000)
    assert len(found.parts) > 5
    for part in found.parts:
        assert part.length == len(found.files[part.number].data) <= 20_000
        assert found.rows(part.number)[0] == ["email", "shoe"]
        assert part.rows == len(found.rows(part.number)) - 1
    assert all(part.length >= 19_000 for part in found.parts[:-1])
    assert list(found.sent()) == list(range(2, 5002))


def test_a_row_longer_than_a_part_is_refused(cut: Callable[..., Cut]) -> None:
    with pytest.raises(ValueError, match="row 2 alone"):
        cut(table("a@example.com,46000000001,1990-01-31,1,"), limit=60)


def test_keys_are_found_in_shares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "SHARE", 10)
    with Keys(tmp_path / "keys") as keys:
        keys.add([f"p{n}@example.com" for n in range(100)])
        keys.add(["p7@example.com", "q@example.com", "p99@example.com", "", ""])
        keys.add(["p7@example.com"])
        assert sorted(keys.repeated()) == [[7, 100, 105], [99, 102]]


def test_case_parts_identifiers_but_not_addresses(cut: Callable[..., Cut]) -> None:
    data = table("ab1@example.com,,,,", "AB1@example.com,,,,")
    assert list(cut(data).sent()) == [2]
    assert list(cut(data, Plan((replace(EMAIL, type="text"),))).sent()) == [2, 3]


def test_a_carriage_return_stays_in_its_cell(cut: Callable[..., Cut]) -> None:
    data = 'email,note\na@example.com,"one\rtwo"\nnobody,"three\r""four"""\n'
    found = cut(data, Plan((EMAIL, Target(1, "note", "attribute", "text", "note"))))
    assert found.rows(1) == [["email", "note"], ["a@example.com", "one\rtwo"]]
    assert [row[:2] for row in found.aside()[1:]] == [["nobody", 'three\r"four"']]


def test_cells_beyond_the_header_stay_beyond_it(cut: Callable[..., Cut]) -> None:
    found = cut(table("a@example.com,46000000001,1990-01-31,1,44,more"))
    titles, row = found.aside()
    assert dict(zip(titles, row, strict=False))["shoe"] == "44"
    assert row[len(titles) - 2 :] == ["2", ": too_many_cells", "more"]


def test_only_cells_of_rows_that_go_count_as_empty(cut: Callable[..., Cut]) -> None:
    found = cut(table("a@example.com,,,1,", "nobody,,,1,", "b@example.com,,", "c@example.com,,1990-01-31,1,"))
    assert found.checked.findings.empties == {"email": 0, "mobile": 2, "born": 1, "news": 0}


def test_the_last_cells_of_a_short_row_are_empty_where_that_is_said(cut: Callable[..., Cut]) -> None:
    data = table("a@example.com,46000000001", "b@example.com,46000000002,1990-01-31,1,44", "nobody,46000000003")
    assert set(cut(data).sent()) == {3}
    found = cut(data, replace(PLAN, choices={":too_few_cells": "mend"}))
    assert found.sent() == {
        2: ["a@example.com", "46000000001", "", ""],
        3: ["b@example.com", "46000000002", "1990-01-31", "1"],
    }
    findings = found.checked.findings
    assert (findings.good, findings.mended, findings.faulty) == (2, 1, 1)
    assert counts(findings) == {":too_few_cells": 2, "email:not_an_address": 1}
    assert findings.empties["born"] == 1
    assert [row[-2:] for row in found.aside()[1:]] == [["4", ": too_few_cells; email: not_an_address"]]


def test_without_a_header_a_table_is_as_wide_as_it_was_shown(cut: Callable[..., Cut]) -> None:
    plan = Plan((EMAIL, Target(1, "note", "attribute", "text", "note")))
    found = cut("a@example.com\nb@example.com,tall\n", plan, reading=Reading(header_row=0))
    assert found.sent() == {2: ["b@example.com", "tall"]}
    assert [row[-2:] for row in found.aside()[1:]] == [["1", ": too_few_cells"]]


VALUES = {
    "email": ["a@example.com", "b@example.com", "c@example.com", " c@example.com", "d@@example.com", ""],
    "mobile": ["46000000001", "+46 000 000 102", "070", ""],
    "born": ["1990-01-31", "20240131", "maj", ""],
    "news": ["1", "ja", "kanske", ""],
    "shoe": ["44", "", "3,8", 'say "so"', "two\nlines"],
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    rows=st.lists(st.tuples(*map(st.sampled_from, VALUES.values())), max_size=30),
    wins=st.sampled_from(["", "first", "last", "none"]),
    choices=st.dictionaries(
        st.sampled_from(
            ["email:spaces", "mobile:starts_with_plus", "born:all_digits", "born:not_a_date", "news:yes_or_no"]
        ),
        st.sampled_from(["mend", "blank", "leave_out"]),
    ),
)
def test_every_row_has_one_fate(
    cut: Callable[..., Cut], rows: list[tuple[str, ...]], wins: str, choices: dict[str, str]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([HEADER.split(","), ("z@example.com", "", "", "1", ""), *rows])
    plan = replace(PLAN, duplicates=wins, choices=choices)  # type: ignore[arg-type]
    found = cut(text.getvalue(), plan, limit=200)
    findings = found.checked.findings
    assert findings.good + findings.faulty + findings.repeated == findings.rows
    assert len(found.sent()) == findings.good
    assert len(found.aside()) - 1 == findings.faulty
    assert findings.rows == 1 + sum(any(cell.strip() for cell in row) for row in rows)
    keys = [row[0].casefold() for row in found.sent().values()]
    assert len(keys) == len(set(keys)), "nobody is in two parts"


# ── A file that goes on unchanged ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [7, 100, 10_000])
def test_a_file_passed_on_is_cut_at_the_ends_of_its_records(size: int) -> None:
    body = b"".join(b'p%d@example.com,"two\nlines ""%d"""\n' % (n, n) for n in range(200)) + b"last@example.com,x"
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    files: dict[int, Kept] = {}
    sizes = pass_on(iter(chunks), b"email,note\n", limit=500, part=lambda number: files.setdefault(number, Kept()))
    assert sizes == [len(files[number].data) for number in sorted(files)]
    assert max(sizes) <= 500
    assert b"".join(files[n].data.removeprefix(b"email,note\n") for n in sorted(files)) == body
    for kept in files.values():
        assert kept.data.startswith(b"email,note\np") or kept.data.startswith(b"email,note\nlast")
        assert kept.data.count(b'"') % 2 == 0


def test_a_record_longer_than_a_part_is_not_passed_on() -> None:
    with pytest.raises(ValueError, match="alone"):
        pass_on(iter([b"x" * 100 + b"\n"]), b"h\n", limit=50, part=lambda number: io.BytesIO())
