"""What stands between a press on Download and the bytes: one question, and only where somebody wants it answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse

from audit.words import PURPOSES
from exports import grants
from exports.files import Copy
from exports.models import ExportRun


@dataclass(frozen=True)
class Ask:
    """The question for one form of a file, as a page puts it."""

    key: str
    name: str
    url: str
    rows: int
    restarts: bool  # it begins again when it breaks off
    is_needed: bool
    last: str  # what this person said last time
    purposes: Mapping[str, Any] = field(default_factory=lambda: PURPOSES)


def of(run: ExportRun, copy: Copy, *, name: str, last: str) -> Ask:
    """Return the question that stands before a copy of a run's file."""
    url = _take_url(run, copy)
    said = "" if last in PURPOSES else last  # what has a button needs no words
    return Ask(copy.key, name, url, copy.rows, copy.is_unpacked, grants.needs_purpose(copy.rows), said)


def _take_url(run: ExportRun, copy: Copy) -> str:
    kind, _dash, number = copy.key.partition("-")
    if kind == "made":
        return reverse("exports:derived_take", args=[run.pk, number])
    if kind == "changes":
        return reverse("exports:drift_take", args=[number])
    return reverse("exports:run_take", args=[run.pk, copy.key])
