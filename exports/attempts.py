"""The attempts of a run: each a request of its own to the vendor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from exports import sentences
from exports.models import ExportLine, ExportRun

ENDS = {"gave_up", "answer_lost", "verified", "cancelled"}


@dataclass(frozen=True)
class Attempt:
    """One request and how it ended. `state` is one of the words of templates/_parts/status.html."""

    number: int
    requested_at: datetime | None
    lasted: timedelta | None
    state: str
    word: str
    text: str


def of(run: ExportRun, lines: Sequence[ExportLine], *, now: datetime) -> list[Attempt]:
    """Return the attempts, oldest first; nothing when there was but one."""
    numbers = sorted({line.attempt for line in lines if line.attempt})
    if len(numbers) < 2:
        return []
    return [_one(run, number, [line for line in lines if line.attempt == number], now) for number in numbers]


def _one(run: ExportRun, number: int, lines: list[ExportLine], now: datetime) -> Attempt:
    requested_at = min((line.at for line in lines if line.code == "requested"), default=None)
    ends = [line for line in lines if line.code in ENDS or line.level == ExportLine.Level.BAD]
    end = max(ends, key=lambda line: (line.at, line.pk), default=None)
    if end is None:
        lasted = now - requested_at if requested_at else None
        return Attempt(
            number, requested_at, lasted, "working" if number == run.attempt else "gone", _("on its way"), ""
        )
    lasted = end.at - requested_at if requested_at else None
    word, text = sentences.line(end.code, end.facts)
    state = {"verified": "ready", "cancelled": "gone", "answer_lost": "waiting"}.get(end.code, "failed")
    return Attempt(number, requested_at, lasted, state, _("Ready") if state == "ready" else word, text)
