"""The one place that seals and opens secrets."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet

from accounts import vault

SECRET = "s3cret Ä, as the vendor made it"


def test_what_is_sealed_comes_back_and_shows_nothing() -> None:
    sealed = vault.seal(SECRET)
    assert vault.unseal(sealed) == SECRET
    assert SECRET not in sealed
    assert sealed.isascii()
    assert vault.seal(SECRET) != sealed  # twice the same secret cannot be told from two


def test_nothing_stays_nothing() -> None:
    assert vault.seal("") == ""
    assert vault.unseal("") == ""


def test_keys_rotate(settings: Any) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.VAULT_KEYS = [old]
    sealed = vault.seal(SECRET)
    settings.VAULT_KEYS = [new, old]
    assert vault.unseal(sealed) == SECRET
    anew = vault.seal(SECRET)
    settings.VAULT_KEYS = [new]
    assert vault.unseal(anew) == SECRET
    with pytest.raises(vault.CannotOpen):
        vault.unseal(sealed)


@pytest.mark.parametrize("change", ["swap", "cut", "plain"])
def test_what_was_altered_does_not_open(change: str) -> None:
    sealed = vault.seal(SECRET)
    middle = len(sealed) // 2
    altered = {
        "swap": sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :],
        "cut": sealed[:-8],
        "plain": SECRET.encode().hex(),
    }[change]
    with pytest.raises(vault.CannotOpen) as raised:
        vault.unseal(altered)
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None
