"""Beat ticks by the machine's own time, whatever happens to its clock, and leaves when it is asked to."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from celery.beat import Service

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
    assert sorted(sent) == ["seal", "sessions", "sweep", "sweep imports", "sweep lists", "tell", "tick"]
    assert 0 < pause <= 1.0
    watch.now += pause / 2
    scheduler.tick()
    assert len(sent) == 7
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


@pytest.fixture
def service() -> Iterator[Service]:
    """Beat with our scheduler, answering signals; whoever answered them before does so again afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    service = Service(app, scheduler_cls=ForgetfulScheduler)
    beat.stop_when_asked(sender=service)
    yield service
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_beat_leaves_when_asked(service: Service, sent: list[str], number: signal.Signals) -> None:
    with pytest.raises(SystemExit):
        signal.raise_signal(number)
    with pytest.raises(SystemExit):
        service.scheduler.tick()
    assert not sent


def test_beat_that_is_asked_in_the_middle_of_sending_leaves(
    service: Service, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(self: Any, entry: Any, **more: Any) -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except SystemExit:
            sent.append(entry.name)
            raise ValueError("I/O operation on closed file.") from None

    monkeypatch.setattr(ForgetfulScheduler, "apply_async", send)
    with pytest.raises(SystemExit):
        service.scheduler.tick()
    assert len(sent) == 1
