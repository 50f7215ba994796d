"""How Celery calls whoever takes a step of a list: load, one step, stop."""

import logging

from celery import shared_task
from django.utils import timezone

from accounts import clients, database
from consents import checking, retention
from consents.models import Checklist
from runs import steps
from runs.models import Status

log = logging.getLogger(__name__)


@shared_task
def check(*, pk: int, **kwargs: object) -> None:
    """Ask about the next people of a list, unless another worker does."""
    steps.take("list", Checklist.objects.select_related("credential", "owner", "account"), pk, _check)


def _check(made: Checklist) -> None:
    try:
        with clients.client_for(made.credential_id) as client:
            checking.make(made, client, timezone.now)
    except clients.KeyErased:
        made.move(Status.FAILED, "key_erased", now=timezone.now())
    except OSError:
        made.move(Status.FAILED, "no_room", now=timezone.now())


@shared_task
def sweep(**kwargs: object) -> None:
    """Remove the people of lists whose time is over."""
    try:
        retention.sweep(now=timezone.now())
    except database.AWAY as error:
        log.warning("database away", extra={"why": type(error).__name__})
