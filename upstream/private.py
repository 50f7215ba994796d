"""What a vendor's own words may not bring along when they are kept to be read: a vendor quotes what it refuses."""

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "…"

_PRIVATE = re.compile(
    r"""
      https?://\S+                                    # it may open a file
    | \bBearer\s+\S+
    | \beyJ[\w-]{8,}(?:\.[\w-]+)*                     # a JWT, or what is left of one
    | [^\s@<>"'(),;:=?&]{1,200}(?:@|%40)[^\s@<>"'(),;:&]{1,200}  # somebody's address; bounded, or it would take long
    | (?<![\w.-])\+?\d(?:[ ()/-]?\d){8,14}(?![\w-])   # and a number with its country's code
    """,
    re.VERBOSE | re.IGNORECASE,
)


def masked(text: str, known: Iterable[str] = ()) -> str:
    """Return what may be kept of a vendor's words; `known` are those of our own secrets that it may have repeated.

    What is not printable goes first: control characters, overrides of direction, and whatever would hide a word.
    """
    text = "".join(char for char in text if char.isprintable())
    spelled = {spelling for word in known if word for spelling in (word, quote(word, safe=""), quote_plus(word))}
    for word in sorted(spelled, key=len, reverse=True):
        text = re.sub(re.escape(word), MASK, text, flags=re.IGNORECASE)
    return _PRIVATE.sub(MASK, text)
