"""What happens to runs and saved segments when a key is erased, its owner leaves, or the desk starts nothing.

Part of `exports.actions` in all but the file: the verbs here are those of an admin, who may not open what they move.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit import actions as audit
from exports import actions, endings
from exports.models import ExportLine, ExportRun, SavedSegment
from runs import line
from runs.models import IS_UNFINISHED, Status

LONGEST_NAME = 120
AT_ONCE = 500  # runs in one statement
TOLD = ("pk", "attempt", "claim_no")  # what a line of log says of its run


@transaction.atomic
def stop_runs(runs: QuerySet[ExportRun], code: str, *, by: User, now: datetime | None = None) -> int:
    """End unfinished runs at once, whoever is at work on them, and return how many there were.

    They are *failed*, not cancelled: their owners did not ask for it, and read in `code` why. The claim number goes up,
    so that a worker in the middle of a step can write no more; what leads to the vendor's file is wiped.
    """
    now = now or timezone.now()
    unfinished = list(runs.filter(IS_UNFINISHED).select_for_update())
    for run in unfinished:
        facts: dict[str, Any] = {"by": str(by)}
        ExportRun.objects.filter(pk=run.pk).update(claim_no=run.claim_no + 1)
        run.claim_no += 1
        run.move(Status.FAILED, code, now=now, facts=facts, sealed_poll_url="")
        run.add_line(code, now=now, level=ExportLine.Level.BAD, **facts)
        audit.record("run.stopped", by=by, target=run, now=now, code=code)
        transaction.on_commit(lambda run=run: endings.sweep(run), robust=True)  # type: ignore[misc]
    return len(unfinished)


@transaction.atomic
def hold_back(*, reason: str, now: datetime) -> int:
    """Let every run in line say that the desk starts nothing for now, and return how many say so.

    Those that a worker has in hand, or that wait for a moment of their own, learn it at their next step.
    """
    free = line.standing(ExportRun.objects.filter(lease_until=None), now=now).exclude(code=line.HELD)
    held = list(free.select_for_update().only(*TOLD))
    _tell(held, "held_back", now=now, facts={"reason": reason})
    return len(held)


@transaction.atomic
def let_go(*, now: datetime) -> int:
    """Let the runs that were held back go on from where they stood, and return how many there were."""
    told = ExportRun.objects.unfinished().filter(code=line.HELD).order_by("turn", "pk")
    held = list(told.select_for_update().only(*TOLD, "asked_at"))
    _tell([run for run in held if run.asked_at is None], "let_go", code=line.WAITING, now=now, due_at=now, facts={})
    lost = [run for run in held if run.asked_at is not None]
    _tell(lost, "let_go", code="answer_lost", now=now, due_at=now, facts={"again_at": now.isoformat()})
    return len(held)


def _tell(runs: list[ExportRun], word: str, *, now: datetime, code: str = line.HELD, **fields: Any) -> None:
    """Give many runs another code at once, with a line of log each; the claim stays with whoever has it."""
    for first in range(0, len(runs), AT_ONCE):
        some = runs[first : first + AT_ONCE]
        ExportRun.objects.filter(pk__in=[run.pk for run in some]).update(
            code=code, changed_at=now, version=F("version") + 1, **fields
        )
        ExportLine.objects.bulk_create(
            ExportLine(run=run, at=now, code=word, attempt=run.attempt, claim_no=run.claim_no) for run in some
        )


@transaction.atomic
def hand_over(segments: QuerySet[SavedSegment], *, to: User, by: User, now: datetime | None = None) -> int:
    """Give saved segments to a colleague, and return how many there were.

    A name that the colleague has already is told apart by where it comes from. Runs and files stay who they were.
    """
    now = now or timezone.now()
    taken = set(SavedSegment.objects.visible_to(to).values_list("name", flat=True))
    handed = list(segments.select_related("owner").select_for_update(of=("self",)))
    for segment in handed:
        giver, name = segment.owner, _free_name(segment, taken)
        taken.add(name)
        segment.owner = to
        if name != segment.name:
            segment.name = name
            segment.version_no += 1
            segment.changed_at = now
            actions.keep_version(segment, by=by, now=now)
        segment.save(update_fields=["owner", "name", "version_no", "changed_at"])
        audit.record("segment.handed_over", by=by, target=segment, now=now, giver=str(giver), heir=str(to))
    return len(handed)


def _free_name(segment: SavedSegment, taken: set[str]) -> str:
    name, number = segment.name, 1
    while name in taken:
        mark = _("from %(who)s") % {"who": segment.owner}
        tail = f" ({mark})" if number == 1 else f" ({mark}, {number})"
        name, number = f"{segment.name[: LONGEST_NAME - len(tail)]}{tail}", number + 1
    return name
