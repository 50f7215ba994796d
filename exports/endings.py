"""How an export run ends without a file: cancelled, or given up; and what must be gone afterwards."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction

from audit import actions as audit
from exports.models import ExportLine, ExportRun
from runs import line, storage
from runs.models import Status

log = logging.getLogger(__name__)


def cancel(run: ExportRun, *, now: datetime) -> None:
    """Stop a run as its owner asked. Raises StaleRun."""
    with transaction.atomic():
        run.move(Status.CANCELLED, "cancelled", now=now, facts={"asked": bool(run.asked_at)})
        run.add_line("cancelled", now=now, who=str(run.cancel_asked_by), asked=bool(run.asked_at))
        audit.record("run.cancelled", by=run.cancel_asked_by, target=run, now=now)
        line.call_next(run, now=now)
    sweep(run)


def give_up(run: ExportRun, code: str, *, now: datetime, **facts: Any) -> None:
    """End a run that cannot succeed. Raises StaleRun."""
    with transaction.atomic():
        run.move(Status.FAILED, code, now=now, facts=facts)
        run.add_line(code, now=now, level=ExportLine.Level.BAD, **facts)
        audit.record("run.failed", by=None, target=run, now=now, code=code)
        line.call_next(run, now=now)
    sweep(run)


def sweep(run: ExportRun, *folders: str) -> None:
    """Delete what earlier claims left of a file because their process died; a later one's is not ours to touch.

    Without folders, whatever the run has brought home: it ends without a file.
    """
    try:
        for place in folders or storage.within(default_storage, folder(run)):
            storage.clear(default_storage, place, upto=run.claim_no)
    except OSError:
        log.warning("leftovers not deleted", extra={"run": run.pk})


def folder(run: ExportRun) -> str:
    """Return where in storage the files of a run lie."""
    return f"exports/{run.uuid}"
