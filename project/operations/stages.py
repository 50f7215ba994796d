"""Where the unfinished runs are: how many in each stage, and the one that has been there longest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber

from exports import sentences
from exports.models import ExportRun
from project.operations.runs import seen

# The order in which a run comes through them; what goes its own way is at the end.
ORDER = (
    "asked", "held_back", "waiting_in_line", "asking", "answer_lost", "preparing", "to_fetch", "fetching", "verifying",
    "trouble", "disk_full", "retrying",
)  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """One stage, the runs in it, and the oldest of them."""

    name: str
    count: int
    oldest: ExportRun
    since: datetime
    age: timedelta


def tell(*, now: datetime) -> list[Stage]:
    """Return the stages that hold a run, in two queries: the first looks at many rows, and at little of each."""
    by_age = Window(RowNumber(), partition_by=F("code"), order_by=["changed_at", "pk"])
    many = Window(Count("pk"), partition_by=F("code"))
    unfinished = ExportRun.objects.unfinished().order_by().annotate(by_age=by_age, many=many)
    counts = dict(unfinished.filter(by_age=1).values_list("pk", "many"))
    return [
        Stage(
            name=str(sentences.STATES.get(run.code, run.code)),
            count=counts[run.pk],
            oldest=run,
            since=sentences.since(run),
            age=now - sentences.since(run),
        )
        for run in sorted(seen(ExportRun.objects.filter(pk__in=counts)), key=_place)
    ]


def _place(run: ExportRun) -> int:
    return ORDER.index(run.code) if run.code in ORDER else len(ORDER)
