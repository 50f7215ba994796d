"""How Celery calls whoever takes a step: load, one step, stop."""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, TypeVar

from celery import shared_task
from django.utils import timezone

from accounts import clients, database
from exports import apsis_excel, deriving, endings, letters, retention, runner, surveying
from exports.models import DerivedFile, ExportRun, Survey
from runs import shutdown
from runs.claims import claim
from runs.models import Run, RunQuerySet, StaleRun, Status

log = logging.getLogger(__name__)

R = TypeVar("R", bound=Run)


# ── Steps ────────────────────────────────────────────────────────────────────────────────────────────────────


@shared_task
def advance(*, pk: int, queue: Literal["calls", "files"], **kwargs: object) -> None:
    """Take the next step of a run, unless another worker has it or the step belongs to the other queue."""
    runs = ExportRun.objects.select_related("account", "credential__account", "segment")
    _take("run", runs, pk, _advance, queue=queue, break_off=_break_off_export)


def _advance(run: ExportRun) -> None:
    try:
        with clients.client_for(run.credential) as client:
            runner.advance(run, client)
    except clients.KeyErased:
        # Whoever erased it stopped the runs of that moment; this one was started in the very same.
        endings.give_up(run, "key_erased", now=timezone.now())


def _break_off_export(run: ExportRun, reference: str) -> None:
    endings.give_up(run, "our_fault", now=timezone.now(), reference=reference)


@shared_task
def derive(*, pk: int, **kwargs: object) -> None:
    """Make a form of a file, or fetch the vendor's own, unless another worker does."""
    whole = ("owner", "of__run__segment", "of__run__owner", "of__run__account", "of__run__credential__account")
    _take("file", DerivedFile.objects.select_related(*whole), pk, _derive)


def _derive(derived: DerivedFile) -> None:
    if derived.form != DerivedFile.Form.APSIS_EXCEL:
        return deriving.make(derived, timezone.now)
    try:
        with clients.client_for(derived.of.run.credential) as client:
            apsis_excel.fetch(derived, client, timezone.now)
    except clients.KeyErased:
        apsis_excel.give_up(derived, "apsis_key_refused", now=timezone.now())


@shared_task
def survey(*, pk: int, **kwargs: object) -> None:
    """Count what stands in each column of a file, unless another worker does."""
    surveys = Survey.objects.select_related("owner", "of__run__segment")
    _take("columns", surveys, pk, lambda survey: surveying.make(survey, timezone.now))


def _break_off(run: Run, reference: str) -> None:
    run.move(Status.FAILED, "our_fault", now=timezone.now(), facts={"reference": reference})


def _take(
    name: str,
    runs: "RunQuerySet[R]",
    pk: int,
    step: Callable[[R], None],
    *,
    queue: str = "files",
    break_off: Callable[[R, str], None] = _break_off,
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


# ── What happens by the clock ────────────────────────────────────────────────────────────────────────────────


@shared_task
def tell(**kwargs: object) -> None:
    """Mail people what became of their runs."""
    try:
        letters.gather(now=timezone.now())
        letters.deliver(timezone.now)
    except database.AWAY as error:
        log.warning("database away", extra={"why": type(error).__name__})


@shared_task
def sweep(**kwargs: object) -> None:
    """Remove the files whose time is over."""
    retention.sweep(now=timezone.now())
