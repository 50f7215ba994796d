"""What each kind of fault is called, what it means to APSIS, and how we can mend it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy


class Words(NamedTuple):
    """A fault in words: its name, what it means, and what mending does (empty where nobody can know)."""

    name: Any
    means: Any
    mending: Any = ""


SPACES = lazy("Take the spaces out")

FAULTS: Mapping[str, Words] = {
    "missing": Words(lazy("Missing"), lazy("Without it APSIS cannot tell who it is.")),
    "repeated": Words(lazy("Stands in several rows"), lazy("Of one person one row can go. Say above which.")),
    "too_many_cells": Words(lazy("More cells than the header"), lazy("Which column they belong to nobody can tell.")),
    "too_few_cells": Words(
        lazy("Fewer cells than the header"),
        lazy("Which are missing nobody can tell; some programs leave out empty ones at a row’s end."),
        lazy("Take the missing last cells for empty"),
    ),
    "spaces": Words(lazy("Has spaces in it"), lazy("APSIS takes them for a part of the value."), SPACES),
    "not_an_address": Words(lazy("Not an e-mail address"), lazy("Such rows would be refused.")),
    "starts_with_plus": Words(
        lazy("Starts with + or 00"),
        lazy("APSIS expects digits alone, with the country’s code first: 46701234567."),
        lazy("Keep the digits alone"),
    ),
    "leading_zero": Words(
        lazy("Lacks its country’s code"), lazy("It starts with a zero. Which country it is in nobody can tell.")
    ),
    "wrong_length": Words(lazy("Too short or too long"), lazy("With its country’s code a number has 7 to 15 digits.")),
    "not_a_number_of_a_phone": Words(lazy("Not a phone number"), lazy("Such rows would be refused.")),
    "thousands": Words(
        lazy("Has spaces between thousands"), lazy("APSIS expects digits alone."), lazy("Keep the digits alone")
    ),
    "decimal_comma": Words(
        lazy("Has a comma for decimals"), lazy("APSIS expects a point: 1.5."), lazy("Write a point for the comma")
    ),
    "not_a_number": Words(lazy("Not a number"), lazy("Such rows would be refused.")),
    "not_whole": Words(
        lazy("Not a whole number"), lazy("This attribute holds whole numbers."), lazy("Drop decimals that are zero")
    ),
    "yes_or_no": Words(
        lazy("Spelt in another way"), lazy("APSIS expects true or false."), lazy("Write it as APSIS expects")
    ),
    "not_a_boolean": Words(lazy("Neither yes nor no"), lazy("What it stands for nobody can tell.")),
    "too_long": Words(
        lazy("Longer than 1,000 characters"), lazy("APSIS keeps no longer text."), lazy("Cut after 1,000 characters")
    ),
    "control_characters": Words(
        lazy("Holds invisible control characters"), lazy("They come from a broken export."), lazy("Take them out")
    ),
    "formula_error": Words(
        lazy("An error of a formula"), lazy("Such as #N/A: the spreadsheet had no value."), lazy("Send it empty")
    ),
    "lower_case": Words(
        lazy("A country in small letters"), lazy("APSIS expects two capitals: SE."), lazy("Write capitals")
    ),
    "not_a_country": Words(
        lazy("Not a country’s two letters"), lazy("APSIS expects ISO codes such as SE, NO, DK, FI.")
    ),
    "all_digits": Words(
        lazy("A date of digits alone"),
        lazy("APSIS takes it for seconds since 1970 and stores another day."),
        lazy("Write it as year-month-day"),
    ),
    "day_first": Words(
        lazy("Day before month"), lazy("APSIS expects year-month-day."), lazy("Write it as year-month-day")
    ),
    "other_signs": Words(
        lazy("Other signs between"), lazy("APSIS expects year-month-day with hyphens."), lazy("Write hyphens")
    ),
    "with_time": Words(
        lazy("Has a time of day"), lazy("APSIS drops time and zone of a date."), lazy("Keep the day as written")
    ),
    "ambiguous": Words(lazy("Day or month first?"), lazy("03/04 is the third of April or the fourth of March.")),
    "no_such_day": Words(lazy("No such day"), lazy("The calendar does not have it.")),
    "not_a_date": Words(lazy("Not a date"), lazy("Such rows would be refused.")),
    "milliseconds": Words(lazy("Milliseconds"), lazy("APSIS expects seconds since 1970."), lazy("Keep the seconds")),
    "time_would_be_cut": Words(
        lazy("A moment that would be cut"),
        lazy("APSIS cuts it to midnight UTC unless it is written in seconds since 1970."),
        lazy("Write it in seconds"),
    ),
    "time_without_zone": Words(lazy("A moment without a zone"), lazy("Which moment it is nobody can tell.")),
    "a_day_alone": Words(
        lazy("A day where a moment is expected"), lazy("APSIS stores midnight UTC."), lazy("Send midnight UTC")
    ),
}


def short(field: str, kind: str) -> str:
    """Return a fault in a few words, with its column: as it stands in a file of faulty rows."""
    name = str(FAULTS[kind].name)
    return f"{field}: {name}" if field else name


# Why a file cannot be read: what is wrong, and the cure.
UNREADABLE: Mapping[str, Any] = {
    "empty": lazy("The file is empty. Choose one with a header row and at least one row below it."),
    "header_only": lazy("The file has a header and no rows, so there is nothing to import."),
    "wrong_encoding": lazy(
        "Line %(line)s cannot be read as %(encoding)s. Choose another encoding, or save the file as “CSV UTF-8”."
    ),
    "line_too_long": lazy(
        "Line %(line)s is longer than a row of a table can be. Choose another delimiter, quote or header row, or save "
        "the file as CSV anew."
    ),
    "not_a_table": lazy("Line %(line)s cannot be read as a row of a table. Choose another delimiter or quote."),
    "too_many_columns": lazy(
        "The file has %(columns)s columns, and we read %(most)s at most. Choose another delimiter, or delete columns."
    ),
    "no_sheet": lazy("The spreadsheet has no sheet with anything in it. Choose another file."),
    "damaged": lazy("The spreadsheet cannot be opened: it is damaged, or something else under its name. Save it anew."),
    "password": lazy("The spreadsheet is locked with a password. Save it without one, and choose that file."),
    "bomb": lazy("The spreadsheet unpacks to far more than it shows. Copy its rows to a new one, and choose that."),
    "too_slow": lazy("The spreadsheet takes too long to open. Save it as “CSV UTF-8” in Excel, and choose that file."),
    "too_many_rows": lazy("The spreadsheet has more rows than a sheet can have. Copy them to a new one."),
    "file_gone": lazy("The file is no longer here. Choose it again."),
}


def unreadable(code: str, facts: Mapping[str, Any], encoding: str = "") -> str:
    """Return why a file cannot be read, and what to do."""
    return str(UNREADABLE[code]) % {"line": "?", "columns": "?", "most": "?", **facts, "encoding": encoding}


def ended(code: str, facts: Mapping[str, Any], encoding: str = "") -> str:
    """Return why a long step over a file ended without a result: by the file's own fault, or by one of ours."""
    if code in UNREADABLE:
        return unreadable(code, facts, encoding)
    broken = _("Something broke on our side. Quote %(reference)s to whoever runs this desk, and try again.")
    return broken % {"reference": facts.get("reference", "?")}


def rows_left_out() -> str:
    return _("Leave those rows out")
