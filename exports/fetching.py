"""Bringing a file home: the long step of an export run. It is verified first and shown afterwards."""

from __future__ import annotations

import errno
import logging
from datetime import datetime

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_noop

from exports import receive
from exports.arrivals import Arrival, Table
from exports.contents import NotAsPromised
from exports.endings import cancel, give_up, sweep
from exports.events.arrival import Window
from exports.events.spec import EventSpec
from exports.models import ExportRun
from runs import nudges
from runs.heartbeat import Clock, HandedOn, Heartbeat, Stopped
from runs.models import StaleRun
from runs.waits import wait_out
from upstream.apsis.client import Apsis
from upstream.apsis.reports import Style

log = logging.getLogger(__name__)

MOST_DAMAGED = 2  # files that arrived damaged, in a row, before we stop fetching
# Faults of a file that lie on its way, not in it: the same link may be opened again (S0), so it is.
DAMAGED_ON_THE_WAY = {"gzip_damaged", "gzip_cut_short", "json_cut_short", "stored_otherwise"}
DAMAGED = gettext_noop("The file arrived damaged. What came was thrown away. We fetch it again from the start.")


def fetch(run: ExportRun, client: Apsis, link: tuple[str, Style], clock: Clock) -> None:
    """Fetch, verify and keep the file behind a poll URL, under the run's lease. Raises StaleRun, UpstreamError."""
    beat, arrival = Heartbeat(run, clock), _arrival(run)
    # The claim number is in the name, so two processes that both believe to hold the run write two files. The row
    # decides which one counts; there is no moment of renaming.
    name = f"{arrival.folder}/{run.claim_no}"
    run.note("fetching", now=clock(), facts={"bytes": 0})
    sweep(run, arrival.folder)
    try:
        with client.open_export(*link) as stream:
            beat.total = stream.length
            received = receive.keep(
                stream.chunks(),
                gzipped=stream.encoding == "gzip",
                read=arrival.read,
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
        arrival.settle(stream, received, name, beat, clock())
    except StaleRun:
        # The claim has ended, so its file is nobody's. Any other trouble leaves it to the next claim's broom, because
        # a commit whose answer was lost may have happened.
        default_storage.delete(name)
        raise


def _arrival(run: ExportRun) -> Arrival:
    return Window(run) if isinstance(run.asks, EventSpec) else Table(run)


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
