"""How Celery calls the runner: load, one call, stop."""

import logging
from contextlib import suppress
from typing import Literal

from celery import shared_task
from django.utils import timezone

from accounts import clients, database
from exports import endings, runner
from exports.models import ExportRun
from runs import shutdown
from runs.claims import claim
from runs.models import StaleRun

log = logging.getLogger(__name__)


@shared_task
def advance(*, pk: int, queue: Literal["calls", "files"], **kwargs: object) -> None:
    """Take the next step of a run, unless another worker has it or the step belongs to the other queue."""
    try:
        _advance(pk, queue)
    except database.AWAY as error:
        # Without a database nothing can be said either. Like that of a dead worker, a claim ends with its lease.
        log.warning("database away", extra={"run": pk, "why": type(error).__name__})


def _advance(pk: int, queue: str) -> None:
    if queue == "files" and shutdown.is_asked():
        return  # the tick calls a worker that goes on
    run = claim(
        ExportRun.objects.select_related("account", "credential__account", "segment"),
        pk,
        queue=queue,
        now=timezone.now(),
    )
    if run is None:
        return
    try:
        with clients.client_for(run.credential) as client:
            runner.advance(run, client)
    except StaleRun:
        log.info("claim ended", extra={"run": run.pk, "claim": run.claim_no})
    except clients.KeyErased:
        # Whoever erased it stopped the runs of that moment; this one was started in the very same.
        with suppress(StaleRun):
            endings.give_up(run, "key_erased", now=timezone.now())
    except database.AWAY:
        raise
    except Exception:
        # A bug of ours: the one place that catches everything, so that no run hangs because of it.
        reference = f"run-{run.pk}-c{run.claim_no}"
        log.exception("step broke", extra={"run": run.pk, "reference": reference})
        with suppress(StaleRun):
            endings.give_up(run, "our_fault", now=timezone.now(), reference=reference)
