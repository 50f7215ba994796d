"""Taking a run: the moment that makes one worker, and no other, responsible for its next step."""

from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings

from runs.models import Run, RunQuerySet

R = TypeVar("R", bound=Run)


def claim(runs: "RunQuerySet[R]", pk: int, *, queue: str, now: datetime) -> R | None:
    """Claim a run that is due and whose next step belongs to `queue`.

    Return it, or None when it is over, not due yet, held by a living process, or due on the other queue. One UPDATE
    decides, so of any number of workers one wins, and its new claim number fences every earlier one off.
    """
    due = runs.due(now).filter(pk=pk)
    run = next(iter(due), None)
    if run is None or run.queue != queue:
        return None
    mine = {"claim_no": run.claim_no + 1, "lease_until": now + timedelta(seconds=settings.RUN_LEASE)}
    if not due.filter(claim_no=run.claim_no).update(**mine):
        return None
    for name, value in mine.items():
        setattr(run, name, value)
    return run
