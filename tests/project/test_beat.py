"""Beat ticks by the machine's own time, whatever happens to its clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from project import beat
from project.beat import ForgetfulScheduler
from project.celery import app

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Stopwatch:
    """The machine's own time, turned by the test."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    watch = Stopwatch()
    monkeypatch.setattr(beat, "time", watch)
    return watch


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []

    def apply_async(self: Any, entry: Any, **more: Any) -> None:
        names.append(entry.name)

    monkeypatch.setattr(ForgetfulScheduler, "apply_async", apply_async)
    monkeypatch.setattr(ForgetfulScheduler, "producer", None)  # which would wait for a broker
    return names


def test_everything_is_sent_once_a_period(watch: Stopwatch, sent: list[str]) -> None:
    scheduler = ForgetfulScheduler(app, lazy=False)
    pause = scheduler.tick()
    assert sorted(sent) == ["seal", "sessions", "sweep", "tell", "tick"]
    assert 0 < pause <= 1.0
    watch.now += pause / 2
    scheduler.tick()
    assert len(sent) == 5
    for _ in range(10):
        watch.now += 1.0
        scheduler.tick()
    assert sent.count("tick") == sent.count("seal") == 11


def test_a_beat_that_was_held_up_does_not_make_up_for_it(watch: Stopwatch, sent: list[str]) -> None:
    scheduler = ForgetfulScheduler(app, lazy=False)
    scheduler.tick()
    watch.now += 600
    assert scheduler.tick() > 0
    assert sent.count("tick") == 2


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(hours=1)])
def test_a_clock_that_is_set_changes_nothing(watch: Stopwatch, sent: list[str], jump: timedelta) -> None:
    scheduler = ForgetfulScheduler(app, lazy=False)
    with time_machine.travel(NOON, tick=False) as travel:
        scheduler.tick()
        travel.shift(jump)
        for _ in range(10):
            assert scheduler.tick() <= 1.0
            watch.now += 1.0
    assert sent.count("tick") == sent.count("seal") == 10
