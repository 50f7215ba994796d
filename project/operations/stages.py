"""Where unfinished runs and parts of imports are: how many in each stage, and the one that is there longest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from exports import sentences
from exports.models import ExportRun
from imports import sentences as import_sentences
from imports.models import ImportPart
from project.operations.runs import seen
from runs.models import Run, RunQuerySet
from wording.names import isolated

# The order in which a run or a part comes through them; what goes its own way is at the end.
ORDER = (
    "asked", "held_back", "waiting_in_line", "asking", "answer_lost", "preparing", "to_fetch", "fetching", "verifying",
    "to_upload", "uploading", "unsure", "uploaded", "queued_there", "processing", "trouble", "disk_full", "retrying",
)  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """One stage, the runs in it, and the oldest of them with what it is called."""

    name: str
    count: int
    oldest: Run
    called: str
    since: datetime
    age: timedelta


def tell(*, now: datetime) -> list[Stage]:
    """Return the stages that hold a run or a part of an import, in two queries each.

    The first looks at many rows, and at little of each.
    """
    return [*_of_exports(now), *_of_imports(now)]


def _of_exports(now: datetime) -> list[Stage]:
    counts = _oldest(ExportRun.objects.unfinished())
    return [
        Stage(
            name=str(sentences.STATES.get(run.code, run.code)),
            count=counts[run.pk],
            oldest=run,
            called=_("%(segment)s, run %(number)s") % {"segment": isolated(run.segment.name), "number": run.pk},
            since=sentences.since(run),
            age=now - sentences.since(run),
        )
        for run in sorted(seen(ExportRun.objects.filter(pk__in=counts)), key=_place)
    ]


def _of_imports(now: datetime) -> list[Stage]:
    """Return the stages of imports. What a file is called is its owner's: an admin reads its number."""
    counts = _oldest(ImportPart.objects.unfinished())
    parts = ImportPart.objects.filter(pk__in=counts).select_related("owner").defer("sealed_slot", "faults")
    return [
        Stage(
            name=_("Import: %(stage)s") % {"stage": import_sentences.state(part)[0]},
            count=counts[part.pk],
            oldest=part,
            called=_("import %(number)s, part %(part)s") % {"number": part.of_id, "part": part.number},
            since=part.changed_at,
            age=now - part.changed_at,
        )
        for part in sorted(parts, key=_place)
    ]


def _oldest(unfinished: RunQuerySet[Any]) -> dict[int, int]:
    """Return the key of the run that is longest in each stage, with how many are in it."""
    by_age = Window(RowNumber(), partition_by=F("code"), order_by=["changed_at", "pk"])
    many = Window(Count("pk"), partition_by=F("code"))
    return dict(unfinished.order_by().annotate(by_age=by_age, many=many).filter(by_age=1).values_list("pk", "many"))


def _place(run: Run) -> int:
    return ORDER.index(run.code) if run.code in ORDER else len(ORDER)
