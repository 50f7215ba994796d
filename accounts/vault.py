"""The vault: the one place that seals and opens secrets at rest.

Keys come from `VAULT_KEYS`, newest first: the first one seals, every one opens, so that a key can be rotated.
"""

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class CannotOpen(Exception):
    """No key in VAULT_KEYS opens this: a key was taken out too early, or the value was altered."""


@lru_cache(maxsize=1)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def seal(text: str) -> str:
    """Return `text` encrypted and authenticated, as URL-safe ASCII; the empty text stays empty."""
    return _fernet(tuple(settings.VAULT_KEYS)).encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """Return what `seal` was given. Raises CannotOpen."""
    if not sealed:
        return ""
    try:
        return _fernet(tuple(settings.VAULT_KEYS)).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise CannotOpen("no key in VAULT_KEYS opens this value") from None


def is_fresh(sealed: str) -> bool:
    """Say whether the newest key sealed this; nothing needs no key."""
    if not sealed:
        return True
    try:
        Fernet(settings.VAULT_KEYS[0]).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True
