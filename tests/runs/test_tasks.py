"""The tick: what is due is called, on its own queue, and never more than workers can use."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError

from exports.models import ExportRun
from project.celery import app
from runs import presence, tasks
from tests.runs.conftest import NOW, Start


def test_tick_sends_each_due_run_to_its_queue(start: Start, sent: list[dict[str, Any]]) -> None:
    asked, to_fetch, to_stop = (
        start(),
        start(asked_at=NOW, ready_at=NOW),
        start(asked_at=NOW, ready_at=NOW, cancel_asked_at=NOW),
    )
    start(due_at=timezone.now() + timedelta(hours=1))
    start(lease_until=timezone.now() + timedelta(minutes=1))
    start(status="failed", finished_at=NOW, due_at=None)
    tasks.tick()
    assert {(message["kwargs"]["pk"], message["queue"]) for message in sent} == {
        (asked.pk, "calls"),
        (to_fetch.pk, "files"),
        (to_stop.pk, "calls"),
    }
    for message in sent:
        assert message["task"] == "exports.tasks.advance"
        assert message["kwargs"]["queue"] == message["queue"]
        assert message["retry"] is False
        assert 0 < message["expires"] < 60


def test_short_steps_are_shared_out_and_long_ones_are_called_alone(start: Start, sent: list[dict[str, Any]]) -> None:
    polls = [start(asked_at=NOW, due_at=NOW + timedelta(seconds=n)) for n in range(20)]
    long = [start(asked_at=NOW, ready_at=NOW) for _ in range(10)]
    tasks.tick()
    short = [message["kwargs"] for message in sent if message["queue"] == "calls"]
    assert [call["pk"] for call in short] == [run.pk for run in polls[:8]], "the longest due first, each by itself"
    assert sorted(pk for call in short for pk in (call["pk"], *call["then"])) == sorted(run.pk for run in polls)
    alone = [message["kwargs"] for message in sent if message["queue"] == "files"]
    assert sorted(call["pk"] for call in alone) == [run.pk for run in long]
    assert not any("then" in call for call in alone)


def test_tick_leaves_what_is_too_much_for_the_next(
    start: Start, sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "AT_ONCE", 2)
    for minutes in range(4):
        start(asked_at=NOW, ready_at=NOW, due_at=NOW + timedelta(minutes=minutes))
    polls = [start(asked_at=NOW, due_at=NOW + timedelta(hours=1)) for _ in range(3)]
    tasks.tick()
    assert Counter(message["queue"] for message in sent) == {"files": 2, "calls": 2}
    oldest = ExportRun.objects.order_by("due_at")[:2]
    assert {message["kwargs"]["pk"] for message in sent if message["queue"] == "files"} == {run.pk for run in oldest}
    assert {message["kwargs"]["pk"] for message in sent if message["queue"] == "calls"} < {run.pk for run in polls}


def test_tick_stops_at_a_dead_broker(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def send(task: str, **message: Any) -> None:
        tried.append(task)
        raise OperationalError

    monkeypatch.setattr(app, "send_task", send)
    for _ in range(3):
        start()
    tasks.tick()
    assert len(tried) == 1


def test_tick_takes_no_more_queries_for_more_runs(
    start: Start, sent: list[dict[str, Any]], django_assert_num_queries: Any
) -> None:
    for _ in range(5):
        start(asked_at=NOW)
        start()
    presence.note_tick(now=NOW)  # which not every tick writes down
    # The drain; export runs on two queues and in their lines, parts of imports likewise; files to be made of others;
    # columns to be counted, people to be indexed, runs to be compared; uploads to be checked and compared, and
    # spreadsheets to be opened; lists of people to be asked about.
    with django_assert_num_queries(1 + 3 + 3 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1):
        tasks.tick()
    assert len(sent) == 6  # five that are on their way, and the first of the line
