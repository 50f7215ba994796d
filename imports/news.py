"""What of somebody's imports belongs on Home: on its way, over since a day, not got through, and drafts that wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from accounts.models import User
from imports import report, sentences
from imports.models import Import, ImportPart, Upload
from runs.models import Status

LOOKED_AT = 20  # newest imports
SHOWN = 5  # of them, and of drafts
FRESH = timedelta(days=1)  # for so long an import that is over is news
FAILED_KEPT = timedelta(days=14)  # a failure that nobody minded for this long needs nobody


@dataclass(frozen=True)
class Line:
    """One import, or a draft of one: its state as a mark knows it, a sentence, and what one can do."""

    state: str  # a word of templates/_parts/status.html
    word: str
    name: str
    text: str
    url: str
    act: str


@dataclass(frozen=True)
class News:
    """The lines, and a mark that changes as soon as what is on its way moves; empty while nothing is."""

    lines: Sequence[Line]
    mark: str


def of(user: User, *, now: datetime) -> News:
    """Return what Home shows of somebody's imports: two queries where there are none, four at most."""
    recent = Q(finished_at=None) | Q(finished_at__gte=now - FAILED_KEPT)
    imports = list(Import.objects.visible_to(user).filter(recent).defer("columns", "consents", "asks")[:LOOKED_AT])
    # Before the parts: what changes meanwhile is asked about once too often, never missed.
    stand = mark(user) if any(whole.finished_at is None for whole in imports) else ""
    parts: dict[int, list[ImportPart]] = {whole.pk: [] for whole in imports}
    if imports:
        for part in ImportPart.objects.filter(of__in=imports, replaced_at=None).defer("faults", "sealed_slot"):
            parts[part.of_id].append(part)
    fresh = [whole for whole in imports if _is_news(whole, parts[whole.pk], now)]
    drafts = Upload.objects.visible_to(user).open(now).exclude(sha256="")[:SHOWN]
    lines = [*(_line(whole, parts[whole.pk]) for whole in fresh[:SHOWN]), *map(_draft, drafts)]
    return News(lines, stand)


def _is_news(whole: Import, parts: list[ImportPart], now: datetime) -> bool:
    """Say whether an import is on its way, over since a day, or has not got through."""
    if whole.finished_at is None or whole.finished_at >= now - FRESH:
        return True
    return any(part.status == Status.FAILED for part in parts)


def mark(user: User) -> str:
    """Return the mark of what is on its way, in one query."""
    parts = ImportPart.objects.filter(owner=user, of__finished_at=None, replaced_at=None).order_by()
    found = parts.aggregate(count=Count("pk"), versions=Sum("version"), imports=Sum("of__version"))
    return f"{found['count']}-{found['versions']}-{found['imports']}" if found["count"] else ""


def _line(whole: Import, parts: list[ImportPart]) -> Line:
    so, soft = sentences.headline(whole, parts, report.of(whole, parts))
    text, url = f"{so} {soft}", whole.get_absolute_url()
    if whole.finished_at is None:
        return Line("working", _("on its way"), whole.name, text, url, _("Watch"))
    if any(part.status == Status.FAILED for part in parts):
        return Line("failed", "", whole.name, text, url, _("See what to do"))
    if all(part.status == Status.CANCELLED for part in parts):
        return Line("gone", _("cancelled"), whole.name, text, url, _("Open"))
    return Line(
        "remarks" if any(part.failed for part in parts) else "ready", _("finished"), whole.name, text, url, _("Open")
    )


def _draft(upload: Upload) -> Line:
    text = _("Nothing of it is sent before you confirm.")
    return Line("waiting", _("Draft"), upload.name, text, upload.get_absolute_url(), _("Go on"))
