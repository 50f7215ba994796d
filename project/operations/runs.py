"""Other people's runs as an admin sees them: owner, segment, state, times and size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as lazy

from accounts.models import User
from exports import sentences
from exports.journey import WAITING
from exports.models import ExportRun, SavedSegment
from exports.templatetags.desk import state_word
from runs.models import UNFINISHED, Status

# word in the address → statuses, and what the chip says
STATES = {
    "working": (UNFINISHED, lazy("On their way")),
    "ready": ((Status.SUCCEEDED,), lazy("Ready")),
    "failed": ((Status.FAILED,), lazy("Failed")),
    "cancelled": ((Status.CANCELLED,), lazy("Cancelled")),
}


@dataclass(frozen=True)
class Row:
    """A run as a line of the admin's list."""

    run: ExportRun
    state: str  # a word of templates/_parts/status.html
    word: str
    took: timedelta
    is_kept: bool


def seen(runs: QuerySet[ExportRun]) -> QuerySet[ExportRun]:
    """Return runs with all that an admin reads of them; what only the owner reads is not even fetched."""
    return runs.select_related("owner", "segment", "account", "file__removed_by").defer(
        "spec", "sealed_poll_url", "key_ends_in", "segment__spec", "file__header", "file__counts"
    )


def found(*, q: str, state: str) -> QuerySet[ExportRun]:
    """Return the runs of a search by owner or segment, in a state; newest first."""
    runs = ExportRun.objects.all()
    if q:
        runs = runs.filter(Q(owner__in=_owners(q)) | Q(segment__in=_segments(q)))
    return runs.filter(status__in=STATES[state][0]) if state else runs


def how_many(*, q: str) -> dict[str, int]:
    """Count the runs of a search by the words of the filters."""
    if not q:
        return _counted(ExportRun.objects.all())
    # One after the other, because each has an index that knows the states too, and the two together have none.
    of_people = _counted(ExportRun.objects.filter(owner__in=_owners(q)))
    of_segments = _counted(ExportRun.objects.filter(segment__in=_segments(q)).exclude(owner__in=_owners(q)))
    return {name: of_people[name] + of_segments[name] for name in STATES}


def _owners(q: str) -> QuerySet[Any]:
    named = User.objects.annotate(name=Concat("first_name", Value(" "), "last_name"))
    return named.filter(Q(name__icontains=q) | Q(username__icontains=q)).order_by().values("pk")


def _segments(q: str) -> QuerySet[Any]:
    return SavedSegment.objects.filter(name__icontains=q).order_by().values("pk")


def _counted(runs: QuerySet[ExportRun]) -> dict[str, int]:
    by_status = dict(runs.order_by().values_list("status").annotate(Count("pk")))
    return {name: sum(by_status.get(status, 0) for status in statuses) for name, (statuses, _word) in STATES.items()}


def row(run: ExportRun, *, now: datetime) -> Row:
    """Return a run's line. Reads nothing but what `seen` has fetched."""
    is_kept = run.file is not None and run.file.is_kept(now)
    took = (run.finished_at or now) - run.created_at
    if run.file is not None and not is_kept:
        return Row(run, "gone", sentences.removal(run.file), took, is_kept)
    if run.is_over:
        return Row(run, run.status, state_word(run.status), took, is_kept)
    is_waiting = sentences.is_stopping(run) or run.code in WAITING
    return Row(run, "waiting" if is_waiting else "working", sentences.state(run), took, is_kept)
