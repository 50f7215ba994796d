"""What happens by the clock, of people and their keys."""

import logging

from celery import shared_task
from django.utils import timezone

from accounts import database, sessions

log = logging.getLogger(__name__)


@shared_task
def forget_sessions(**kwargs: object) -> None:
    """Delete what is left of sessions whose time is over."""
    try:
        sessions.forget_over(now=timezone.now())
    except database.AWAY as error:
        log.warning("database away", extra={"why": type(error).__name__})
