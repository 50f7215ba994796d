"""How Celery calls whoever takes a step: load, one step, stop."""

import logging
from collections.abc import Sequence
from typing import Literal

from celery import shared_task
from django.utils import timezone

from accounts import clients, database
from exports import apsis_excel, deriving, drifting, endings, indexing, letters, retention, runner, surveying
from exports.models import DerivedFile, Drift, ExportRun, Indexing, Survey
from people import keeping
from runs import shutdown, steps

log = logging.getLogger(__name__)

# ── Steps ────────────────────────────────────────────────────────────────────────────────────────────────────


@shared_task
def advance(*, pk: int, queue: Literal["calls", "files"], then: Sequence[int] = (), **kwargs: object) -> None:
    """Take the next step of a run, unless another worker has it or the step belongs to the other queue; then of others.

    A worker that stops leaves the others to the next tick.
    """
    for key in (pk, *then):
        if key != pk and shutdown.is_asked():
            return
        steps.take("run", ExportRun.objects.all(), key, _advance, queue=queue, break_off=_break_off_export)


def _advance(run: ExportRun) -> None:
    try:
        with clients.client_for(run.credential_id) as client:
            runner.advance(run, client)
    except clients.KeyErased:
        # Whoever erased it stopped the runs of that moment; this one was started in the very same.
        endings.give_up(run, "key_erased", now=timezone.now())


def _break_off_export(run: ExportRun, reference: str) -> None:
    endings.give_up(run, "our_fault", now=timezone.now(), reference=reference)


@shared_task
def derive(*, pk: int, **kwargs: object) -> None:
    """Make a form of a file, or fetch the vendor's own, unless another worker does."""
    whole = ("owner", "of__run__segment", "of__run__owner", "of__run__account")
    steps.take("file", DerivedFile.objects.select_related(*whole), pk, _derive)


def _derive(derived: DerivedFile) -> None:
    if derived.form != DerivedFile.Form.APSIS_EXCEL:
        return deriving.make(derived, timezone.now)
    try:
        with clients.client_for(derived.of.run.credential_id) as client:
            apsis_excel.fetch(derived, client, timezone.now)
    except clients.KeyErased:
        apsis_excel.give_up(derived, "apsis_key_refused", now=timezone.now())


@shared_task
def survey(*, pk: int, **kwargs: object) -> None:
    """Count what stands in each column of a file, unless another worker does."""
    surveys = Survey.objects.select_related("owner", "of__run__segment")
    steps.take("columns", surveys, pk, lambda survey: surveying.make(survey, timezone.now))


@shared_task
def index(*, pk: int, **kwargs: object) -> None:
    """Enter the people of a file into the index, unless another worker does."""
    wanted = Indexing.objects.select_related("of__run__segment", "of__run__account")
    steps.take("index", wanted, pk, lambda asked: indexing.make(asked, timezone.now))


@shared_task
def compare(*, pk: int, **kwargs: object) -> None:
    """Find out what changed between two runs, unless another worker does."""
    both = [f"{run}__{of}" for run in ("older", "newer") for of in ("file", "segment", "owner")]
    drifts = Drift.objects.select_related("owner", *both)
    steps.take("drift", drifts, pk, lambda made: drifting.make(made, timezone.now))


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
    """Remove the files whose time is over, and the indexes of files that went long ago."""
    retention.sweep(now=timezone.now())
    keeping.sweep(now=timezone.now())
