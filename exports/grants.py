"""Leave to download: asked for by a press that may say what for, given to one session, good while the file is kept.

One grant carries any number of requests, so that a download that broke off goes on where it stopped. A download is
counted at its first request, and again whenever the first byte is asked for once more; what asks for later bytes alone
goes on with the one before.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from accounts.models import User
from audit import actions as audit
from exports import actions
from exports.files import Copy
from exports.models import Download, ExportRun, Grant

log = logging.getLogger(__name__)


class PurposeNeeded(Exception):
    """So many people are in the file that this desk asks what it is for."""


def needs_purpose(rows: int) -> bool:
    """Say whether a file of so many rows is given out for a purpose alone."""
    return settings.PURPOSE_ABOVE_ROWS is not None and rows > settings.PURPOSE_ABOVE_ROWS


def give(run: ExportRun, copy: Copy, *, to: User, session: str, purpose: str, now: datetime) -> Grant:
    """Give one session leave to take a copy of a run's file. Ten identical clicks give one. Raises PurposeNeeded."""
    if not purpose and needs_purpose(copy.rows):
        raise PurposeNeeded
    grant, is_new = Grant.objects.get_or_create(
        file=run.file,
        copy=copy.key,
        session=_hash(session),
        purpose=purpose,
        defaults={"person": to, "form": copy.form, "given_at": now},
    )
    if not is_new:
        Grant.objects.filter(pk=grant.pk).update(given_at=now)  # the purpose that was said last is the one that counts
    return grant


def held(run: ExportRun, copy: Copy, *, by: User, session: str) -> Grant | None:
    """Return the leave that a session has to take a copy, if it has one."""
    given = Grant.objects.filter(file=run.file, copy=copy.key, person=by, session=_hash(session))
    return given.order_by("-given_at", "-pk").select_related("person").first()


def begin(grant: Grant, run: ExportRun, copy: Copy, *, from_start: bool, now: datetime) -> Download:
    """Return the download that a request belongs to. A new one is written to the audit history."""
    newest = grant.downloads.first()
    if newest and not from_start:  # most parts of a file that comes in parts
        return newest
    return _begin(grant, run, copy, from_start=from_start, now=now)


@transaction.atomic
def _begin(grant: Grant, run: ExportRun, copy: Copy, *, from_start: bool, now: datetime) -> Download:
    Grant.objects.select_for_update().get(pk=grant.pk)  # two parts asked for at once are one download
    newest = grant.downloads.first()
    if newest and not (from_start and newest.has_beginning):
        if from_start:
            grant.downloads.filter(pk=newest.pk).update(has_beginning=True)
        return newest
    said = {"purpose": grant.purpose} if grant.purpose else {}
    actions.index(run, by=grant.person, now=now)
    audit.record("file.downloaded", by=grant.person, target=run, now=now, form=copy.form, people=copy.rows, **said)
    return grant.downloads.create(began_at=now, has_beginning=from_start, length=copy.length)


def count(download: Download, sent: int) -> None:
    """Add what was sent. What cannot be counted now was sent all the same, so the log alone says so."""
    try:
        Download.objects.filter(pk=download.pk).update(bytes_sent=F("bytes_sent") + sent)
    except DatabaseError as error:
        log.warning("bytes not counted", extra={"download": download.pk, "why": type(error).__name__})


def last_purpose(run: ExportRun, person: User) -> str:
    """Return what somebody said last when they took a file of this saved segment; nothing where they never did."""
    said = Grant.objects.filter(person=person, file__run__segment=run.segment_id).exclude(purpose="")
    return said.order_by("-given_at").values_list("purpose", flat=True).first() or ""


def _hash(session: str) -> str:
    return salted_hmac("exports.grants", session, algorithm="sha256").hexdigest()
