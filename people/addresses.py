"""A person's address, read from what somebody typed or a vendor sent, into the one spelling that is hashed.

Two spellings of one address must become one text here, or the person is not found again. What is changed here later
changes every pseudonym (people/pseudonyms.py), so it is changed together with the key.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Literal

FEWEST_DIGITS, MOST_DIGITS = 7, 15  # of a number with its country code; E.164 has at most fifteen
LONGEST_EMAIL = 254  # RFC 5321
BESIDE_DIGITS = " -./()+\u00a0\u2011\u2013"  # what people write between the digits of a number
NOTHING_BESIDE = dict.fromkeys(map(ord, BESIDE_DIGITS))


class Unreadable(ValueError):
    """What was given is no address. `why` is a word for it; the text itself is in no message."""

    def __init__(self, why: Literal["empty", "neither", "national", "length"]) -> None:
        super().__init__(f"no address: {why}")
        self.why = why


@dataclass(frozen=True)
class Address:
    """An address in its one spelling."""

    kind: Literal["email", "phone"]
    text: str = field(repr=False)  # so that no trace and no log line shows it


def email(given: str) -> Address:
    """Return an e-mail address in small letters, composed, without blanks around it. Raises Unreadable."""
    text = _composed(_composed(given.strip()).lower())
    name, at, host = text.rpartition("@")
    is_one = at and name and "." in host.strip(".") and len(text) <= LONGEST_EMAIL
    if not is_one or " " in text or not text.isprintable():  # of all that is blank, the space alone is printable
        raise Unreadable("neither" if text else "empty")
    return Address("email", text)


def phone(given: str) -> Address:
    """Return the digits of a number with its country code, without the + or 00 before it. Raises Unreadable.

    A number as it is dialled at home (`070…`) is nobody's in particular, and refused.
    """
    text = unicodedata.normalize("NFKC", given).strip().replace("(0)", "")
    if not text:
        raise Unreadable("empty")
    digits = text.translate(NOTHING_BESIDE)
    if digits and not digits.isdecimal():
        raise Unreadable("neither")
    if not digits.isascii():
        digits = "".join(str(unicodedata.decimal(sign)) for sign in digits)
    digits = digits.removeprefix("00")
    if digits.startswith("0"):
        raise Unreadable("national")
    if not FEWEST_DIGITS <= len(digits) <= MOST_DIGITS:
        raise Unreadable("length")
    return Address("phone", digits)


def read(typed: str) -> Address:
    """Return the address that somebody typed: an e-mail address if it has an @, else a number. Raises Unreadable."""
    return email(typed) if "@" in typed else phone(typed)


def _composed(text: str) -> str:
    """Return å as one sign however it was typed."""
    return unicodedata.normalize("NFC", text)
