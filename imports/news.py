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

SHOWN = 5  # rows of each kind
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
    """Return what Home shows of somebody's imports, in as many queries however many there are."""
    own = Import.objects.visible_to(user)
    stand = mark(user)  # before the rows: what changes meanwhile is asked about once too often, never missed
    broken = ImportPart.objects.filter(owner=user, status=Status.FAILED, replaced_at=None).order_by().values("of")
    failed = Q(finished_at__gte=now - FAILED_KEPT, pk__in=broken)
    over = own.filter(finished_at__gte=now - FRESH).exclude(pk__in=broken)
    shown = [*own.filter(failed)[:SHOWN], *own.unfinished()[:SHOWN], *over[:SHOWN]]
    parts: dict[int, list[ImportPart]] = {}
    for part in ImportPart.objects.filter(of__in=[whole.pk for whole in shown], replaced_at=None).defer("faults"):
        parts.setdefault(part.of_id, []).append(part)
    drafts = Upload.objects.visible_to(user).open(now).exclude(sha256="")[:SHOWN]
    lines = [*(_line(whole, parts.get(whole.pk, [])) for whole in shown), *map(_draft, drafts)]
    return News(lines, stand)


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
