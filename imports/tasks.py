"""How Celery calls whoever takes a step of an upload or a part: load, one step, stop."""

import logging
from collections.abc import Sequence
from typing import Literal

from celery import shared_task
from django.utils import timezone

from accounts import clients, database
from imports import checking, comparing, converting, endings, joining, retention, runner
from imports.models import Check, Comparison, Conversion, ImportPart, Source
from runs import shutdown, steps
from runs.models import Status

log = logging.getLogger(__name__)


@shared_task
def advance(*, pk: int, queue: Literal["calls", "files"], then: Sequence[int] = (), **kwargs: object) -> None:
    """Take the next step of a part, unless another worker has it or it belongs to the other queue; then of others.

    A worker that stops leaves the others to the next tick.
    """
    parts = ImportPart.objects.select_related("of__credential", "account", "cancel_asked_by")
    for key in (pk, *then):
        if key != pk and shutdown.is_asked():
            return
        steps.take("part", parts, key, _advance, queue=queue, break_off=_break_off)


def _advance(part: ImportPart) -> None:
    try:
        with clients.client_for(part.of.credential_id) as client:
            runner.advance(part, client)
    except clients.KeyErased:
        # Whoever erased it stopped the parts of that moment; this one was confirmed in the very same.
        endings.give_up(part, "key_erased", now=timezone.now())


def _break_off(part: ImportPart, reference: str) -> None:
    endings.give_up(part, "our_fault", now=timezone.now(), reference=reference)


@shared_task
def convert(*, pk: int, **kwargs: object) -> None:
    """Write a sheet of an uploaded spreadsheet as text, unless another worker does."""
    conversions = Conversion.objects.select_related("upload")
    steps.take("sheet", conversions, pk, lambda made: converting.make(made, timezone.now))


@shared_task
def check(*, pk: int, **kwargs: object) -> None:
    """Check an upload, unless another worker does."""
    checks = Check.objects.select_related("owner", "upload")
    steps.take("check", checks, pk, lambda made: checking.make(made, timezone.now))


@shared_task
def compare(*, pk: int, **kwargs: object) -> None:
    """Ask about the next people of a comparison, unless another worker does."""
    comparisons = Comparison.objects.select_related(
        "of__upload__credential", "of__upload__owner", "of__upload__account"
    )
    steps.take("comparison", comparisons, pk, _compare)


def _compare(made: Comparison) -> None:
    if made.source == Source.EXPORT:
        return joining.make(made, timezone.now)
    try:
        with clients.client_for(made.of.upload.credential_id) as client:
            comparing.make(made, client, timezone.now)
    except clients.KeyErased:
        made.move(Status.FAILED, "key_erased", now=timezone.now())


@shared_task
def sweep(**kwargs: object) -> None:
    """Remove the files of uploads and imports whose time is over."""
    try:
        retention.sweep(now=timezone.now())
    except database.AWAY as error:
        log.warning("database away", extra={"why": type(error).__name__})
