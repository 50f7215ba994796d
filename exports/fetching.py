"""Bringing a file home: the long step of an export run. It is verified first and shown afterwards."""

from __future__ import annotations

import errno
import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_noop

from audit import actions as audit
from exports import apsis_excel, receive
from exports.contents import NotAsPromised
from exports.endings import cancel, folder, give_up, sweep
from exports.heartbeat import Clock, HandedOn, Heartbeat, Stopped
from exports.models import ExportFile, ExportRun
from exports.receive import Received
from exports.troubles import wait_out
from runs import nudges
from runs.models import StaleRun, Status
from upstream.apsis.client import Apsis
from upstream.apsis.exports import ExportStream, Style

log = logging.getLogger(__name__)

MOST_DAMAGED = 2  # files that arrived damaged, in a row, before we stop fetching
# Faults of a file that lie on its way, not in it: the same link may be opened again (S0), so it is.
DAMAGED_ON_THE_WAY = {"gzip_damaged", "gzip_cut_short", "stored_otherwise"}
DAMAGED = gettext_noop("The file arrived damaged. What came was thrown away. We fetch it again from the start.")


def fetch(run: ExportRun, client: Apsis, link: tuple[str, Style], clock: Clock) -> None:
    """Fetch, verify and keep the file behind a poll URL, under the run's lease. Raises StaleRun, UpstreamError."""
    beat = Heartbeat(run, clock)
    # The claim number is in the name, so two processes that both believe to hold the run write two files. The row
    # decides which one counts; there is no moment of renaming.
    name = f"{folder(run)}/{run.claim_no}"
    run.note("fetching", now=clock(), facts={"bytes": 0})
    sweep(run)
    try:
        with client.open_export(*link) as stream:
            beat.total = stream.length
            received = receive.keep(
                stream.chunks(),
                gzipped=stream.encoding == "gzip",
                columns=run.consent_spec.columns(),
                storage=default_storage,
                name=name,
                most=settings.FILE_MAX_CONTENT_BYTES,
                alive=beat,
            )
        beat.stop_if_asked()
    except NotAsPromised as error:
        if error.code in DAMAGED_ON_THE_WAY and run.trouble_count < MOST_DAMAGED:
            return wait_out(run, "trouble", now=clock(), facts={"say": DAMAGED})
        return give_up(run, error.code, now=clock(), **error.facts)
    except Stopped:
        default_storage.delete(name)
        return cancel(run, now=clock())
    except HandedOn:
        return _hand_on(run, now=clock())
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return _disk_full(run, now=clock())
    try:
        _succeed(run, stream, received, name, beat, now=clock())
    except StaleRun:
        # The claim has ended, so its file is nobody's. Any other trouble leaves it to the next claim's broom, because
        # a commit whose answer was lost may have happened.
        default_storage.delete(name)
        raise


def _succeed(
    run: ExportRun, stream: ExportStream, received: Received, name: str, beat: Heartbeat, *, now: datetime
) -> None:
    counts = received.counts
    with transaction.atomic():
        file = ExportFile.objects.create(
            storage_name=name,
            encoding=stream.encoding or "",
            media_type=stream.media_type,
            received_length=received.received_length,
            received_sha256=received.received_sha256,
            content_length=received.content_length,
            content_sha256=received.content_sha256,
            row_count=counts.rows,
            header=received.header,
            counts=counts.to_json(),
            made_at=now,
            expires_at=now + timedelta(days=settings.FILE_KEPT_DAYS),
        )
        facts = {"rows": counts.rows, "contactable": counts.contactable}
        run.move(Status.SUCCEEDED, "ready" if counts.rows else "ready_empty", now=now, facts=facts, file=file)
        if counts.rows and run.consent_spec.apsis_excel:
            apsis_excel.ask(run, file, now=now)
        run.add_line("fetched", now=beat.verifying_at or now, took_ms=beat.fetch_ms, bytes=received.received_length)
        run.add_line("verified", now=now, took_ms=max(0, beat.lasted_ms - beat.fetch_ms), rows=counts.rows)
        audit.record("run.succeeded", by=None, target=run, now=now, rows=counts.rows)


def _hand_on(run: ExportRun, *, now: datetime) -> None:
    """Let another worker fetch the file at once, rather than after a lease."""
    log.info("handed on", extra={"run": run.pk, "claim": run.claim_no})
    with transaction.atomic():
        run.add_line("handed_on", now=now)
        run.wait("to_fetch", now=now, until=now)
        nudges.poke(run)


def _disk_full(run: ExportRun, *, now: datetime) -> None:
    """Wait for room on our own disk, as long as the vendor keeps the file."""
    log.error("disk full", extra={"run": run.pk})
    assert run.poll_ends_at is not None
    if now < run.poll_ends_at:
        return wait_out(run, "disk_full", now=now, facts={})
    give_up(run, "disk_stayed_full", now=now)
