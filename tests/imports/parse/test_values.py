"""What the vendor takes of each type, and what is said and done about the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports.parse.values import CHECKERS, stored

GOOD = {
    "email": ["anna@example.com", "a.b+c@kund.test", "åsa.vik@example.com", "anna@exämple.test", "x@a-b.example.org"],
    "mobile": ["46000000001", "4600000000", "354000000"],
    "number": ["0", "-3", "007", "123456789012345678"],
    "decimal": ["0", "1.5", "-3.25"],
    "boolean": ["true", "false"],
    "flag": ["1", "0"],
    "text": ["hej", "två\nrader", "x" * 1000, "=1+1", "#hashtag"],
    "location": ["SE", "AX", "GL"],
    "date": ["2024-02-29", "1912-12-12"],
    "timestamp": ["1714550400", "-3600", "0"],
}
# type → value → what is wrong, and what could be sent
FAULTY: dict[str, dict[str, tuple[str, str | None]]] = {
    "email": {
        " anna@example.com": ("spaces", "anna@example.com"),
        "anna@example.com\u00a0": ("spaces", "anna@example.com"),
        "a@@example.com": ("not_an_address", None),
        "ulf@example": ("not_an_address", None),
        "ulf.example.com": ("not_an_address", None),
        ".ulf@example.com": ("not_an_address", None),
        "ulf@-example.com": ("not_an_address", None),
        "u" * 65 + "@example.com": ("not_an_address", None),
        "a@example.com;b@example.com": ("not_an_address", None),
    },
    "mobile": {
        "+46 000 000 102": ("starts_with_plus", "46000000102"),
        "0046-000000 131": ("starts_with_plus", "46000000131"),
        "46 000 00 01": ("spaces", "460000001"),
        "+46 (0)10-000 00 01": ("starts_with_plus", "46100000001"),
        "46 (0)10 000 00 01": ("spaces", "46100000001"),
        "070-000 00 01": ("leading_zero", None),
        "(0)10-000 00 01": ("leading_zero", None),
        "+010-000 00 01": ("leading_zero", None),
        "4600": ("wrong_length", None),
        "+4600": ("wrong_length", None),
        "4,6E+10": ("not_a_number_of_a_phone", None),
        "ring inte": ("not_a_number_of_a_phone", None),
        "٤٦٠٠٠٠٠٠٠٠": ("not_a_number_of_a_phone", None),
    },
    "number": {
        "1 234": ("thousands", "1234"),
        "12.0": ("not_whole", "12"),
        "12.5": ("not_whole", None),
        "tolv": ("not_a_number", None),
    },
    "decimal": {
        "1,5": ("decimal_comma", "1.5"),
        "1 234,50": ("thousands", "1234.50"),
        " 1.5": ("spaces", "1.5"),
        "1.234.567": ("not_a_number", None),
    },
    "boolean": {
        "Ja": ("yes_or_no", "true"),
        "NEI": ("yes_or_no", "false"),
        "1": ("yes_or_no", "true"),
        "kanske": ("not_a_boolean", None),
    },
    "flag": {"x": ("yes_or_no", "1"), "false": ("yes_or_no", "0"), "2": ("not_a_boolean", None)},
    "text": {
        "x" * 1001: ("too_long", "x" * 1000),
        "x" * 600 + "\n" + "y" * 600: ("too_long", ("x" * 600 + "\n" + "y" * 600)[:1000]),
        "a\0b": ("control_characters", "ab"),
        "#N/A": ("formula_error", ""),
    },
    "location": {"se": ("lower_case", "SE"), "Sverige": ("not_a_country", None), "UK": ("not_a_country", None)},
    "date": {
        "20240131": ("all_digits", "2024-01-31"),
        "20241331": ("all_digits", None),
        "45322": ("all_digits", None),
        "31.12.2024": ("day_first", "2024-12-31"),
        "31/12/2024": ("day_first", "2024-12-31"),
        "3/3/2024": ("day_first", "2024-03-03"),
        "03/04/2024": ("ambiguous", None),
        "31/02/2024": ("no_such_day", None),
        "2024-02-30": ("no_such_day", None),
        "2024/1/31": ("other_signs", "2024-01-31"),
        "2024-05-01T23:30:00+02:00": ("with_time", "2024-05-01"),
        " 2024-05-01": ("spaces", "2024-05-01"),
        "maj": ("not_a_date", None),
    },
    "timestamp": {
        "1714550400000": ("milliseconds", "1714550400"),
        "2024-05-01T10:00:00+02:00": ("time_would_be_cut", "1714550400"),
        "2024-05-01 10:00": ("time_without_zone", None),
        "2024-05-01": ("a_day_alone", "1714521600"),
        "snart": ("not_a_date", None),
    },
}


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in GOOD.items() for value in values])
def test_a_good_value_has_no_fault(kind: str, value: str) -> None:
    assert CHECKERS[kind].look(value) is None


@pytest.mark.seed("S2.16")
@pytest.mark.parametrize(
    ("kind", "value", "found"), [(kind, value, found) for kind, of in FAULTY.items() for value, found in of.items()]
)
def test_a_faulty_value_is_named_and_mended_where_it_can_be(
    kind: str, value: str, found: tuple[str, str | None]
) -> None:
    assert CHECKERS[kind].look(value) == found
    assert not CHECKERS[kind].are_good(["", value, ""], set())
    mended = found[1]
    if mended:
        assert CHECKERS[kind].look(mended) is None, "what is mended is good"


@pytest.mark.parametrize("kind", CHECKERS)
def test_a_column_of_good_values_is_good_at_a_glance(kind: str) -> None:
    known: set[str] = set()
    plain = [value for value in GOOD[kind] if value.isascii() and not value.startswith("#")]
    assert CHECKERS[kind].are_good([*plain, "", *plain], known)
    assert CHECKERS[kind].are_good(plain, known)


@pytest.mark.parametrize("kind", CHECKERS)
@given(
    values=st.lists(
        st.one_of(
            st.text(max_size=30),
            st.text("0123456789", max_size=16),
            st.from_regex(r"\A[a-z.@\-_0-9]{0,20}\Z"),
            st.dates().map(str),
            st.sampled_from(["true", "SE", "1", "0", "anna@example.com", "a\nb", "\n"]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_what_is_good_at_a_glance_is_good_when_looked_at(kind: str, values: list[str]) -> None:
    checker = CHECKERS[kind]
    if checker.are_good(values, set()):
        assert [value for value in values if value and checker.look(value)] == []


@pytest.mark.seed("S2.8")
@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        # The vendor's own table prints the first two of these as its examples of the trap.
        ("date", "20130208", "1970-08-21"),
        ("date", "201303", "1970-01-03"),
        ("date", "2013-02-08", "2013-02-08"),
        ("date", "Tue, 07 Mar 1993 04:22:23 +0300", "1993-03-07"),
        ("timestamp", "1488844800", "2017-03-07 00:00 UTC"),
        ("timestamp", "2017-03-07T04:22:23+03:00", "2017-03-07 00:00 UTC"),
        ("text", "20130208", "20130208"),
        ("date", "maj", "maj"),
    ],
)
def test_days_are_shown_as_the_vendor_stores_them(kind: str, value: str, found: str) -> None:
    assert stored(kind, value) == found
