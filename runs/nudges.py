"""Calling a worker. A nudge is never the truth: one that is lost costs one tick, no more."""

import logging
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from runs.models import Run

log = logging.getLogger(__name__)


def poke(run: Run) -> None:
    """Ask for the run's next step as soon as the present transaction is committed."""

    def call_worker() -> None:  # a function with a name: Django names it in its log when it raises
        send(run)

    transaction.on_commit(call_worker, robust=True)


def send(run: Run, *others: Run) -> bool:
    """Send one nudge, at once: for a run, and for others of its kind and queue that the same worker takes after it.

    Return False, having logged it, when the broker cannot be reached.
    """
    wanted: dict[str, Any] = {"pk": run.pk, "queue": run.queue}
    if others:
        wanted["then"] = [other.pk for other in others]
    try:
        current_app.send_task(run.task, kwargs=wanted, queue=run.queue, expires=_lifetime(), retry=False)
    except (OperationalError, OSError) as error:
        # Publishing to a dead broker raises after the commit; the row is safe and the tick will find it.
        log.warning("nudge not sent", extra={"run": run.pk, "why": type(error).__name__})
        return False
    return True


def _lifetime() -> float:
    """Seconds for which a nudge is worth something: a while, but no pile of old ones behind a stopped worker."""
    return max(settings.RUN_TICK * 5, 5.0)
