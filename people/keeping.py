"""Keeping the index of a file, for as long as its copies are worth asking for, and letting it go.

An index outlives its file by INDEX_KEPT_DAYS, however the file went. Somebody who removes a file removes it from the
desk alone: what was downloaded before lies in a drawer, and to find it there is what the index is for. So it stays for
these days, without a readable address in it, and then goes too.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.core.files.storage import default_storage

from people.models import FileIndex

log = logging.getLogger(__name__)

AT_ONCE = 100  # indexes in one sweep: what is left over goes with the next


def until(file_goes_at: datetime) -> datetime:
    """Return until when the index of a file is kept that goes at some time."""
    return file_goes_at + timedelta(days=settings.INDEX_KEPT_DAYS)


def taken(file: int, *, now: datetime) -> None:
    """Note that a file was downloaded, where it has its index already."""
    FileIndex.objects.filter(file=file, taken_at__lt=now).update(taken_at=now)


def file_gone(file: int, *, now: datetime) -> None:
    """Count the days of an index from now on: its file goes, perhaps before its time."""
    FileIndex.objects.filter(file=file, expires_at__gt=until(now)).update(expires_at=until(now))


def forget(name: str) -> None:
    """Delete what is stored of an index, and the folder that it had to itself. Raises what deleting raises."""
    default_storage.delete(name)
    with suppress(Exception):
        default_storage.delete(name.rpartition("/")[0])


def sweep(*, now: datetime) -> int:
    """Delete the indexes whose time is over; return how many went. What resists is tried again by the next sweep."""
    gone = 0
    for row in FileIndex.objects.filter(expires_at__lte=now).order_by("?")[:AT_ONCE]:
        try:
            forget(row.storage_name)
        except Exception as error:  # each kind of storage has errors of its own
            log.warning("index not deleted", extra={"index": row.pk, "why": type(error).__name__})
            continue
        row.delete()
        gone += 1
    return gone
