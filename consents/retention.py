"""Deleting the people of lists that have been kept long enough. The numbers stay."""

from __future__ import annotations

import logging
from datetime import datetime

from consents import kept
from consents.models import Checklist

log = logging.getLogger(__name__)

AT_ONCE = 100


def sweep(*, now: datetime) -> None:
    """Delete what is over. Where that fails, the next sweep tries again."""
    for made in Checklist.objects.filter(gone_at=None, expires_at__lte=now).exclude(finished_at=None)[:AT_ONCE]:
        remove(made, now=now)


def remove(made: Checklist, *, now: datetime) -> bool:
    """Delete the people of one list; say whether they are gone."""
    try:
        kept.forget(made)
    except OSError as error:
        log.warning("list not removed", extra={"list": made.pk, "why": type(error).__name__})
        return False
    Checklist.objects.filter(pk=made.pk).update(gone_at=now)
    return True
