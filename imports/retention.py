"""Deleting what has been kept long enough: drafts after a day, files of imports after the desk's days. Numbers stay."""

from __future__ import annotations

import logging
from datetime import datetime

from imports import receiving
from imports.models import Import, Upload

log = logging.getLogger(__name__)

AT_ONCE = 100


def sweep(*, now: datetime) -> None:
    """Delete the files of what is over. Where that fails, the next sweep tries again."""
    for upload in Upload.objects.filter(gone_at=None, confirmed_at=None, expires_at__lte=now)[:AT_ONCE]:
        _remove(upload, now=now)
    over = Import.objects.filter(gone_at=None, expires_at__lte=now).exclude(finished_at=None)
    for whole in over.select_related("upload")[:AT_ONCE]:
        if _remove(whole.upload, now=now):
            Import.objects.filter(pk=whole.pk).update(gone_at=now)


def _remove(upload: Upload, *, now: datetime) -> bool:
    try:
        receiving.forget(upload)
    except OSError as error:
        log.warning("upload not removed", extra={"upload": upload.pk, "why": type(error).__name__})
        return False
    Upload.objects.filter(pk=upload.pk).update(gone_at=now)
    return True
