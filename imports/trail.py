"""The steps of the wizard: which of them an upload has behind it, and which it may go to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy as lazy

from imports.draft import KEY, Draft
from imports.models import Check, Upload
from runs.models import Status

STEPS = (
    ("purpose", lazy("What for")),
    ("file", lazy("File")),
    ("reading", lazy("How we read it")),
    ("columns", lazy("Columns")),
    ("consents", lazy("Consents")),
    ("check", lazy("Check")),
    ("confirm", lazy("Confirm")),
)


@dataclass(frozen=True)
class Step:
    """A step as the trail shows it; without an address it cannot be gone to yet."""

    word: str
    name: str
    url: str
    is_current: bool


def reached(upload: Upload) -> str:
    """Return the furthest step that an upload may go to."""
    if not upload.is_whole or (upload.reading is None and not upload.is_spreadsheet):
        return "file"
    if not upload.is_read or upload.reading is None:
        return "reading"
    if KEY not in upload.columns.values():
        return "columns"
    if not upload.is_consented:
        return "consents"
    return "check"


def may_confirm(draft: Draft, made: Check | None) -> bool:
    """Say whether an upload is checked as it stands, and has a row to send."""
    return made is not None and made.status == Status.SUCCEEDED and bool(made.parts)


def of(upload: Upload | None, current: str) -> list[Step]:
    """Return the whole trail."""
    words = [word for word, _name in STEPS]
    furthest = words.index(reached(upload)) if upload else 0
    here = words.index(current)
    return list(_steps(upload, here, max(furthest, here)))


def _steps(upload: Upload | None, here: int, furthest: int) -> Iterator[Step]:
    for place, (word, name) in enumerate(STEPS):
        url = reverse(f"imports:upload_{word}", args=[upload.pk]) if upload and place <= furthest else ""
        yield Step(word, str(name), "" if place == here else url, place == here)


def url(upload: Upload, word: str) -> str:
    """Return the address of a step."""
    return reverse(f"imports:upload_{word}", args=[upload.pk])
