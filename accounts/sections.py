"""Which vendor account a key belongs to: no answer of the vendor names it, so its sections have to tell.

A key may be limited to some of an account's sections, so two keys of one account need not see the same ones. But two
that share none are, as far as anybody can know, of two accounts.
"""

from collections.abc import Iterable, Sequence

# Every account has this one, so it tells nothing (developer.apsis.com, Sections).
BUILT_IN = "com.apsis1.sections.default"


def belongs(seen: Iterable[str], known: Sequence[str]) -> bool:
    """Say whether a key that opens the sections `seen` can be of the account with the sections `known`."""
    telling = set(seen) - {BUILT_IN}
    return not telling or not known or not telling.isdisjoint(known)


def learnt(seen: Iterable[str], known: Sequence[str]) -> list[str]:
    """Return what is known of an account after a key of its own opened the sections `seen`."""
    return sorted({*known, *seen} - {BUILT_IN})
