"""A clock that somebody sets: back by an hour, nobody waits for the hour; ahead by an hour, nothing is asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts import lanes
from exports.models import ExportRun
from runs import clock, tasks
from runs.claims import claim
from tests.runs.conftest import NOW, Start

HOUR, LEASE = timedelta(hours=1), timedelta(seconds=60)


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Coordinates]:
    monkeypatch.setattr(tasks, "watch", clock.Watch())
    with time_machine.travel(NOW + timedelta(days=1), tick=False) as travel:
        yield travel


@pytest.mark.parametrize(
    ("jump", "is_noticed"), [(-3600, True), (-61, True), (-59, False), (0, False), (59, False), (3600, False)]
)
def test_a_watch_sees_what_matters(travel: time_machine.Coordinates, jump: float, is_noticed: bool) -> None:
    watch = clock.Watch()
    assert not watch.was_set_back()
    travel.shift(jump)
    assert watch.was_set_back() is is_noticed
    assert not watch.was_set_back(), "once is enough"


def test_a_run_that_waits_is_called_at_the_next_tick(
    start: Start, sent: list[dict[str, Any]], travel: time_machine.Coordinates
) -> None:
    now = timezone.now()
    run = start(status="running", asked_at=now, sealed_poll_url="sealed", due_at=now + timedelta(seconds=20))
    tasks.tick()
    travel.shift(-HOUR)
    assert sent == []
    tasks.tick()
    assert [message["kwargs"]["pk"] for message in sent] == [run.pk]


def test_a_dead_worker_still_costs_one_lease_and_a_living_one_keeps_its_claim(
    start: Start, sent: list[dict[str, Any]], travel: time_machine.Coordinates
) -> None:
    run = start(due_at=timezone.now())
    tasks.tick()
    claimed = claim(ExportRun.objects.all(), run.pk, queue="calls", now=timezone.now())
    travel.shift(-HOUR)
    tasks.tick()
    assert claim(ExportRun.objects.all(), run.pk, queue="calls", now=timezone.now()) is None
    claimed.note("asking", now=timezone.now())
    travel.shift(LEASE)
    assert claim(ExportRun.objects.all(), run.pk, queue="calls", now=timezone.now()) is not None


def test_a_lane_that_was_held_is_open(start: Start, sent: list[dict[str, Any]], travel: Any) -> None:
    account = start().account
    tasks.tick()
    lanes.hold(account, "exports", seconds=30, now=timezone.now().timestamp())
    travel.shift(-HOUR)
    assert lanes.take(account, "exports", now=timezone.now().timestamp()) > 1
    tasks.tick()
    assert lanes.take(account, "exports", now=timezone.now().timestamp()) <= 1


def test_ahead_nothing_is_touched(start: Start, sent: list[dict[str, Any]], travel: time_machine.Coordinates) -> None:
    due_at = timezone.now() + timedelta(hours=2)
    run = start(status="running", asked_at=NOW, sealed_poll_url="sealed", due_at=due_at)
    tasks.tick()
    travel.shift(HOUR)
    tasks.tick()
    run.refresh_from_db()
    assert (run.due_at, sent) == (due_at, [])
