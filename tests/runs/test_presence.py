"""What the desk writes down of its processes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from runs import presence, tasks
from runs.models import Presence
from tests.runs.conftest import NOW

pytestmark = pytest.mark.django_db


def test_a_process_begins_lives_and_ends() -> None:
    presence.begin("calls", now=NOW)
    presence.note("calls", now=NOW + timedelta(seconds=10))
    process = Presence.objects.get()
    assert (process.role, process.since, process.seen_at) == ("calls", NOW, NOW + timedelta(seconds=10))
    presence.end("calls", now=NOW)
    assert not Presence.objects.exists()


def test_one_that_begins_anew_under_an_old_number_has_not_lived_all_the_time() -> None:
    presence.begin("calls", now=NOW)
    presence.begin("calls", now=NOW + timedelta(hours=1))
    assert Presence.objects.get().since == NOW + timedelta(hours=1)


def test_who_was_forgotten_is_written_down_again() -> None:
    presence.note("beat", now=NOW)
    assert Presence.objects.get().role == "beat"


def test_three_missed_signs_and_nobody_believes_in_it(settings: Any) -> None:
    settings.RUN_PRESENCE = 10.0
    presence.begin("calls", now=NOW)
    process = Presence.objects.get()
    assert presence.is_alive(process, now=NOW + timedelta(seconds=29))
    assert not presence.is_alive(process, now=NOW + timedelta(seconds=30))


def test_what_is_unheard_of_for_a_day_is_forgotten() -> None:
    presence.begin("files", now=NOW)
    presence.begin("calls", now=NOW + timedelta(hours=25))
    assert [process.role for process in Presence.objects.all()] == ["calls"]


def test_a_sign_of_life_is_one_small_write(django_assert_num_queries: Any) -> None:
    presence.begin("calls", now=NOW)
    with django_assert_num_queries(1):
        presence.note("calls", now=NOW)


def test_a_tick_is_noted_now_and_then(
    sent: list[Any], monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any, settings: Any
) -> None:
    monkeypatch.setattr(presence, "_noted_at", -1e9)
    tasks.tick()
    assert Presence.objects.get().role == presence.TICK
    Presence.objects.all().delete()
    tasks.tick()
    assert not Presence.objects.exists(), "the next one, a second later, writes nothing"


def test_a_heart_that_cannot_write_says_so_once_and_beats_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    heart = presence.Heart("calls")
    failing = [True, True, False, True]

    def word(role: str, **when: object) -> None:
        if failing.pop(0):
            raise RuntimeError("the database is away")

    for _ in range(4):
        heart._say(word)
    said = [record for record in caplog.records if record.message == "sign of life not written"]
    assert [record.why for record in said] == ["RuntimeError", "RuntimeError"]
