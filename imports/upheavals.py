"""What happens to imports when a key is erased or its owner leaves: the verbs of an admin, who opens none of them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from audit import actions as audit
from imports.endings import settle
from imports.models import Import, ImportPart
from runs.models import IS_UNFINISHED, RunLine, Status


@transaction.atomic
def stop_imports(imports: QuerySet[Import], code: str, *, by: User, now: datetime | None = None) -> int:
    """End the parts of unfinished imports at once, whoever is at work on them; return how many imports there were.

    The claim number goes up, so that a worker in the middle of a step can write no more; what leads to the vendor's
    storage is wiped. What the vendor has received it goes on with.
    """
    now = now or timezone.now()
    stopped = list(imports.filter(finished_at=None).select_for_update())
    for whole in stopped:
        parts = list(ImportPart.objects.filter(IS_UNFINISHED, of=whole).select_for_update())
        for part in parts:
            ImportPart.objects.filter(pk=part.pk).update(claim_no=part.claim_no + 1)
            part.claim_no += 1
            part.move(Status.FAILED, code, now=now, facts={"by": str(by)}, sealed_slot="")
            part.add_line(code, now=now, level=RunLine.Level.BAD)
        audit.record("import.stopped", by=by, target=whole, now=now, code=code, parts=len(parts))
        settle(whole.pk, now=now)
    return len(stopped)
