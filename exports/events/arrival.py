"""What becomes of the JSON of one window when it arrives: it is counted on its way, and kept whatever it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import transaction

from exports.contents import NotAsPromised
from exports.endings import folder
from exports.events import whole, windows
from exports.events.found import Found
from exports.events.reading import Unreadable, profiles
from exports.events.statistics import Counting
from exports.models import EventWindow, ExportRun
from exports.receive import Received
from runs import line, nudges
from runs.heartbeat import Heartbeat
from upstream.apsis.reports import ExportStream

SPACES = b" \t\r\n"
# A window's request is one like the first: nothing of the one before is left in the run.
ANEW: dict[str, Any] = {
    "attempt": 0,
    "asked_at": None,
    "is_asked_twice": False,
    "sealed_poll_url": "",
    "poll_style": "",
    "poll_ends_at": None,
    "poll_count": 0,
    "ready_at": None,
    "trouble_count": 0,
}


class Window:
    """The JSON of the window that a run has asked for."""

    def __init__(self, run: ExportRun) -> None:
        self._run = run
        self._window = windows.next_of(run)

    @property
    def folder(self) -> str:
        return f"{folder(self._run)}/{self._window.number}"

    def read(self, chunks: Iterator[bytes]) -> Found:
        """Count what the profiles hold. JSON that breaks off is refused; what is whole and wrong is kept as it came."""
        end = _End(chunks)
        spec = self._run.event_spec
        counting = Counting(spec.names, spec.time_zone)
        try:
            for profile in profiles(end):
                counting.take(profile)
        except Unreadable as trouble:
            if trouble.code == "file_empty":
                raise NotAsPromised("json_empty") from None
            for _ in end:  # to its last byte: only then is it known to have come whole
                pass
            if trouble.code == "cut_short" or end.last != b"}":
                raise NotAsPromised("json_cut_short", at=trouble.at) from None
            return Found(trouble=trouble)
        return Found(counting.finish())

    def settle(
        self, stream: ExportStream, received: Received[Found], name: str, beat: Heartbeat, now: datetime
    ) -> None:
        """Keep the window, and let the run ask for the next one. With its only one the run has succeeded."""
        run, found = self._run, received.found
        of = run.windows.count()
        with transaction.atomic():
            if of == 1:
                self._keep(stream, received, name, now)
                whole.succeed(run, found, now=now)
            elif self._window.number == of:
                run.wait("joining", now=now, until=now)
                self._keep(stream, received, name, now)
            else:
                run.wait("next_window", now=now, until=now, facts={"number": self._window.number + 1, "of": of}, **ANEW)
                self._keep(stream, received, name, now)
                line.call_next(run, now=now)
            run.add_line("fetched", now=beat.verifying_at or now, took_ms=beat.fetch_ms, bytes=received.received_length)
            code, facts = found.line()
            run.add_line(code, now=now, took_ms=max(0, beat.lasted_ms - beat.fetch_ms), **facts)
            if not run.is_over:
                nudges.poke(run)

    def _keep(self, stream: ExportStream, received: Received[Found], name: str, now: datetime) -> None:
        EventWindow.objects.filter(pk=self._window.pk).update(
            requested_at=self._run.requested_at,
            fetched_at=now,
            storage_name=name,
            encoding=stream.encoding or "",
            received_length=received.received_length,
            received_sha256=received.received_sha256,
            content_length=received.content_length,
            content_sha256=received.content_sha256,
        )


class _End:
    """Pass bytes on, and remember the last that was not a space."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.last = b""

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self.last = chunk.rstrip(SPACES)[-1:] or self.last
        return chunk
