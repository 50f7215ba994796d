"""Calling a worker when there is nobody to carry the call."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from exports import actions
from exports.models import ExportRun, SavedSegment
from project.celery import app
from runs import nudges
from tests.runs.conftest import NOW, Start

pytestmark = [
    pytest.mark.processes,
    # The broker's library leaves a socket open when nobody listens.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(autouse=True)
def dead_broker(tmp_path: Path) -> Iterator[None]:
    """Aim at a socket where nobody listens."""
    before = app.conf.broker_url
    _aim(f"redis+socket://{tmp_path}/nobody.sock?virtual_host=0")
    yield
    _aim(before)
    gc.collect()


def _aim(url: str) -> None:
    app.conf.broker_url = app.conf.broker_write_url = url
    app._pool = app.amqp._producer_pool = None


def test_send_to_a_dead_broker_says_so_soon(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    run, begun = start(), time.monotonic()
    assert nudges.send(run) is False
    assert time.monotonic() - begun < 3
    (record,) = [record for record in caplog.records if record.name == "runs.nudges"]
    assert (record.levelno, record.run) == (logging.WARNING, run.pk)


def test_poke_survives_whatever_the_call_raises(
    start: Start, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def send(*args: object, **message: object) -> None:
        raise RuntimeError("something that nobody thought of")

    run = start()
    monkeypatch.setattr(app, "send_task", send)
    with django_capture_on_commit_callbacks(execute=True):
        nudges.poke(run)
    run.refresh_from_db()
    assert run.status == "queued"


@pytest.mark.django_db(transaction=True)
def test_a_page_works_while_the_broker_is_dead(
    save: Callable[[str], SavedSegment], as_anna: Client, vendor: Any
) -> None:
    segment, begun = save("Everyone"), time.monotonic()
    run = actions.start(segment, by=segment.owner, now=NOW)
    answer = as_anna.post(reverse("exports:run_cancel", args=[run.pk]))
    assert answer.status_code == 302
    assert time.monotonic() - begun < 6  # two nudges, neither sent
    run.refresh_from_db()
    assert run.cancel_asked_at is not None
    assert list(ExportRun.objects.due(run.cancel_asked_at)) == [run]  # the tick will find it
