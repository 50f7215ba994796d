"""How Celery calls the runner: load, one call, stop."""

import logging
from contextlib import suppress
from typing import Literal

from celery import shared_task
from django.utils import timezone

from accounts import clients, database
from exports import apsis_excel, deriving, endings, letters, retention, runner, surveying
from exports.models import DerivedFile, ExportRun, Survey
from runs import shutdown
from runs.claims import claim
from runs.models import StaleRun, Status

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


@shared_task
def derive(*, pk: int, **kwargs: object) -> None:
    """Make a form of a file, unless another worker does."""
    try:
        _derive(pk)
    except database.AWAY as error:
        log.warning("database away", extra={"derived": pk, "why": type(error).__name__})


def _derive(pk: int) -> None:
    if shutdown.is_asked():
        return
    whole = DerivedFile.objects.select_related(
        "owner", "of__run__segment", "of__run__owner", "of__run__account", "of__run__credential__account"
    )
    derived = claim(whole, pk, queue="files", now=timezone.now())
    if derived is None:
        return
    try:
        if derived.form == DerivedFile.Form.APSIS_EXCEL:
            _fetch_excel(derived)
        else:
            deriving.make(derived, timezone.now)
    except StaleRun:
        log.info("claim ended", extra={"derived": derived.pk, "claim": derived.claim_no})
    except database.AWAY:
        raise
    except Exception:
        reference = f"file-{derived.pk}-c{derived.claim_no}"
        log.exception("step broke", extra={"derived": derived.pk, "reference": reference})
        with suppress(StaleRun):
            derived.move(Status.FAILED, "our_fault", now=timezone.now(), facts={"reference": reference})


def _fetch_excel(derived: DerivedFile) -> None:
    run = derived.of.run
    try:
        with clients.client_for(run.credential) as client:
            apsis_excel.fetch(derived, client, timezone.now)
    except clients.KeyErased:
        apsis_excel.give_up(derived, "apsis_key_refused", now=timezone.now())


@shared_task
def tell(**kwargs: object) -> None:
    """Mail people what became of their runs."""
    try:
        letters.gather(now=timezone.now())
        letters.deliver(timezone.now)
    except database.AWAY as error:
        log.warning("database away", extra={"why": type(error).__name__})


@shared_task
def survey(*, pk: int, **kwargs: object) -> None:
    """Count what stands in each column of a file, unless another worker does."""
    try:
        _survey(pk)
    except database.AWAY as error:
        log.warning("database away", extra={"survey": pk, "why": type(error).__name__})


def _survey(pk: int) -> None:
    if shutdown.is_asked():
        return
    claimed = claim(Survey.objects.select_related("owner", "of__run__segment"), pk, queue="files", now=timezone.now())
    if claimed is None:
        return
    try:
        surveying.make(claimed, timezone.now)
    except StaleRun:
        log.info("claim ended", extra={"survey": claimed.pk, "claim": claimed.claim_no})
    except database.AWAY:
        raise
    except Exception:
        reference = f"columns-{claimed.pk}-c{claimed.claim_no}"
        log.exception("step broke", extra={"survey": claimed.pk, "reference": reference})
        with suppress(StaleRun):
            claimed.move(Status.FAILED, "our_fault", now=timezone.now(), facts={"reference": reference})


@shared_task
def sweep(**kwargs: object) -> None:
    """Remove the files whose time is over."""
    retention.sweep(now=timezone.now())
