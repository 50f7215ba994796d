"""Who lives: every process says so itself; a killed one goes stale, and one that stops strikes itself out."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from project.celery import app
from runs import broker, presence
from runs.models import Presence
from tests.processes.conftest import AT_ONCE, LOOK, PATIENCE, Desk

FILES = AT_ONCE["files"]  # processes of the worker for files

HEARD = timedelta(seconds=5)  # ten signs of life, on a machine that others keep busy


def living() -> Counter[str]:
    return Counter(Presence.objects.filter(seen_at__gte=timezone.now() - HEARD).values_list("role", flat=True))


def until(wanted: dict[str, int], desk: Desk) -> None:
    by = time.monotonic() + PATIENCE
    while (found := living()) != wanted:
        assert time.monotonic() < by, f"{found} live, not {wanted}\n{desk.tails()}"
        time.sleep(LOOK)


def test_every_process_is_seen_killed_ones_go_stale_and_stopped_ones_are_struck_out(desk: Desk) -> None:
    everybody = {"calls": 1, "files": FILES, "beat": 1, "tick": 1}
    until(everybody, desk)
    desk.calls.kill()
    until({"files": FILES, "beat": 1}, desk)
    assert Presence.objects.filter(role="calls").exists(), "killed: it could not say that it goes"

    lived = set(Presence.objects.filter(role__in=("files", "beat"), seen_at__gte=timezone.now() - HEARD))
    assert len(lived) == FILES + 1
    for program in (desk.files, desk.beat):
        program.terminate()
        program.wait(15)
    assert not lived & set(Presence.objects.all()), "stopped: they said so"
    desk.start()
    until(everybody, desk)


def test_a_frozen_process_is_not_believed_in(desk: Desk) -> None:
    until({"calls": 1, "files": FILES, "beat": 1, "tick": 1}, desk)
    desk.suspend(desk.files)
    until({"calls": 1, "beat": 1, "tick": 1}, desk)
    desk.files.resume()
    until({"calls": 1, "files": FILES, "beat": 1, "tick": 1}, desk)


def test_what_waits_at_the_broker_is_counted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("broker_url", "broker_read_url"):
        monkeypatch.setattr(app.conf, name, desk.broker_url)
    until({"calls": 1, "files": FILES, "beat": 1, "tick": 1}, desk)
    desk.files.kill()
    desk.empty_broker()
    run = desk.run()
    desk.until(run, lambda run: run.queue == "files")
    for _ in range(3):
        desk.nudge(run)
    assert broker.lengths()["files"] >= 3
    desk.files.start()
    desk.until_ready(run)


def test_a_process_that_others_took_for_dead_is_heard_again(desk: Desk) -> None:
    until({"calls": 1, "files": FILES, "beat": 1, "tick": 1}, desk)
    Presence.objects.all().delete()
    until({"calls": 1, "files": FILES, "beat": 1, "tick": 1}, desk)
    assert all(presence.is_alive(process, now=timezone.now()) for process in Presence.objects.all())
