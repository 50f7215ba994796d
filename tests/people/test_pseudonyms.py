"""Keyed hashes of addresses: the same for one person, different under each key, and from no other key of the desk."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

import pytest

from people import addresses, pseudonyms

OLD, NEW = "an old key of thirty-two letters", "a new key of thirty-two letters!"
MAJA = addresses.read("maja@example.com")


@pytest.fixture(autouse=True)
def _keys(settings: Any) -> None:
    settings.INDEX_KEYS = [NEW, OLD]


def test_it_is_the_key_id_and_an_hmac_of_kind_and_address() -> None:
    mac = hmac.new(NEW.encode(), b"email:maja@example.com", hashlib.sha256).hexdigest()
    assert pseudonyms.newest(MAJA) == f"{hashlib.sha256(NEW.encode()).hexdigest()[:8]}-{mac}"
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{64}", pseudonyms.newest(MAJA))


def test_the_newest_key_writes_and_every_key_looks_up() -> None:
    assert pseudonyms.newest(MAJA) == pseudonyms.every(MAJA)[0]
    first, second = pseudonyms.every(MAJA)
    assert [pseudonyms.key_id(first), pseudonyms.key_id(second)] == list(pseudonyms.keys())
    assert first.partition("-")[2] != second.partition("-")[2]


def test_what_an_older_desk_wrote_is_among_what_is_looked_for(settings: Any) -> None:
    settings.INDEX_KEYS = [OLD]
    written = pseudonyms.newest(MAJA)
    settings.INDEX_KEYS = [NEW, OLD]
    assert written in pseudonyms.every(MAJA)
    settings.INDEX_KEYS = [NEW]
    assert written not in pseudonyms.every(MAJA)


def test_an_email_address_never_meets_a_number() -> None:
    assert pseudonyms.newest(addresses.Address("email", "46000000001")) != pseudonyms.newest(
        addresses.phone("46000000001")
    )


def test_no_other_key_of_the_desk_has_a_part_in_it(settings: Any) -> None:
    before = pseudonyms.every(MAJA)
    settings.SECRET_KEY, settings.AUDIT_KEYS, settings.VAULT_KEYS = "another " * 8, ["another " * 8], []
    assert pseudonyms.every(MAJA) == before
