"""Any spelling of a table gives the same rows: encodings, delimiters, line ends, what stands above the header."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports.parse.reading import Reading, Unreadable
from imports.parse.rows import LONGEST_LINE, head, letter, rows, titles
from imports.parse.sniffing import kind, sniff

TABLE = [
    ["Namn", "E-post", "Ort", "Anteckning"],
    ["Åsa Öberg", "asa@example.com", "Malmö", "Vill ha katalogen, helst på papper"],
    ["Jörgen Ek", "jorgen@example.org", "Gävle", 'Kallas "Lillan" av alla'],
    ["Lærke Strøm", "larke@kund.test", "Ærø", "Ring efter 17;\ninte på fredagar"],
    ["Päivi Mäki", "paivi@example.com", "Jyväskylä", "a|b\tc"],
]


def written(table: list[list[str]], delimiter: str = ",", end: str = "\r\n") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(table)
    return text.getvalue()


def read(data: bytes) -> list[list[str]]:
    reading = sniff(data, is_whole=True)
    found, _first = head(io.BytesIO(data), reading)
    return [found, *(row for _number, row in rows(io.BytesIO(data), reading))]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "mac_roman"])
def test_every_spelling_of_a_table_is_the_same_table(delimiter: str, encoding: str) -> None:
    assert read(written(TABLE, delimiter).encode(encoding)) == TABLE


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_one(end: str) -> None:
    plain = [[cell.replace("\n", " ") for cell in row] for row in TABLE]
    assert read(written(plain, ";", end).encode()) == plain


def test_a_line_for_spreadsheets_names_the_delimiter_and_is_no_row() -> None:
    data = ("sep=|\r\n" + written(TABLE, "|")).encode()
    reading = sniff(data, is_whole=True)
    assert reading.delimiter == "|"
    assert reading.header_row == 1
    assert next(rows(io.BytesIO(data), reading)) == (2, TABLE[1])


def test_rows_are_numbered_as_a_spreadsheet_shows_them() -> None:
    data = b'name,email\r\n"two\nlines",a@example.com\r\n\r\nb,b@example.com\r\n'
    assert list(rows(io.BytesIO(data), Reading())) == [
        (2, ["two\nlines", "a@example.com"]),
        (4, ["b", "b@example.com"]),
    ]


def test_what_stands_above_the_header_is_passed_over() -> None:
    data = b"Kunder 2026\n\nnamn;epost\nAnna;anna@example.com\nBo;bo@example.org\n"
    reading = sniff(data, is_whole=True)
    assert (reading.delimiter, reading.header_row) == (";", 3)
    found, first = head(io.BytesIO(data), reading)
    assert found == ["namn", "epost"]
    assert first[0] == (4, ["Anna", "anna@example.com"])


def test_a_table_without_a_header_is_told_by_its_values() -> None:
    data = b"anna@example.com,46000000001\nbo@example.org,46000000002\n"
    reading = sniff(data, is_whole=True)
    assert reading.header_row == 0
    found, first = head(io.BytesIO(data), reading)
    assert found == ["Column A", "Column B"]
    assert first[0] == (1, ["anna@example.com", "46000000001"])


def test_a_list_of_addresses_alone_is_one_column() -> None:
    data = b"email\nanna@example.com\nbo@example.org\n"
    reading = sniff(data, is_whole=True)
    assert head(io.BytesIO(data), reading)[0] == ["email"]


def test_a_character_cut_at_the_end_of_a_sample_is_no_fault() -> None:
    whole = written(TABLE).encode()
    cut = whole[: whole.index("Ö".encode()) + 1]
    assert sniff(cut, is_whole=False).encoding == "utf-8"
    assert sniff(cut, is_whole=True).encoding != "utf-8"


def test_titles_are_each_there_once() -> None:
    assert titles(["a", "", "a", " a  b ", "a", ""]) == ["a", "Column B", "a (2)", "a b", "a (3)", "Column F"]
    assert titles(["a", "a", "a (2)"]) == ["a", "a (2)", "a (2) (2)"]
    assert (letter(0), letter(25), letter(26), letter(701), letter(702)) == ("A", "Z", "AA", "ZZ", "AAA")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"email,name\n", "header_only"),
        (b"email,name\n\n\n", "header_only"),
        (b",".join([b"c"] * 1001) + b"\n" + b"," * 1000 + b"\n", "too_many_columns"),
    ],
)
def test_a_file_with_nothing_in_it_says_so(data: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        head(io.BytesIO(data), Reading())
    assert refused.value.code == code


def test_a_line_without_an_end_is_not_read_to_find_out() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b"x" * size

    endless = Endless()
    with pytest.raises(Unreadable) as refused:
        head(endless, Reading())
    assert refused.value.code == "line_too_long"
    assert endless.given < 2 * LONGEST_LINE


def test_bytes_that_are_no_text_are_refused_with_the_place() -> None:
    data = b"email,name\na@example.com,A\n" * 3 + b"b@example.com,\xff\xfe\n"
    with pytest.raises(Unreadable) as refused:
        list(rows(io.BytesIO(data), Reading()))
    assert (refused.value.code, refused.value.facts) == ("wrong_encoding", {"line": 7})


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b'a,b\n1,2\n"3,4\n5,6\n7,8\n', 3),
        (b'a,b\n1,2\n3,"4\r\n5,6', 3),
        (b'a,b\n"1\n2",3\n4,"', 4),
        (b'a,"b\n1,2\n', 1),
    ],
)
def test_a_quote_that_is_never_closed_hides_no_rows(data: bytes, line: int) -> None:
    with pytest.raises(Unreadable) as refused:
        list(rows(io.BytesIO(data), Reading()))
    assert (refused.value.code, refused.value.facts) == ("not_a_table", {"line": line})


def test_quotes_that_are_closed_at_the_very_end_are_closed() -> None:
    data = b'a,b\n1,"two\nlines"'
    assert list(rows(io.BytesIO(data), Reading())) == [(2, ["1", "two\nlines"])]
    assert list(rows(io.BytesIO(b'a,b\n5" wide,"'), Reading(quote=""))) == [(2, ['5" wide', '"'])]


@pytest.mark.parametrize(
    ("start", "found"),
    [(b"PK\x03\x04rest", "zip"), (b"\xd0\xcf\x11\xe0\xa1\xb1", "ole"), (b"email;name\n", "text"), (b"<html>", "text")],
)
def test_the_first_bytes_say_what_a_file_is(start: bytes, found: str) -> None:
    assert kind(start) == found


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20)


@given(
    table=st.integers(2, 5).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1)
    ),
    delimiter=st.sampled_from(",;\t|"),
)
def test_whatever_was_written_is_read_again(table: list[list[str]], delimiter: str) -> None:
    data = written([["h"] * len(table[0]), *table], delimiter).encode()
    found = [row for _number, row in rows(io.BytesIO(data), Reading(delimiter=delimiter))]
    assert found == table
