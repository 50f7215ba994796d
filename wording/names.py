"""Names that somebody else chose, in a sentence of ours."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

# Characters that turn the direction of all the text after them.
TURNS = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069"


def isolated(name: str) -> str:
    """Return a name that cannot turn the direction of the sentence it stands in."""
    return f"\u2068{name}\u2069" if any(turn in name for turn in TURNS) else name


def together(words: Sequence[str]) -> str:
    """Return words as a sentence names them: “one, two and three”."""
    *first, last = words
    return _("%(some)s and %(last)s") % {"some": ", ".join(first), "last": last} if first else last
