"""Runs on a clock that a test turns, over a wire that may really break, and what must be so after a failure."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import time_machine
from django.core.files.storage import default_storage
from werkzeug.serving import WSGIRequestHandler, make_server

from accounts import clients
from audit.models import Event
from exports import runner, sentences
from exports.models import ExportFile, ExportRun
from runs.claims import claim
from runs.models import Status
from tests.conftest import Vendor
from tests.exports.conftest import Stepper

# What a finished run may not promise: it does nothing any more.
PROMISES = re.compile(r"\b[Ww]e (try|ask|fetch)\b[^.]*\b(again|anew)\b|(goes on|starts) by itself|%\(|…")


class Turner(Stepper):
    """A stepper that turns every clock: the workers', the vendor's and the process's own."""

    def __init__(self, vendor: Vendor, travel: time_machine.Coordinates) -> None:
        super().__init__(vendor)
        self.travel = travel
        vendor.clock.now = self.now.timestamp()

    def forward(self, seconds: float) -> None:
        super().forward(seconds)
        self.travel.shift(seconds)

    def claim(self, run: ExportRun) -> ExportRun:
        """Claim a run as a worker of its queue would, once it is due."""
        run.refresh_from_db()
        assert run.due_at is not None, f"the run is over: {run.code}"
        self.forward(max(0.0, (run.due_at - self.now).total_seconds()))
        claimed = claim(ExportRun.objects.select_related("credential__account"), run.pk, queue=run.queue, now=self.now)
        assert claimed is not None, "the run was due and could not be claimed"
        return claimed

    def advance(self, claimed: ExportRun) -> ExportRun:
        """Take the one step that a claim is for."""
        with clients.client_for(claimed.credential_id) as client:
            runner.advance(claimed, client, clock=self.clock)
        claimed.refresh_from_db()
        return claimed


@contextmanager
def turning(vendor: Vendor) -> Iterator[Turner]:
    with time_machine.travel(datetime.now().astimezone(), tick=False) as travel:
        yield Turner(vendor, travel)


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        self.close_connection = True

    def log(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing."""


@contextmanager
def served(vendor: Vendor) -> Iterator[str]:
    """Serve the pretended vendor on a real socket, for cuts, lengths and lost answers; yield its address."""
    server = make_server("127.0.0.1", 0, vendor.app, threaded=True, request_handler=_Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def stored(run: ExportRun) -> list[str]:
    """Return the names of the files that a run has in storage."""
    try:
        return default_storage.listdir(f"exports/{run.uuid}")[1]
    except FileNotFoundError:
        return []


def codes(run: ExportRun) -> list[str]:
    """Return the codes of a run's lines, oldest first."""
    return list(run.lines.order_by("at", "pk").values_list("code", flat=True))


def said(run: ExportRun) -> str:
    """Return all that the page says of a run's state."""
    return " ".join((*sentences.headline(run), sentences.meaning(run) if run.status == Status.FAILED else ""))


def assert_failed(run: ExportRun, code: str) -> None:
    """Check everything that must be so after a failure."""
    run.refresh_from_db()
    assert (run.status, run.code) == (Status.FAILED, code)
    assert run.finished_at is not None
    assert run.due_at is None
    assert run.lease_until is None
    assert run.file is None
    assert not ExportFile.objects.filter(storage_name__contains=str(run.uuid)).exists()
    assert stored(run) == []
    event = Event.objects.get(target_key=f"exports.exportrun:{run.pk}", action="run.failed")
    assert event.facts == {"code": code}
    last = run.lines.first()
    assert (last.code, last.level) == (code, "bad")
    for text in (said(run), sentences.line(last.code, last.facts)[1]):
        assert len(text) > 20
        assert not PROMISES.search(text), text
    assert sentences.headline(run)[0] != "This run could not be finished."


def assert_no_secret_in(records: list[logging.LogRecord], *secrets: str) -> None:
    """Check that no log record holds an address of a person, a link, a token, or what else is named."""
    for record in records:
        everything = f"{record.getMessage()} {record.args} {record.__dict__} {record.exc_text or ''}"
        assert "@example" not in everything, everything
        assert "/audience/profiles/reports/" not in everything, everything
        assert "Bearer " not in everything, everything
        assert "eyJ" not in everything, everything
        for secret in secrets:
            assert secret not in everything, everything
