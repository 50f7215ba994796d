"""What all windows of a run hold together: the end of a run of events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from audit import actions as audit
from exports import files
from exports.endings import cancel, give_up
from exports.events.found import Found
from exports.events.joining import Readable
from exports.events.reading import Unreadable
from exports.models import EventFigures, EventWindow, ExportFile, ExportRun
from runs import nudges
from runs.heartbeat import Clock, HandedOn, Heartbeat, Stopped
from runs.models import Status
from upstream.apsis.names import JSON


def is_here(run: ExportRun) -> bool:
    """Say whether every window has come."""
    return not run.windows.filter(fetched_at=None).exists()


def join(run: ExportRun, clock: Clock) -> None:
    """Count what several windows hold together, under the run's lease; then it has succeeded. Raises StaleRun."""
    beat = Heartbeat(run, clock)
    run.note("joining", now=clock(), facts={"bytes": 0})
    try:
        found = _count(run, beat)
        beat.stop_if_asked()
    except Stopped:
        return cancel(run, now=clock())
    except HandedOn:
        with transaction.atomic():
            run.wait("joining", now=clock(), until=clock())
            nudges.poke(run)
        return
    except FileNotFoundError:
        return give_up(run, "windows_gone", now=clock())
    now = clock()
    with transaction.atomic():
        succeed(run, found, now=now)
        of = run.windows.count()
        run.add_line("joined_windows", now=now, took_ms=beat.lasted_ms, of=of, people=found.profiles)


def _count(run: ExportRun, beat: Heartbeat) -> Found:
    spec, windows = run.event_spec, list(run.windows.all())
    beat.total = sum(window.content_length for window in windows)
    readable = Readable(list(contents(windows, beat, "joining")), spec.names, spec.time_zone)
    try:
        readable.pass_over()
    except Unreadable as trouble:
        return Found(trouble=trouble)
    return Found(readable.statistics)


def contents(windows: Sequence[EventWindow], beat: Heartbeat, stage: str) -> Iterator[Iterator[bytes]]:
    """Yield the content of each window, which says how far all of them are as they are read."""
    read = 0
    for window in windows:
        yield beat.watch(files.content(window), stage, before=read)
        read += window.content_length


def succeed(run: ExportRun, found: Found, *, now: datetime) -> None:
    """Write down that the file is here: what lies in storage is its windows'. In the caller's transaction."""
    windows = list(run.windows.all())
    file = ExportFile.objects.create(
        storage_name="",
        media_type=JSON,
        received_length=sum(window.received_length for window in windows),
        received_sha256="",
        content_length=sum(window.content_length for window in windows),
        content_sha256=windows[0].content_sha256 if len(windows) == 1 else "",
        row_count=found.profiles,
        header=[],
        counts={},
        made_at=now,
        expires_at=now + timedelta(days=settings.FILE_KEPT_DAYS),
    )
    EventFigures.objects.create(file=file, found=found.to_json())
    run.move(Status.SUCCEEDED, _code(found), now=now, facts={"rows": found.profiles, "events": found.events}, file=file)
    audit.record("run.succeeded", by=None, target=run, now=now, rows=found.profiles)


def _code(found: Found) -> str:
    if found.trouble:
        return "ready_unread"
    return "ready_events" if found.profiles else "ready_nobody"
