"""Invented people, each computed from a seed and a number: a million of them take no memory.

Addresses lie under example.com, example.org and test; phone numbers begin with 46000, which no country dials.
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b

from sandbox import words

Cell = Callable[[int, bytes], str]
"""A column: from a profile's number and its draw to the text of the cell."""

_SLUG = str.maketrans("åäöøæé", "aaooae")
_FIRST_SLUGS = [name.lower().translate(_SLUG) for name in words.FIRST_NAMES]
_LAST_SLUGS = [name.lower().translate(_SLUG) for name in words.LAST_NAMES]
_DOMAINS = ("example.com", "example.org", "kund.test", "example.com")
_LOW_32 = 0xFFFFFFFF
_LOW_48 = 0xFFFFFFFFFFFF
_VARIANTS = "89ab"

WHOLE = 65_536
"""Shares of people are counted in so many parts."""


def salt_of(seed: int, *names: str) -> int:
    """Return the 32-bit salt under which a question such as one segment is drawn."""
    return int.from_bytes(blake2b("\0".join((str(seed), *names)).encode(), digest_size=4).digest(), "little")


def chance(number: int, salt: int) -> int:
    """Return the profile's lot for one question, even over 0 … 65,535.

    A murmur-like mixer: a real hash for every cell would cost most of the time an export takes.
    """
    x = (number * 0x9E3779B1 + salt) & _LOW_32
    x = (x ^ x >> 15) * 0x85EBCA6B & _LOW_32
    x = (x ^ x >> 13) * 0xC2B2AE35 & _LOW_32
    return (x ^ x >> 16) & 0xFFFF


def part(share: float) -> int:
    """Turn a share of people into the lots below which a profile belongs to it."""
    return round(share * WHOLE)


def draws(seed: int) -> Callable[[int], bytes]:
    """Return the function from a profile's number to its 32 random bytes."""
    start = blake2b(b"people %d" % seed, digest_size=32)

    def draw(number: int) -> bytes:
        fresh = start.copy()
        fresh.update(b"%d" % number)
        return fresh.digest()

    return draw


def export_key(number: int, draw: bytes) -> str:
    """Return the profile's export key, a random-looking UUID; its last part is one-to-one with the number."""
    text = draw.hex()
    node = (number * 0x5DEECE66D2B + 0x1F3A5C7E9B4D) & _LOW_48
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{_VARIANTS[draw[8] & 3]}{text[17:20]}-{node:012x}"


def number_of(key: str) -> int | None:
    """Return the number of the profile with this export key, None where it cannot be one."""
    try:
        node = int(key.rpartition("-")[2], 16)
    except ValueError:
        return None
    return (node - 0x1F3A5C7E9B4D) * pow(0x5DEECE66D2B, -1, _LOW_48 + 1) & _LOW_48


def email(number: int, draw: bytes) -> str:
    """Return the e-mail address, blank for one profile in twenty."""
    if draw[10] < 13:
        return ""
    return f"{_FIRST_SLUGS[draw[11] & 63]}.{_LAST_SLUGS[draw[12] & 63]}.{number}@{_DOMAINS[draw[13] & 3]}"


def mobile(number: int, draw: bytes) -> str:
    """Return the phone number, digits alone with the country code first, blank for one profile in four."""
    return f"46000{number:06}" if draw[14] >= 64 else ""


def _first_name(number: int, draw: bytes) -> str:
    return words.FIRST_NAMES[draw[11] & 63]


def _last_name(number: int, draw: bytes) -> str:
    return words.LAST_NAMES[draw[12] & 63]


def _city(number: int, draw: bytes) -> str:
    return words.CITIES[draw[15] & 31]


def _birth_date(number: int, draw: bytes) -> str:
    return f"{1935 + draw[16] % 73}-{1 + draw[17] % 12:02}-{1 + draw[18] % 28:02}" if draw[18] < 230 else ""


def _customer_number(number: int, draw: bytes) -> str:
    return f"{number * 7 + 13:08}"


def _crm_id(number: int, draw: bytes) -> str:
    return f"C-{number:07}"


def _notes(number: int, draw: bytes) -> str:
    return words.NOTES[draw[20] & 15] if draw[19] < 96 else ""


def _gender(number: int, draw: bytes) -> str:
    return ("kvinna", "man", "kvinna", "man", "annat")[draw[21] % 5] if draw[21] > 30 else ""


def _country(number: int, draw: bytes) -> str:
    return ("SE", "SE", "NO", "DK", "FI", "SE", "NO", "AX")[draw[22] & 7]


def _points(number: int, draw: bytes) -> str:
    return str(draw[23] * draw[24] % 5000)


def _average_order(number: int, draw: bytes) -> str:
    return f"{(draw[25] * 256 + draw[26]) / 50:.2f}"


def _is_member(number: int, draw: bytes) -> str:
    return "true" if draw[27] < 102 else "false"


def _last_visit(number: int, draw: bytes) -> str:
    return str(1_600_000_000 + int.from_bytes(draw[28:31], "little") * 9)


def _survey(number: int, draw: bytes) -> str:
    return str(1 + draw[31] % 5) if draw[31] < 200 else ""


def _nothing(number: int, draw: bytes) -> str:
    return ""


COLUMNS: Mapping[str, Cell] = {
    "email": email,
    "mobile": mobile,
    "crm_id": _crm_id,
    "first_name": _first_name,
    "last_name": _last_name,
    "city": _city,
    "birth_date": _birth_date,
    "customer_number": _customer_number,
    "notes": _notes,
    "gender": _gender,
    "country": _country,
    "points": _points,
    "average_order": _average_order,
    "is_member": _is_member,
    "last_visit": _last_visit,
    "survey": _survey,
    "nothing": _nothing,
}
"""The cell of an attribute by its column name."""
