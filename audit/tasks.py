"""The second thing that happens by the clock: what was recorded is sealed."""

import logging

from celery import shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from audit import sealing

log = logging.getLogger(__name__)


@shared_task
def seal(**kwargs: object) -> None:
    """Seal what was recorded since the last time; nobody else waits for it."""
    try:
        sealing.seal(now=timezone.now())
    except (OperationalError, InterfaceError) as error:
        log.warning("database away", extra={"why": type(error).__name__})
