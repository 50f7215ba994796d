"""What is counted in a file, and what is refused, however its bytes were cut into chunks."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exports import contents
from exports.contents import Counts, NotAsPromised, count
from exports.rows import LONGEST_ROW
from exports.spec import Column
from runs.cells import LONGEST_CELL

COLUMNS = [
    Column("key", "key", "Key"),
    Column("E", "consent", "E-mail"),
    Column("M", "consent", "SMS"),
    Column("Town", "attribute", "Town"),
    Column("S", "segment", "Spring"),
    Column("T", "segment", "Torn"),
]
HEADER = b"export_key,E,M,Town,S,T\n"
ROW = b"k1,a@b.c,,Lund,1,0\n"


def cut(content: bytes, size: int) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]


def refusal(content: bytes, size: int = 7, columns: list[Column] = COLUMNS) -> NotAsPromised:
    with pytest.raises(NotAsPromised) as caught:
        count(cut(content, size), columns)
    return caught.value


def naive(content: bytes, columns: list[Column]) -> tuple[list[str], Counts]:
    """Count as anybody would at first, with nothing in mind but that it be right."""
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    rows = list(reader)
    titles = {kind: [c.title for c in columns if c.kind == kind] for kind in ("consent", "segment", "attribute")}

    def filled(title: str) -> int:
        return sum(row[title] != "" for row in rows)

    return list(reader.fieldnames or ()), Counts(
        rows=len(rows),
        consented={title: filled(title) for title in titles["consent"]},
        contactable=sum(any(row[t] != "" for t in titles["consent"]) for row in rows),
        members={title: sum(row[title] == "1" for row in rows) for title in titles["segment"]},
        member_of_any=sum(any(row[t] == "1" for t in titles["segment"]) for row in rows),
        contactable_members=sum(
            any(row[t] != "" for t in titles["consent"]) and any(row[t] == "1" for t in titles["segment"])
            for row in rows
        ),
        filled={title: filled(title) for title in titles["attribute"]},
    )


# ── Random tables ────────────────────────────────────────────────────────────────────────────────────────────────

# What a CSV trips over comes often, and everything else that UTF-8 can say comes too.
TEXT = st.text(st.sampled_from('",;\n\r 01aåł🛒\0\ufeff\x0b\x1c\u2028\x85') | st.characters(codec="utf-8"), max_size=8)
CELL = st.sampled_from(["", "1", "0"]) | TEXT
KINDS = ("consent", "attribute", "tag", "segment")


def written(cell: str, always: bool) -> str:
    """Write a cell. Python's own writer leaves a lone carriage return unquoted, which no reader takes for a letter."""
    return '"' + cell.replace('"', '""') + '"' if always or set(cell) & set('",\r\n') else cell


@st.composite
def tables(draw: st.DrawFn) -> tuple[bytes, list[Column]]:
    titles = draw(st.lists(TEXT.map(lambda title: title.replace("\0", "")), min_size=1, max_size=7, unique=True))
    # A file whose very first cell begins with a byte order mark cannot be told from one that has a mark.
    titles[0] = titles[0].lstrip("\ufeff") or "key"
    titles = list(dict.fromkeys(titles))
    kinds = [draw(st.sampled_from(KINDS)) for _ in titles[1:]]
    rows = draw(st.lists(st.lists(CELL, min_size=len(titles), max_size=len(titles)), max_size=12))
    # The same rows again and again, so that plain and quoted ones meet in every order.
    rows *= draw(st.integers(1, 20))
    end, always = draw(st.sampled_from(["\n", "\r\n"])), draw(st.booleans())
    content = end.join(",".join(written(cell, always or len(titles) == 1) for cell in row) for row in [titles, *rows])
    content += draw(st.sampled_from(["", end]))
    mark = draw(st.sampled_from([b"", contents.BOM]))
    columns = [Column(titles[0], "key", ""), *(Column(t, k, "") for t, k in zip(titles[1:], kinds, strict=True))]
    return mark + content.encode(), draw(st.permutations(columns))


