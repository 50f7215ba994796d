"""How what was typed is understood: every spelling of one address is one key, and what is none says why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consents import keys
from consents.keys import NoKey
from upstream.apsis.builtin import CRM_KEYSPACE, EMAIL_CHANNEL, EMAIL_KEYSPACE, EXPORT_KEYSPACE, MOBILE_KEYSPACE
from upstream.apsis.definitions import Keyspace

ALL = [Keyspace(one, one) for one in (EMAIL_KEYSPACE, MOBILE_KEYSPACE, CRM_KEYSPACE, EXPORT_KEYSPACE)]
UUID = "ac7d8f20-fb8e-4a42-b322-1f3a5c7e9b4d"


@pytest.mark.parametrize(
    ("typed", "keyspace", "text"),
    [
        ("somebody@example.com", EMAIL_KEYSPACE, "somebody@example.com"),
        ("  Somebody@Example.COM ", EMAIL_KEYSPACE, "somebody@example.com"),
        ("some.body+list@example.com", EMAIL_KEYSPACE, "some.body+list@example.com"),
        ("o'neil@example.com", EMAIL_KEYSPACE, "o'neil@example.com"),
        ("anna@räksmörgås.example.com", EMAIL_KEYSPACE, "anna@räksmörgås.example.com"),
        ("anna@ra\u0308ksmörgås.example.com", EMAIL_KEYSPACE, "anna@räksmörgås.example.com"),
        ("+46 000 00 00 01", MOBILE_KEYSPACE, "46000000001"),
        ("0046-000-000001", MOBILE_KEYSPACE, "46000000001"),
        ("46 (0) 000 000 001", MOBILE_KEYSPACE, "46000000001"),
        ("46000000001", MOBILE_KEYSPACE, "46000000001"),
        ("\u00a046000000001\u00a0", MOBILE_KEYSPACE, "46000000001"),
        (UUID.upper(), EXPORT_KEYSPACE, UUID),
        ("C-0000013", CRM_KEYSPACE, "C-0000013"),
        ("00000013", CRM_KEYSPACE, "00000013"),
    ],
)
def test_every_spelling_is_understood(typed: str, keyspace: str, text: str) -> None:
    key = keys.read(typed, ALL)
    assert (key.keyspace, key.text) == (keyspace, text)
    assert text not in repr(key)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "empty"),
        (" \u00a0 ", "empty"),
        ("..", "empty"),
        ("a@example.com, b@example.com", "several"),
        ("E-mail\na@example.com\n\nb@example.com", "several"),
        ("a@example.com\u200b", "control"),
        ("a\x00b", "control"),
        ("\u202egro.elpmaxe@a", "control"),
        (f"{'x' * 300}@example.com", "email"),
        ("x" * 300, "long"),
        ("somebody@localhost", "email"),
        ("some body@example.com", "email"),
        ("070 000 00 01", "national"),
    ],
)
def test_what_is_no_key_says_why_and_nothing_else(typed: str, why: str) -> None:
    with pytest.raises(NoKey) as caught:
        keys.read(typed, ALL)
    assert caught.value.why == why
    assert not typed.strip() or typed not in str(caught.value)


def test_a_keyspace_that_was_chosen_holds_and_one_that_is_not_offered_does_not() -> None:
    assert keys.read("46000000001", ALL, CRM_KEYSPACE).keyspace == CRM_KEYSPACE
    with pytest.raises(NoKey) as caught:
        keys.read("46000000001", ALL[:1])
    assert caught.value.why == "no_keyspace"
    with pytest.raises(NoKey) as caught:
        keys.read("C-0000013", ALL, MOBILE_KEYSPACE)
    assert caught.value.why == "phone"


def test_an_address_that_cannot_be_read_stays_as_it_is() -> None:
    assert keys.on_channel(EMAIL_CHANNEL, " Somebody@Example.com ") == "somebody@example.com"
    assert keys.on_channel(EMAIL_CHANNEL, " nonsense ") == "nonsense"
    assert keys.on_channel("com.apsis1.channels.letter", " Storgatan 1 ") == "Storgatan 1"


@given(st.text(max_size=40))
def test_anything_is_a_key_or_says_why(typed: str) -> None:
    try:
        key = keys.read(typed, ALL)
    except NoKey:
        return
    assert key.text
    assert keys.read(key.text, ALL, key.keyspace) == key, "its own spelling is read as itself"
