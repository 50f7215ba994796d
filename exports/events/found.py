"""What was found in an event export: its figures, or why it could not be read though it came whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exports.events.reading import Unreadable
from exports.events.statistics import Statistics


@dataclass(frozen=True)
class Found:
    """Figures or trouble, never both."""

    statistics: Statistics | None = None
    trouble: Unreadable | None = None

    def to_json(self) -> dict[str, Any]:
        if self.trouble:
            return {"unreadable": self.trouble.to_json()}
        return self.statistics.to_json() if self.statistics else {}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Found:
        """Read back what `to_json` wrote."""
        if trouble := kept.get("unreadable"):
            return cls(trouble=Unreadable(**trouble))
        return cls(Statistics.from_json(kept)) if kept else cls()

    @property
    def profiles(self) -> int:
        return self.statistics.profiles if self.statistics else 0

    @property
    def events(self) -> int:
        """Events, each counted once: without delivery retries."""
        return self.statistics.events - self.statistics.retries if self.statistics else 0

    def line(self) -> tuple[str, dict[str, Any]]:
        """Return the code of a line of log that says what was found, and its facts."""
        if self.trouble:
            return "kept_unread", {"at": self.trouble.at}
        return "verified_events", {"people": self.profiles, "events": self.events}