@given(tables(), st.integers(1, 200))
@example((b"k,E\nx,\x00\n", [Column("E", "consent", "")]), 3)
def test_counts_are_those_of_the_naive_way(table: tuple[bytes, list[Column]], size: int) -> None:
    content, columns = table

    header, counts = count(cut(content, size), columns)

    expected_header, expected = naive(content, columns)
    assert header == expected_header
    assert counts == expected


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64, 1000, 100_000])
def test_plain_and_quoted_rows_mixed(size: int) -> None:
    odd = 'k2,,,"Malmö, ""syd""\r\nno 2",0,1\n'.encode()
    content = HEADER + (ROW * 3 + odd + ROW) * 40 + odd

    header, counts = count(cut(content, size), COLUMNS)

    assert (header, counts) == naive(content, COLUMNS)
    assert counts.rows == 40 * 5 + 1


def test_columns_are_found_by_title_in_any_order() -> None:
    content = b"T,Town,S,the key,M,E\n1,Lund,0,k1,,a@b.c\n"

    _, counts = count([content], COLUMNS)

    assert counts.consented == {"E": 1, "M": 0}
    assert counts.members == {"S": 0, "T": 1}
    assert (counts.contactable, counts.member_of_any, counts.filled) == (1, 1, {"Town": 1})


@pytest.mark.parametrize("first", [b"export_key", b"profile_key", b"", "nyckel åäö".encode()])
def test_the_key_may_be_called_anything(first: bytes) -> None:
    header, counts = count([HEADER.replace(b"export_key", first) + ROW], COLUMNS)

    assert (header[0], counts.rows) == (first.decode(), 1)


def test_a_title_that_no_database_can_keep() -> None:
    with pytest.raises(NotAsPromised) as caught:
        count([b"key,E\0\n"], [Column("E\0", "consent", "")])

    assert (caught.value.code, caught.value.facts) == ("row_unreadable", {"line": 1})


def test_header_alone_is_an_export_of_nobody() -> None:
    header, counts = count([HEADER], COLUMNS)

    assert header == HEADER.decode().strip().split(",")
    assert counts == Counts(consented={"E": 0, "M": 0}, members={"S": 0, "T": 0}, filled={"Town": 0})


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", contents.BOM])
@pytest.mark.parametrize("is_ended", [True, False])
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_line_ends_mark_and_the_last_line(end: bytes, mark: bytes, is_ended: bool, size: int) -> None:
    content = mark + (HEADER + ROW * 50).replace(b"\n", end)
    content = content if is_ended else content[: -len(end)]

    header, counts = count(cut(content, size), COLUMNS)

    assert (header[0], counts.rows, counts.members["S"]) == ("export_key", 50, 50)


def test_a_nul_is_a_letter_like_others() -> None:
    _, counts = count([HEADER + b"k1,\0,,,1,0\n"], COLUMNS)

    assert (counts.consented["E"], counts.members["S"]) == (1, 1)


# ── What is refused ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n", contents.BOM])
def test_empty(content: bytes) -> None:
    assert refusal(content).code == "file_empty"


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("before", [0, 1, 3000])
@pytest.mark.parametrize(
    ("bad", "cells"), [(b"k,a,b\n", 3), (b"\n", 0), (b"k,a,b,c,1,0,1\n", 7), (b'"k",a\n', 2), (b"k,a,b", 3)]
)
def test_ragged_row_by_its_number_in_a_spreadsheet(bad: bytes, cells: int, before: int, size: int) -> None:
    if size == 1 and before > 1:
        size = 50
    odd = b'k,,,"two\nlines, one row",1,0\n'

    error = refusal(HEADER + (ROW + odd) * before + bad + (ROW if bad.endswith(b"\n") else b""), size)

    assert error.code == "row_of_other_width"
    assert error.facts == {"row": 2 * before + 2, "cells": cells, "width": 6}


@pytest.mark.parametrize("size", [7, 1000])
def test_a_lone_carriage_return_ends_a_row(size: int) -> None:
    error = refusal(HEADER + ROW * 3 + b"k,a,b,c,1,x\ry\n" + ROW, size)

    assert error.facts == {"row": 6, "cells": 1, "width": 6}


