"""What a list finds out about one person: a yes, or the first link that is broken or not known. No Django."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from consents import verdict
from consents.keys import Key
from consents.verdict import Answer, Chain

# Beside the words of consents/verdict.py.
NOBODY = "nobody"  # the vendor knows nobody by this
LOCKED = "locked"
UNREADABLE = "unreadable"  # the vendor refuses the key, or its answer cannot be read

ANSWERS = {NOBODY: Answer.NO, LOCKED: Answer.UNKNOWN, UNREADABLE: Answer.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found out about one person. `why` is empty for a yes; `at` is when that came to be, where it is told."""

    key: Key
    answer: Answer
    why: str = ""
    address: str = field(default="", repr=False)
    at: str = ""
    reason: str = field(default="", repr=False)

    @property
    def word(self) -> str:
        """What people of the same outcome are counted by."""
        return f"{self.answer}:{self.why}" if self.why else str(self.answer)

    def to_json(self) -> list[Any]:
        """Write as a plain list."""
        return [self.key.keyspace, self.key.text, self.answer, self.why, self.address, self.at, self.reason]

    @classmethod
    def from_json(cls, kept: list[Any]) -> Self:
        """Read back what `to_json` wrote."""
        keyspace, text, answer, *rest = kept
        return cls(Key(keyspace, text), Answer(answer), *rest)


def without_answer(key: Key, why: str) -> Outcome:
    """Return the outcome of somebody whom the vendor tells nothing of."""
    return Outcome(key, ANSWERS[why], why)


def of(key: Key, chains: list[Chain]) -> Outcome:
    """Return the outcome of a person's chains over one channel: one for each address, the best of them."""
    answer = verdict.together(chains)
    chain = next(chain for chain in chains if chain.answer == answer)
    link = chain.broken
    told = (link.consent or link.suppression) if link else chain.consent.consent
    return Outcome(
        key,
        answer,
        link.why if link else "",
        address=chain.address or "",
        at=_moment(told.modified_at if told else None),
        reason=(told.reason or "") if told else "",
    )


def _moment(at: datetime | None) -> str:
    return at.isoformat() if at else ""
