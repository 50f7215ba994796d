"""The machine's steps of a part (docs/import-states.md draws them).

Each call of `advance` makes one vendor call, outside any transaction, and then writes once. An address to send to is
written down before anything is sent there, and that sending begins before its first byte: where its end is unknown, the
vendor is asked first, and only one that still waits for the file is sent it again.
"""

from __future__ import annotations

import json
import logging
import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from accounts import database, upload_hosts, vault
from imports import asked, counting, files
from imports.endings import cancel, give_up
from imports.models import ImportPart
from imports.troubles import ask_anew, take
from runs import asking, nudges
from runs.heartbeat import Clock, HandedOn, Heartbeat, Stopped
from runs.waits import FIRST_POLL, GivenUp, poll_pause
from upstream.apsis.client import Apsis
from upstream.apsis.imports import Created, ImportStatus
from upstream.errors import UpstreamError

log = logging.getLogger(__name__)

STILL = timedelta(days=1)  # without any movement at the vendor, before we stop asking
SPARE = timedelta(seconds=30)  # an address that ends sooner is not begun on


def advance(part: ImportPart, client: Apsis, *, clock: Clock = timezone.now) -> None:
    """Take one step of a claimed part. Raises StaleRun when the claim has ended meanwhile."""
    if part.cancel_asked_at and not part.may_be_with_vendor:
        return cancel(part, now=clock())
    try:
        if not part.import_id:
            _request(part, client, clock)
        elif part.is_to_upload:
            _upload(part, client, clock)
        else:
            _look(part, client, clock)
    except UpstreamError as error:
        take(error, part, now=clock())
    except GivenUp as end:
        give_up(part, end.code, now=clock(), **end.facts)


# ── Asking for an address ────────────────────────────────────────────────────────────────────────────────────


def _request(part: ImportPart, client: Apsis, clock: Clock) -> None:
    if not asking.is_ready(part, now=clock()):
        return
    # Before the intention: whoever dies while signing in, or is refused there, has asked nothing.
    try:
        client.sign_in()
    except UpstreamError as error:
        return take(error, part, now=clock(), has_asked=False)
    asking.intend(part, now=clock())
    started = time.monotonic()
    created = client.request_import(asked.of(part.of))
    now, took_ms = clock(), _ms(started)
    # Until this is written down, only we know where the file goes; without it, a second import would be asked for.
    database.outlast(lambda: _keep_slot(part, created, now=now, took_ms=took_ms), seconds=settings.RUN_LEASE)


def _keep_slot(part: ImportPart, created: Created, *, now: datetime, took_ms: int) -> None:
    with transaction.atomic():
        part.wait(
            "to_upload",
            now=now,
            until=now,
            import_id=created.import_id,
            sealed_slot=vault.seal(json.dumps({"url": created.upload_url, "fields": dict(created.fields)})),
            slot_ends_at=created.expires_at,
            requested_at=now,
            moved_at=now,
            trouble_count=0,
        )
        part.add_line("requested", now=now, took_ms=took_ms)
        nudges.poke(part)


def _slot(part: ImportPart) -> Created:
    kept = json.loads(vault.unseal(part.sealed_slot))
    return Created(part.import_id, kept["url"], kept["fields"], part.slot_ends_at)


# ── Sending the file ─────────────────────────────────────────────────────────────────────────────────────────


def _upload(part: ImportPart, client: Apsis, clock: Clock) -> None:
    now = clock()
    if part.slot_ends_at is not None and now + SPARE >= part.slot_ends_at:
        return ask_anew(part, now=now, code="address_expired")
    beat = Heartbeat(part, clock)
    beat.total = part.length
    started = time.monotonic()
    try:
        with default_storage.open(files.part(part)) as file:
            part.note("uploading", now=now, facts={"bytes": 0, "total": part.length}, sending_at=now)
            client.upload_import(
                _slot(part),
                file,
                length=part.length,
                hosts=upload_hosts.of(part.account),
                alive=lambda sent: beat("uploading", sent),
            )
    except FileNotFoundError:
        return give_up(part, "file_gone", now=clock())
    except (Stopped, HandedOn):
        # Broken off in its middle: whoever goes on asks the vendor first what it has.
        with transaction.atomic():
            part.wait("unsure", now=clock(), until=clock())
            nudges.poke(part)
        return
    now = clock()
    with transaction.atomic():
        part.wait(
            "uploaded", now=now, until=now + timedelta(seconds=FIRST_POLL), uploaded_at=now, moved_at=now,
            sealed_slot="", trouble_count=0, poll_count=0,
        )  # fmt: skip
        part.add_line("uploaded", now=now, took_ms=_ms(started), bytes=part.length)


# ── Asking what became of it ─────────────────────────────────────────────────────────────────────────────────


def _look(part: ImportPart, client: Apsis, clock: Clock) -> None:
    started = time.monotonic()
    told = client.import_status(part.of.section, part.import_id)
    now, took_ms = clock(), _ms(started)
    if told.state == "waiting_for_file":
        return _not_there(part, now=now)
    if told.state == "completed":
        return counting.keep(part, told, now=now, took_ms=took_ms)
    if told.state == "error":
        return give_up(part, "refused_whole", now=now, detail=told.message)
    _keep_asking(part, told, now=now, took_ms=took_ms)


def _not_there(part: ImportPart, *, now: datetime) -> None:
    """Go on where the vendor waits for the file: it has none of it, or does not know yet."""
    if part.cancel_asked_at and part.uploaded_at is None:
        with transaction.atomic():
            part.note(now=now, sending_at=None)
            return cancel(part, now=now)
    is_over = part.slot_ends_at is not None and now >= part.slot_ends_at
    if is_over:
        return ask_anew(part, now=now, code="address_expired")
    if part.uploaded_at is None:
        # It never came whole, so nothing of it counts, and it may be sent.
        with transaction.atomic():
            part.add_line("not_received", now=now, level="warn")
            part.wait("to_upload", now=now, until=now, sending_at=None)
            return nudges.poke(part)
    count = part.poll_count + 1
    part.wait("uploaded", now=now, until=now + poll_pause(count), poll_count=count, trouble_count=0)


def _keep_asking(part: ImportPart, told: ImportStatus, *, now: datetime, took_ms: int) -> None:
    moved = told.state != part.vendor_state
    if not moved and part.moved_at is not None and now - part.moved_at >= STILL:
        return give_up(part, "never_counted", now=now)
    count = part.poll_count + 1
    changes: dict[str, Any] = {"moved_at": now, "vendor_state": told.state} if moved else {}
    if part.uploaded_at is None:
        changes |= {"uploaded_at": now, "sealed_slot": ""}  # the end of sending was not seen, and it came whole
    with transaction.atomic():
        part.wait(
            "processing" if told.state == "in_progress" else "queued_there",
            now=now,
            until=now + poll_pause(count),
            poll_count=count,
            trouble_count=0,
            **changes,
        )
        if moved:
            part.add_line(told.state, now=now, took_ms=took_ms)


def _ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
