"""Files that go: because their time is over, or because somebody removed them. What they prove stays.

First it is written down that a file goes, and from then on nobody can have it; then its bytes are deleted; then it is
written down that they are gone. Whatever dies in between, the next sweep goes on from there.

The index of the people in it stays for some days more, also when somebody removes the file: copies that were downloaded
before are still about, and the index is what finds them (people/keeping.py).
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import actions as audit
from exports import deriving, drifting, files
from exports.endings import folder
from exports.events import figures
from exports.models import Drift, ExportFile, ExportRun
from people import keeping
from runs import storage

log = logging.getLogger(__name__)

AT_ONCE = 100  # files in one sweep: what is left over goes with the next


@transaction.atomic
def remove(run: ExportRun, *, by: User | None, now: datetime | None = None) -> bool:
    """Let a run's file go; `by` is None when its time is over. Return False when there is none, or none any more."""
    now = now or timezone.now()
    file = run.file
    if file is None:
        return False
    if not ExportFile.objects.filter(pk=file.pk, removed_at=None).update(removed_at=now, removed_by=by):
        return False
    file.removed_at, file.removed_by = now, by
    if by:
        run.add_line("removed", now=now, who=str(by))
    else:
        run.add_line("expired", now=now)
    keeping.file_gone(file.pk, now=now)
    audit.record("file.removed", by=by, target=run, now=now, bytes=file.received_length)
    transaction.on_commit(lambda: _delete(file, run, now=now), robust=True)
    return True


def sweep(*, now: datetime) -> int:
    """Remove files whose time is over, and delete what an earlier removal has left. Return how many went."""
    found = ExportFile.objects.filter(gone_at=None).select_related("run__segment")
    over = found.filter(removed_at=None, expires_at__lte=now).order_by("expires_at")[:AT_ONCE]
    removed = sum(remove(file.run, by=None, now=now) for file in over)
    # In no order: one that cannot be deleted is in nobody's way.
    for file in found.exclude(removed_at=None).order_by("?")[:AT_ONCE]:
        _delete(file, file.run, now=now)
    return removed


def _delete(file: ExportFile, run: ExportRun, *, now: datetime) -> None:
    """Delete the bytes of a file that was removed; the log says so when they resist, and the next sweep tries again."""
    try:
        for name in files.stored_names(run):
            default_storage.delete(name)
        for derived in file.derived.all():
            storage.clear(default_storage, deriving.folder(derived))
        for made in Drift.objects.touching(run):
            storage.clear(default_storage, drifting.folder(made))
    except Exception as error:  # each kind of storage has errors of its own
        log.warning("bytes not deleted", extra={"run": run.pk, "why": type(error).__name__})
        return
    with suppress(Exception):
        for emptied in storage.within(default_storage, folder(run)):
            default_storage.delete(emptied)  # nothing is in it any more
    figures.forget_values(file)
    ExportFile.objects.filter(pk=file.pk).update(gone_at=now)
