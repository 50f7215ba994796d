"""Names that somebody else chose, in a sentence of ours."""

# Characters that turn the direction of all the text after them.
TURNS = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069"


def isolated(name: str) -> str:
    """Return a name that cannot turn the direction of the sentence it stands in."""
    return f"\u2068{name}\u2069" if any(turn in name for turn in TURNS) else name
