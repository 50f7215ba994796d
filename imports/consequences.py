"""What an import would do to somebody's consents: compared with how they stand at the vendor today.

The rule is S2's and S3's: an opt-in is given to whoever has none, is left alone where it is there already, and undoes
an opt-out only where the import says so. Nothing that cannot be read counts as a yes or a no.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from upstream.apsis.consents import OPT_IN, OPT_OUT, PENDING, PERMITS, Standing

# How somebody stands to one consent of an import.
SAME = "same"  # has it already
AGAINST = "against"  # has said the contrary
WAITING = "waiting"  # has yet to confirm an opt-in
NOTHING = "nothing"  # is there, with nothing recorded
NEW = "new"  # is not there yet
NOT_THERE = "not_there"  # has not consented by an export, which does not tell whether ever asked or opted out
UNKNOWN = "unknown"  # cannot be told
SUPPRESSED = "suppressed"  # besides: the address gets nothing, whatever its owner has consented to


@dataclass(frozen=True)
class Question:
    """One consent of an import, as it is asked about.

    `field` is the column of the parts whose 1 means that a row is concerned; `address_field` the column of the
    channel's addresses where they are not the key, and None where there is nothing more to ask.
    """

    topic: str
    channel: str
    type: str
    field: str
    address_field: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Write as a plain dict."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        return cls(**kept)


def digest(questions: Sequence[Question]) -> str:
    """Return what a comparison is known by: two of the same digest ask the same."""
    return hashlib.sha256(json.dumps([one.to_json() for one in questions], sort_keys=True).encode()).hexdigest()


def fate(question: Question, standing: Standing) -> str:
    """Return how somebody with this standing stands to a consent."""
    consent = standing.of(question.topic, question.channel)
    if consent is None:
        return UNKNOWN if standing.unread else NOTHING
    if consent.type == PENDING:
        return WAITING
    is_in, is_out = consent.type in PERMITS, consent.type == OPT_OUT
    if not is_in and not is_out:
        return UNKNOWN
    return SAME if is_in == (question.type == OPT_IN) else AGAINST


def is_suppressed(question: Question, standing: Standing) -> bool:
    """Say whether an address on the consent's channel that was asked about is known to be suppressed."""
    return any(one.channel == question.channel for one in standing.suppressions or ())


def add(counts: Sequence[Mapping[str, int]], more: Iterable[Mapping[str, int]]) -> list[dict[str, int]]:
    """Return the counts of two halves together, question by question."""
    return [dict(Counter(one) + Counter(other)) for one, other in zip(counts, more, strict=True)]
