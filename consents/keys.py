"""By what somebody is looked up: what was typed, read into the spelling that the vendor knows people by. No Django."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from people import addresses
from people.addresses import Address, Unreadable
from upstream.apsis.builtin import CHANNEL_OF, CRM_KEYSPACE, EMAIL_KEYSPACE, EXPORT_KEYSPACE, MOBILE_KEYSPACE
from upstream.apsis.definitions import Keyspace

LONGEST = 200  # letters of a key that is no address

_EXPORT_KEY = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)

Why = Literal["empty", "several", "control", "long", "email", "phone", "national", "length", "no_keyspace"]


class NoKey(ValueError):
    """What was typed is no key. `why` is a word for it; the text itself is in no message."""

    def __init__(self, why: Why) -> None:
        super().__init__(f"no key: {why}")
        self.why: Why = why


@dataclass(frozen=True, slots=True)
class Key:
    """Somebody's key in a keyspace, in the vendor's spelling; `keyspace` is a discriminator."""

    keyspace: str
    text: str = field(repr=False)

    @property
    def channel(self) -> str | None:
        """The channel whose address this key is, None where it is no address."""
        return CHANNEL_OF.get(self.keyspace)


def read(typed: str, keyspaces: Sequence[Keyspace], keyspace: str = "") -> Key:
    """Read what was typed as a key of a keyspace; of the one that it looks like where none is named. Raises NoKey.

    Blanks around it mean nothing, nor does the case of an e-mail address; a number is taken in any spelling with its
    country code. An export key is a UUID; whatever is left is a CRM id.
    """
    text = unicodedata.normalize("NFC", typed.strip())
    if text in ("", ".", ".."):  # the dots would name another place in the vendor's address
        raise NoKey("empty")
    if any(sign in "\r\n\t;," for sign in text):
        raise NoKey("several")
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn") for sign in text):
        raise NoKey("control")
    offered = {one.discriminator for one in keyspaces}
    found = keyspace or _looks_like(text, offered)
    if found not in offered:
        raise NoKey("no_keyspace")
    return Key(found, spelled(found, text))


def spelled(keyspace: str, text: str) -> str:
    """Return a text as the vendor spells keys of a keyspace. Raises NoKey."""
    if keyspace == EMAIL_KEYSPACE:
        return _address(text, "email").text
    if keyspace == MOBILE_KEYSPACE:
        return _address(text, "phone").text
    if len(text) > LONGEST:
        raise NoKey("long")
    return text.lower() if keyspace == EXPORT_KEYSPACE else text


def address(keyspace: str, text: str) -> Address | None:
    """Return a key as the address that it is; None where it is none."""
    kind: Literal["email", "phone"] = "email" if keyspace == EMAIL_KEYSPACE else "phone"
    return Address(kind, text) if keyspace in CHANNEL_OF else None


def keyspace_of(channel: str) -> str:
    """Return the keyspace whose keys are a channel's addresses, empty where there is none."""
    return next((keyspace for keyspace, other in CHANNEL_OF.items() if other == channel), "")


def on_channel(channel: str, text: str) -> str:
    """Return an address of a channel in one spelling; as it is, where it cannot be read."""
    try:
        return spelled(keyspace_of(channel), text.strip())
    except NoKey:
        return text.strip()


def _looks_like(text: str, offered: set[str]) -> str:
    if "@" in text:
        return EMAIL_KEYSPACE
    if _EXPORT_KEY.fullmatch(text):
        return EXPORT_KEYSPACE
    try:
        addresses.phone(text)
    except Unreadable as unreadable:
        # A number as it is dialled at home is a number still, and better refused than taken for an id.
        is_dialled = len(text) >= addresses.FEWEST_DIGITS and not text.startswith("00")
        if unreadable.why == "national" and is_dialled and MOBILE_KEYSPACE in offered:
            return MOBILE_KEYSPACE
    else:
        # Eight bare digits may be a customer's number as well; with a plus or blanks they are dialled.
        if not text.isdecimal() or len(text) >= 10 or CRM_KEYSPACE not in offered:
            return MOBILE_KEYSPACE
    return CRM_KEYSPACE


def _address(text: str, kind: Literal["email", "phone"]) -> Address:
    try:
        return addresses.email(text) if kind == "email" else addresses.phone(text)
    except Unreadable as unreadable:
        why: dict[str, Why] = {"empty": "empty", "national": "national", "length": "length", "neither": kind}
        raise NoKey(why[unreadable.why]) from None
