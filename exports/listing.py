"""A run as a line of a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from exports import sentences
from exports.journey import WAITING
from exports.kinds import Kind
from exports.models import ExportRun
from runs.models import Status
from wording.amounts import count

PAGE = 25  # lines of a list: as many as one reads before one searches


@dataclass(frozen=True)
class Row:
    """What a list says of a run."""

    run: ExportRun
    state: str  # a word of templates/_parts/status.html
    word: str
    text: str
    contactable: int | None
    rows: int | None
    took: timedelta | None


@dataclass(frozen=True)
class Chip:
    label: str
    href: str
    is_on: bool


def row(run: ExportRun, *, now: datetime) -> Row:
    """Return a run's line. Reads nothing but the run, its segment, its file, and who removed that."""
    took = (run.finished_at or now) - run.created_at
    file = run.file
    if file is not None and not file.is_kept(now):
        return Row(run, "gone", _("Removed"), sentences.removal(file), _contactable(run), file.row_count, took)
    state = "remarks" if run.code in sentences.REMARKABLE else run.status
    word = {Status.SUCCEEDED: _("Ready"), Status.FAILED: _("Failed"), Status.CANCELLED: _("Cancelled")}.get(
        Status(run.status), ""
    )
    if sentences.is_stopping(run) or run.code in WAITING:
        state = "waiting"
    so, soft = sentences.headline(run)
    if run.code in ("ready", "ready_events"):
        text = soft
    elif run.is_over:
        text = so
    else:
        text = f"{so} {soft.partition('. ')[0].removesuffix('.')}."
    return Row(run, state, word, text, _contactable(run), file.row_count if file else None, took)


def chips(words: Mapping[str, Any], how_many: Mapping[str, int], *, q: str, state: str) -> list[Chip]:
    """Return the filters, with how many runs each would show. The one that is on leads back to all."""
    found = [Chip(pgettext("runs", "All"), _address(q=q), is_on=False)] if state else []
    for name, word in words.items():
        if how_many[name] or name == state:
            href = _address(q=q, state="" if name == state else name)
            found.append(Chip(f"{word} {count(how_many[name])}", href, is_on=name == state))
    return found


def _address(**query: str) -> str:
    return f"?{urlencode({name: value for name, value in query.items() if value})}"


def _contactable(run: ExportRun) -> int | None:
    return int(run.file.counts.get("contactable", 0)) if run.file and run.segment.kind == Kind.CONSENTS else None
