"""A table with fifty kinds of faults, in every kind of column that may be written, each as people really write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

GOOD = {
    "Email": "person.{n}@example.com",
    "Mobile": "46000{n:06}",
    "CRM ID": "crm-{n}",
    "First name": "Åsa",
    "Last name": "Öberg",
    "Ort": "Göteborg",
    "Födelsedatum": "1980-01-31",
    "Kundnummer": "{n:05}",
    "Anteckningar": "rings after five",
    "Land": "SE",
    "Klubbmedlem": "true",
    "Senast i butik": "1700000000",
    "Nyhetsbrev?": "1",
}
TITLES = list(GOOD)

TEXTS = {"control_characters": "bell\x07", "formula_error": "#N/A", "too_long": "x" * 1001}
BAD: dict[str, dict[str, str]] = {
    "Email": {"missing": "", "not_an_address": "kim(at)example.com", "spaces": "kim {n}@example.com"},
    "Mobile": {
        "starts_with_plus": "+46 (0)00 {n:07}",
        "leading_zero": "070-174 06 05",
        "wrong_length": "12345",
        "not_a_number_of_a_phone": "call my mother",
        "spaces": "46000 {n:06}",
    },
    **dict.fromkeys(("CRM ID", "First name", "Last name", "Ort", "Kundnummer", "Anteckningar"), TEXTS),
    "Födelsedatum": {
        "all_digits": "19800131",
        "day_first": "31.01.1980",
        "other_signs": "1980/01/31",
        "with_time": "1980-01-31 10:00",
        "ambiguous": "03/04/1980",
        "no_such_day": "1980-02-30",
        "not_a_date": "in spring",
        "spaces": " 1980-01-31",
    },
    "Land": {"lower_case": "se", "not_a_country": "Sweden"},
    "Klubbmedlem": {"yes_or_no": "ja", "not_a_boolean": "perhaps"},
    "Senast i butik": {
        "milliseconds": "1700000000000",
        "time_would_be_cut": "2023-11-14T22:13:20Z",
        "time_without_zone": "2023-11-14 22:13:20",
        "a_day_alone": "2023-11-14",
        "not_a_date": "last week",
        "no_such_day": "2023-02-30",
        "ambiguous": "03/04/2023",
        "spaces": " 1700000000",
    },
    "Nyhetsbrev?": {"not_a_boolean": "perhaps"},
}  # fmt: skip
KINDS = {
    *((title, kind) for title, kinds in BAD.items() for kind in kinds),
    ("Email", "repeated"),
    ("", "too_many_cells"),
    ("", "too_few_cells"),
}


def good(n: int) -> list[str]:
    """Return the nth row as it ought to be."""
    return [value.format(n=n) for value in GOOD.values()]


def faulty(n: int) -> Iterator[list[str]]:
    """Yield one row of each kind, numbered from n; the last stands twice."""
    for title, kinds in BAD.items():
        for value in kinds.values():
            row = good(n)
            row[TITLES.index(title)] = value.format(n=n)
            yield row
            n += 1
    yield [*good(n), "too much"]
    yield good(n + 1)[:-2]
    yield good(n + 2)
    yield good(n + 2)


def rows(good_rows: int, *, every: int = 1000) -> Iterator[list[str]]:
    """Yield so many good rows, with a bundle of all faults before each `every` of them."""
    n = 0
    for at in range(good_rows):
        if at % every == 0:
            yield from faulty(n)
            n += len(KINDS) + 10
        yield good(n)
        n += 1


def table(good_rows: int, *, every: int = 1000) -> str:
    """Return such a table as a text, as Excel in the Nordic countries saves it."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows([TITLES, *rows(good_rows, every=every)])
    return text.getvalue()


def corrected(rejects: str) -> str:
    """Return a file of rejected rows with every cell put right, as somebody would in Excel; the reasons stay in it."""
    text = io.StringIO(newline="")
    head, *wrong = csv.reader(io.StringIO(rejects.removeprefix("\ufeff"), newline=""), delimiter=";")
    out = csv.writer(text, delimiter=";")
    out.writerow(head)
    for n, row in enumerate(wrong, 10_000_000):
        out.writerow([*good(n), *row[len(TITLES) : len(head)]])
    return text.getvalue()
