"""The second thing that happens by the clock: what was recorded is sealed."""

from celery import shared_task
from django.utils import timezone

from audit import sealing


@shared_task
def seal(**kwargs: object) -> None:
    """Seal what was recorded since the last time; nobody else waits for it."""
    sealing.seal(now=timezone.now())
