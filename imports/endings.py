"""How a part of an import ends, and what follows for the import once its last part has."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from audit import actions as audit
from imports.models import Import, ImportPart
from runs import line
from runs.models import RunLine, Status


def cancel(part: ImportPart, *, now: datetime) -> None:
    """Stop a part of which nothing has reached the vendor. Raises StaleRun."""
    with transaction.atomic():
        part.move(Status.CANCELLED, "cancelled", now=now, facts={"asked": bool(part.import_id)})
        part.add_line("cancelled", now=now, who=str(part.cancel_asked_by))
        line.call_next(part, now=now)
        settle(part.of_id, now=now)


def give_up(part: ImportPart, code: str, *, now: datetime, **facts: Any) -> None:
    """End a part that cannot succeed. Raises StaleRun."""
    with transaction.atomic():
        part.move(Status.FAILED, code, now=now, facts=facts)
        part.add_line(code, now=now, level=RunLine.Level.BAD, **facts)
        audit.record("import.part_failed", by=None, target=part.of, now=now, part=part.number, code=code)
        line.call_next(part, now=now)
        settle(part.of_id, now=now)


def settle(import_pk: int, *, now: datetime) -> None:
    """Let the import be over once none of its parts is on its way, and its open page know that something has moved."""
    whole = Import.objects.select_for_update().get(pk=import_pk)
    changes: dict[str, Any] = {"version": F("version") + 1}
    if whole.finished_at is None and not ImportPart.objects.unfinished().filter(of=whole).exists():
        changes["finished_at"] = now
        states = list(ImportPart.objects.filter(of=whole, replaced_at=None).values_list("status", flat=True))
        audit.record(
            "import.finished",
            by=None,
            target=whole,
            now=now,
            parts=len(states),
            counted=states.count(Status.SUCCEEDED),
        )
    Import.objects.filter(pk=import_pk).update(**changes)
