"""What imports have changed of an account's people: kept beside those who are computed, and seen by later exports."""

from __future__ import annotations

from collections import defaultdict
from threading import RLock

from sandbox.audience import COLUMNS, Cell, draws, export_key, number_of
from sandbox.rules import Member

OPT_IN, OPT_OUT = "opt-in", "opt-out"


class Changes:
    """Values, tags and consents by profile, and the profiles that are new: their numbers follow the computed ones."""

    def __init__(self, profiles: int, seed: int) -> None:
        self.lock = RLock()
        self._first, self._seed = profiles, seed
        self.added = 0
        self._values: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
        self._tags: dict[str, dict[int, bool]] = defaultdict(dict)
        self._consents: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
        self._index: dict[str, dict[str, int]] = {}

    @property
    def are_any(self) -> bool:
        """Whether anything has been imported at all."""
        return bool(self.added or self._values or self._tags or self._consents)

    # ── What exports ask ─────────────────────────────────────────────────────────────────────────────────────

    def cell(self, section: str, column: str) -> Cell:
        """Return the cell of an attribute as it is now."""
        base, own = COLUMNS[column], self._values.get((section, column), {})
        if not self.are_any:
            return base
        return lambda number, lots: own[number] if number in own else base(number, lots) if number < self._first else ""

    def has_tag(self, discriminator: str, base: Member) -> Member:
        """Return the question whether a profile carries a tag now; `base` is how it was computed."""
        own = self._tags.get(discriminator, {})
        if not self.are_any:
            return base
        return lambda number: own[number] if number in own else number < self._first and base(number)

    def has_consent(self, topic: str, channel: str, kind: str, base: Member) -> Member:
        """Return the same for a consent of a kind, opt-in or opt-out."""
        own = self._consents.get((topic, channel), {})
        if not self.are_any:
            return base
        return lambda number: own[number] == kind if number in own else number < self._first and base(number)

    # ── What imports do ──────────────────────────────────────────────────────────────────────────────────────

    def find(self, column: str, key: str) -> int | None:
        """Return the number of the profile with this key, None where there is none."""
        if column not in self._index:
            draw, cell = draws(self._seed), COLUMNS[column]
            keys = ((cell(number, draw(number)), number) for number in range(self._first))
            self._index[column] = {known.casefold(): number for known, number in keys if known}
        return self._index[column].get(key.casefold())

    def profile(self, column: str, key: str) -> int | None:
        """Return the number of the profile with this key; of a keyspace without a column, the key is the export key."""
        if column:
            return self.find(column, key)
        draw = draws(self._seed)
        number = number_of(key)
        if number is None or not 0 <= number < self._first + self.added:
            return None
        return number if export_key(number, draw(number)) == key.casefold() else None

    def add(self, column: str, key: str) -> int:
        """Make a new profile with this key, and return its number."""
        number = self._first + self.added
        self.added += 1
        self._index[column][key.casefold()] = number
        return number

    def value(self, section: str, column: str, number: int) -> str:
        """Return a value as it is now."""
        return self.cell(section, column)(number, draws(self._seed)(number))

    def set_value(self, section: str, column: str, number: int, value: str) -> None:
        """Change a value."""
        self._values[section, column][number] = value

    def tag(self, discriminator: str, number: int, *, is_on: bool) -> None:
        """Put a tag on a profile, or take it off."""
        self._tags[discriminator][number] = is_on

    def consent(self, topic: str, channel: str, number: int, kind: str) -> None:
        """Give a consent, or take it away."""
        self._consents[topic, channel][number] = kind
