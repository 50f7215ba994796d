"""One spelling for each address, and a word for what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from people import addresses
from people.addresses import Address, Unreadable


@pytest.mark.parametrize(
    "typed",
    ["maja@example.com", "  Maja@Example.COM\n", "MAJA@EXAMPLE.COM", "\u00a0maja@example.com"],
)
def test_an_email_address_is_one_however_it_is_written(typed: str) -> None:
    assert addresses.read(typed) == Address("email", "maja@example.com")


def test_a_letter_is_one_however_it_was_composed() -> None:
    assert addresses.read("a\u030asa@example.com") == addresses.read("\u00c5SA@example.com")
    assert addresses.read("İ@example.com") == addresses.read("i\u0307@example.com")


@pytest.mark.parametrize(
    "typed",
    [
        "46000000001",
        "+46000000001",
        "0046000000001",
        "+46 (0)00-00 00 001",
        " +46 00.000/0001 ",
        "٤٦000000001",
        "＋46000000001",
    ],
)
def test_a_number_is_one_however_it_is_written(typed: str) -> None:
    assert addresses.read(typed) == Address("phone", "46000000001")


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("@", "neither"),
        ("maja@", "neither"),
        ("@example.com", "neither"),
        ("maja@localhost", "neither"),
        ("maja@.", "neither"),
        ("maja@example.com, siri@example.com", "neither"),
        ("Maja <maja@example.com>", "neither"),
        ("maja\0@example.com", "neither"),
        ("maja@exa\u202emple.com", "neither"),
        ("x" * 250 + "@example.com", "neither"),
        ("Maja Berg", "neither"),
        ("46000000001 or so", "neither"),
        ("0700000001", "national"),
        ("123456", "length"),
        ("+46", "length"),
        ("1" * 16, "length"),
    ],
)
def test_what_is_no_address_is_refused_with_a_word(typed: str, why: str) -> None:
    with pytest.raises(Unreadable) as refused:
        addresses.read(typed)
    assert refused.value.why == why
    assert not typed.strip() or typed not in str(refused.value)


def test_an_address_is_not_shown_by_what_shows_objects() -> None:
    assert "maja" not in repr(addresses.read("maja@example.com"))


@given(st.text(max_size=40))
def test_whatever_is_read_reads_as_itself(typed: str) -> None:
    try:
        address = addresses.read(typed)
    except Unreadable:
        return
    assert addresses.read(address.text) == address
