"""A person as the desk may remember them: a keyed hash of their address, made here and nowhere else.

A hash without a key would be no secret: addresses and numbers are few enough to try them all. With INDEX_KEYS, which
are not in the database, nobody who has the database can, and without the address nobody can tell whose it is.

The keys are versioned: a pseudonym begins with the id of its key, as in `5f70bf18-9c4e…`. The newest key writes, every
key looks up. A hash cannot be made anew under another key without its address, so an old key stays for as long as
somebody may ask for what it hashed (people/rotation.py), and what it hashed is nobody's any more once it is gone.
"""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings

from people.addresses import Address


def keys() -> dict[str, bytes]:
    """Return the keys of INDEX_KEYS, newest first, each by its id: the first eight digits of its SHA-256."""
    return {hashlib.sha256(key.encode()).hexdigest()[:8]: key.encode() for key in settings.INDEX_KEYS}


def newest(address: Address) -> str:
    """Return the pseudonym to write."""
    return every(address)[0]


def every(address: Address) -> list[str]:
    """Return the pseudonyms to look for, newest first: one for each key that somebody may have written with."""
    return [f"{key_id}-{digest(key, address.kind, address.text).hex()}" for key_id, key in keys().items()]


def digest(key: bytes, kind: str, text: str) -> bytes:
    """Return the keyed hash itself, 32 bytes. `kind` is an address's, or "key" for the export key of a person."""
    # The kind is hashed along, so that a number and an e-mail address never meet.
    return hmac.digest(key, f"{kind}:{text}".encode(), "sha256")


def key_id(pseudonym: str) -> str:
    """Return the id of the key that a pseudonym was made with."""
    return pseudonym.partition("-")[0]
