"""Taking one step of a run: claim it, do it, and let nothing that breaks leave it hanging."""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from django.utils import timezone

from accounts import database
from runs import shutdown
from runs.claims import claim
from runs.models import Run, RunQuerySet, StaleRun, Status

log = logging.getLogger(__name__)

R = TypeVar("R", bound=Run)


def break_off(run: Run, reference: str) -> None:
    """End a run that met a bug of ours, with a reference to quote. Raises StaleRun."""
    run.move(Status.FAILED, "our_fault", now=timezone.now(), facts={"reference": reference})


def take(
    name: str,
    runs: "RunQuerySet[R]",
    pk: int,
    step: Callable[[R], None],
    *,
    queue: str = "files",
    break_off: Callable[[R, str], None] = break_off,
) -> None:
    """Take a step under a claim of its own. Whatever becomes of it stands in the row, or the claim ends with its lease.

    `name` is what the log calls the row.
    """
    if queue == "files" and shutdown.is_asked():
        return  # the tick calls a worker that goes on
    try:
        run = claim(runs, pk, queue=queue, now=timezone.now())
        if run is not None:
            _take_claimed(name, run, step, break_off)
    except database.AWAY as error:
        # Without a database nothing can be said either. Like that of a dead worker, a claim ends with its lease.
        log.warning("database away", extra={name: pk, "why": type(error).__name__})


def _take_claimed(name: str, run: R, step: Callable[[R], None], break_off: Callable[[R, str], None]) -> None:
    try:
        step(run)
    except StaleRun:
        log.info("claim ended", extra={name: run.pk, "claim": run.claim_no})
    except database.AWAY:
        raise
    except Exception:
        # A bug of ours: the one place that catches everything, so that no run hangs because of it.
        reference = f"{name}-{run.pk}-c{run.claim_no}"
        log.exception("step broke", extra={name: run.pk, "reference": reference})
        with suppress(StaleRun):
            break_off(run, reference)
