"""What becomes of a file that arrives: where it is kept, how it is read on its way, and what its run then is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction

from audit import actions as audit
from exports import apsis_excel, contents
from exports.contents import Counts
from exports.endings import folder
from exports.models import ExportFile, ExportRun
from exports.receive import Received
from runs.heartbeat import Heartbeat
from runs.models import Status
from upstream.apsis.reports import ExportStream


class Arrival(Protocol):
    """A file on its way to us: each kind of export has one."""

    @property
    def folder(self) -> str:
        """Where in storage it lies, under the number of the claim that fetched it."""

    def read(self, chunks: Iterator[bytes]) -> Any:
        """Read its content to the end; return what was found. Raises NotAsPromised."""

    def settle(self, stream: ExportStream, received: Received[Any], name: str, beat: Heartbeat, now: datetime) -> None:
        """Write down that it is here and right, and let the run go on. Raises StaleRun."""


class Table:
    """The table of an export of consents."""

    def __init__(self, run: ExportRun) -> None:
        self._run = run

    @property
    def folder(self) -> str:
        return folder(self._run)

    def read(self, chunks: Iterable[bytes]) -> tuple[list[str], Counts]:
        """Count what its rows say, by its columns; return its header and the counts."""
        return contents.count(chunks, self._run.consent_spec.columns())

    def settle(
        self,
        stream: ExportStream,
        received: Received[tuple[list[str], Counts]],
        name: str,
        beat: Heartbeat,
        now: datetime,
    ) -> None:
        """Keep the file; the run has succeeded."""
        run, (header, counts) = self._run, received.found
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
                header=header,
                counts=counts.to_json(),
                made_at=now,
                expires_at=now + timedelta(days=settings.FILE_KEPT_DAYS),
            )
            facts = {"rows": counts.rows, "contactable": counts.contactable}
            run.move(Status.SUCCEEDED, "ready" if counts.rows else "ready_empty", now=now, facts=facts, file=file)
            if counts.rows and run.consent_spec.apsis_excel:
                apsis_excel.ask(run, file, now=now)
            tell(run, received, beat, now=now)
            run.add_line("verified", now=now, took_ms=max(0, beat.lasted_ms - beat.fetch_ms), rows=counts.rows)
            audit.record("run.succeeded", by=None, target=run, now=now, rows=counts.rows)


def tell(run: ExportRun, received: Received[Any], beat: Heartbeat, *, now: datetime) -> None:
    """Write a line of log for the bytes that came."""
    run.add_line("fetched", now=beat.verifying_at or now, took_ms=beat.fetch_ms, bytes=received.received_length)