def test_two_ragged_rows_that_make_up_for_each_other() -> None:
    short, long = b"k,a,b,c,1\n", b"k,a,b,c,1,0,x\n"

    error = refusal(HEADER + ROW * 9 + short + long, 1000)

    assert error.facts["row"] == 11


def test_empty_line_among_rows_of_one_cell() -> None:
    """It is no row with an empty cell, which would be written as two quotation marks."""
    error = refusal(b"key\nk1\n\nk2\n", 4, columns=[])

    assert error.facts == {"row": 3, "cells": 0, "width": 1}


@pytest.mark.parametrize("size", [1, 6, 1000])
def test_not_utf8_by_line(size: int) -> None:
    error = refusal(HEADER + ROW * 20 + "k,å@b.c,,Lund,1,0\n".encode("latin-1") + ROW, size)

    assert (error.code, error.facts) == ("not_utf8", {"line": 22})


def test_utf16_is_not_utf8() -> None:
    assert refusal((HEADER + ROW).decode().encode("utf-16")).code == "not_utf8"


def test_a_letter_cut_off_at_the_end_is_not_utf8() -> None:
    assert refusal(HEADER + "k,,,Malmö".encode()[:-1]).facts == {"line": 2}


@pytest.mark.parametrize("last", [b'"', b'k,"', b'k,"a\nb', b'k,,,"Lund",1,0\nk,"a@b.c,,Lund,1,0\n'])
@pytest.mark.parametrize("size", [1, 9, 1000])
def test_lone_quotation_mark_at_the_end(last: bytes, size: int) -> None:
    error = refusal(HEADER + ROW * 3 + last, size)

    assert error.code == "row_unreadable"
    assert error.facts["line"] == 4 + len(last.splitlines())


@pytest.mark.parametrize("size", [5, 1000])
def test_text_after_a_closing_quotation_mark(size: int) -> None:
    error = refusal(HEADER + ROW * 3 + b'k,"a"b,,,1,0\n' + ROW * 30, size)

    assert (error.code, error.facts) == ("row_unreadable", {"line": 5})


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_cell_that_is_too_long(quote: bytes) -> None:
    cell = quote + b"x" * (LONGEST_CELL + 1) + quote

    assert refusal(HEADER + b"k,,," + cell + b",1,0\n" + ROW, 65_536).code == "row_unreadable"


def test_cell_that_is_just_short_enough() -> None:
    cell = b"x" * LONGEST_CELL

    _, counts = count(cut(HEADER + ROW + b"k,,," + cell + b",1,0\n" + ROW, 65_536), COLUMNS)

    assert counts.rows == 3


@pytest.mark.parametrize("start", [b"", HEADER, HEADER + ROW])
def test_line_without_end_is_given_up_early(start: bytes) -> None:
    taken = 0

    def endless():
        nonlocal taken
        yield start
        while taken < 65 * 1024 * 1024:
            taken += 65_536
            yield b"x," * 32_768

    with pytest.raises(NotAsPromised) as caught:
        count(endless(), COLUMNS)

    assert (caught.value.code, caught.value.facts) == ("line_too_long", {"most": LONGEST_ROW})
    assert taken < LONGEST_ROW + 3 * 65_536


def test_quoted_row_without_end_is_given_up_early() -> None:
    """Many short cells, each with a line end: no cell is too long, and the row does not end."""
    piece = b'"a\nb",' * 10_000

    error = refusal(HEADER + piece * (2 * LONGEST_ROW // len(piece) + 2), 65_536)

    assert error.code in ("line_too_long", "row_unreadable")


def test_title_twice() -> None:
    error = refusal(HEADER.replace(b"Town", b"E"))

    assert (error.code, error.facts) == ("column_twice", {"columns": ["E"]})


def test_columns_missing() -> None:
    error = refusal(b"export_key,E,Town,S\n")

    assert (error.code, error.facts) == ("column_missing", {"columns": ["M", "T"]})


def test_refusals_hold_nothing_of_a_cell() -> None:
    error = refusal(HEADER + b"anna@example.com,secret\n")

    assert "anna" not in repr(error) + str(error.facts)
