"""Draining: what is at the vendor is finished, nothing is started, and every run that waits says why."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import User
from audit.models import Event as Told
from audit.sentences import sentence
from exports import actions, sentences
from exports.models import ExportRun, SavedSegment
from project import actions as desk
from runs import drain, line, tasks
from runs.models import Drain
from tests.conftest import Vendor, key
from tests.exports.clockwork import turning
from tests.exports.conftest import Stepper, choices, segment, spec
from tests.runs.conftest import NOW, Start
from tests.threads import at_once

__all__ = ["choices", "segment", "spec"]


@pytest.fixture
def steps(vendor: Vendor) -> Iterator[Stepper]:
    """Steps on a clock that lanes go by too: a second request is asked."""
    with turning(vendor) as turner:
        yield turner


@pytest.fixture
def press(segment: SavedSegment, steps: Stepper) -> Any:
    """Press Run at a segment of its own, now."""

    def one(by: User | None = None, name: str = "") -> ExportRun:
        owner = by or segment.owner
        name = name or f"Segment {SavedSegment.objects.count()}"
        own = actions.save_segment(by=owner, account=segment.account, name=name, spec=segment.consent_spec)
        return actions.start(own, by=owner, now=steps.now)

    return one


def codes(run: ExportRun) -> list[str]:
    return list(run.lines.order_by("at", "pk").values_list("code", flat=True))


# ── Nothing is started ───────────────────────────────────────────────────────────────────────────────────────


def test_no_request_goes_out_and_the_run_says_why(press: Any, steps: Stepper, karin: User, vendor: Vendor) -> None:
    desk.begin_drain(by=karin, reason="An upgrade at three", now=steps.now)
    run = steps.step(press())
    assert (run.status, run.code) == ("queued", line.HELD)
    assert run.asked_at is None
    assert run.lease_until is None
    assert "consent_export" not in vendor.calls()
    assert run.facts == {"reason": "An upgrade at three"}
    so, soft = sentences.headline(run)
    assert so == "Held back"
    assert "this desk starts nothing new for now. It goes on by itself." in soft
    assert codes(run) == ["asked", "held_back"]


def test_it_goes_through_once_the_drain_ends(press: Any, steps: Stepper, karin: User, vendor: Vendor) -> None:
    desk.begin_drain(by=karin, now=steps.now)
    run = steps.step(press())
    steps.forward(3600)
    assert desk.end_drain(by=karin, now=steps.now)
    run.refresh_from_db()
    assert (run.code, run.facts) == (line.WAITING, {})
    run = steps.to_the_end(run)
    assert run.status == "succeeded"
    assert vendor.calls()["consent_export"] == 1
    assert codes(run)[:4] == ["asked", "held_back", "let_go", "requested"]


def test_who_stands_in_line_is_told_at_once_and_keeps_the_place(
    press: Any, steps: Stepper, karin: User, jonas: User, segment: SavedSegment
) -> None:
    key(jonas, segment.account, "demo-jonas")
    before = [press(), press(), press(by=jonas)]
    order = list(line.standing(ExportRun.objects.all(), now=steps.now))
    assert desk.begin_drain(by=karin, now=steps.now)
    for run in before:
        run.refresh_from_db()
        assert run.code == line.HELD
        assert codes(run) == ["asked", "held_back"]
    assert list(line.standing(ExportRun.objects.all(), now=steps.now)) == order
    late = steps.step(press(by=jonas))
    assert list(line.standing(ExportRun.objects.all(), now=steps.now)) == [*order, late]
    assert Told.objects.get(action="desk.drained").facts["held"] == 3


def test_a_page_that_is_open_sees_both_changes(press: Any, steps: Stepper, karin: User) -> None:
    run = press()
    desk.begin_drain(by=karin, now=steps.now)
    run.refresh_from_db()
    held = run.version
    assert held > 0
    desk.end_drain(by=karin, now=steps.now)
    run.refresh_from_db()
    assert run.version > held


def test_one_that_a_worker_has_in_hand_is_left_to_it(press: Any, steps: Stepper, karin: User) -> None:
    run = press()
    ExportRun.objects.filter(pk=run.pk).update(lease_until=steps.now + timedelta(minutes=1))
    desk.begin_drain(by=karin, now=steps.now)
    run.refresh_from_db()
    assert run.code == "asked"


def test_a_new_attempt_is_a_new_request_and_waits_too(press: Any, steps: Stepper, karin: User, vendor: Vendor) -> None:
    vendor.fault("poll", "status", status=410)
    run = steps.to_the_end(press(), until=lambda run: run.code == "retrying")
    asked = vendor.calls()["consent_export"]
    desk.begin_drain(by=karin, now=steps.now)
    run.refresh_from_db()
    assert run.code == "retrying", "its own moment has not come"
    run = steps.step(run)
    assert (run.status, run.code) == ("running", line.HELD)
    assert vendor.calls()["consent_export"] == asked
    desk.end_drain(by=karin, now=steps.now)
    assert steps.to_the_end(run).status == "succeeded"


def test_a_weekend_without_starts_is_no_day_in_line(press: Any, steps: Stepper, karin: User, vendor: Vendor) -> None:
    vendor.fault("consent_export", "status", status=429, times=2)
    run = steps.step(press())
    assert run.code == line.WAITING
    desk.begin_drain(by=karin, now=steps.now)
    steps.forward(3 * 24 * 3600)
    desk.end_drain(by=karin, now=steps.now)
    run = steps.to_the_end(run, until=lambda run: run.code == line.WAITING and run.due_at > steps.now)
    assert codes(run).count("in_line") == 2, "the vendor had no room once more"
    assert steps.to_the_end(run).status == "succeeded"


def test_what_may_have_been_asked_is_not_asked_again(press: Any, steps: Stepper, karin: User, vendor: Vendor) -> None:
    vendor.fault("consent_export", "status", status=504)
    run = steps.to_the_end(press(), until=lambda run: run.code == "answer_lost")
    asked = vendor.calls()["consent_export"]
    desk.begin_drain(by=karin, now=steps.now)
    run.refresh_from_db()
    assert run.code == "answer_lost"
    for _ in range(3):
        run = steps.step(run)
        assert run.code == line.HELD
        assert run.asked_at is not None
        assert run.due_at == steps.now + timedelta(seconds=line.PATIENCE)
    assert vendor.calls()["consent_export"] == asked
    assert codes(run).count("held_back") == 1
    desk.end_drain(by=karin, now=steps.now)
    run.refresh_from_db()
    assert run.code == "answer_lost"
    run = steps.to_the_end(run)
    assert run.status == "succeeded"
    assert run.is_asked_twice
    assert vendor.calls()["consent_export"] == asked + 1


def test_a_run_that_is_held_back_can_be_cancelled(press: Any, steps: Stepper, karin: User, vendor: Vendor) -> None:
    desk.begin_drain(by=karin, now=steps.now)
    run = steps.step(press())
    actions.cancel(run, by=run.owner, now=steps.now)
    assert steps.step(run).status == "cancelled"
    assert "consent_export" not in vendor.calls()


# ── What is at the vendor is finished ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("stage", ["preparing", "to_fetch"])
def test_what_was_asked_is_polled_fetched_and_verified(
    press: Any, steps: Stepper, karin: User, vendor: Vendor, stage: str
) -> None:
    run = steps.to_the_end(press(), until=lambda run: run.code == stage)
    desk.begin_drain(by=karin, now=steps.now)
    run = steps.to_the_end(run)
    assert run.status == "succeeded"
    assert run.file is not None
    assert vendor.calls()["consent_export"] == 1


# ── The tick ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_tick_calls_each_run_that_has_yet_to_learn_it_and_no_other(
    start: Start, karin: User, sent: list[dict[str, Any]]
) -> None:
    at_vendor, told, later = start(asked_at=NOW), start(), start(code="trouble")
    desk.begin_drain(by=karin, now=NOW)
    ExportRun.objects.filter(pk=later.pk).update(code="trouble")
    new = start()
    tasks.tick()
    called = {message["kwargs"]["pk"] for message in sent}
    assert called == {at_vendor.pk, later.pk, new.pk}
    told.refresh_from_db()
    assert told.code == line.HELD


def test_without_a_drain_the_tick_finds_even_one_that_was_forgotten(start: Start, sent: list[dict[str, Any]]) -> None:
    """The row was deleted by hand, say: what it held back must not hang."""
    forgotten = start(code=line.HELD)
    tasks.tick()
    assert [message["kwargs"]["pk"] for message in sent] == [forgotten.pk]


# ── The switch ───────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_on_or_off_and_both_are_told(karin: User) -> None:
    assert not drain.is_on()
    assert desk.begin_drain(by=karin, reason="An upgrade", now=NOW)
    assert not desk.begin_drain(by=karin, reason="Another", now=NOW), "it is on already"
    on = drain.current()
    assert on is not None
    assert (on.by, on.reason, on.since) == (karin, "An upgrade", NOW)
    assert desk.end_drain(by=karin, now=NOW)
    assert not desk.end_drain(by=karin, now=NOW)
    assert drain.current() is None
    assert [sentence(event) for event in Told.objects.filter(action__startswith="desk.").order_by("pk")] == [
        "karin let the desk start nothing new; runs held back: 0, reason “An upgrade”",
        "karin let the desk start runs again; runs let go: 0",
    ]


def test_there_is_one_row_or_none(karin: User) -> None:
    desk.begin_drain(by=karin, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Drain.objects.create(pk=2, since=NOW, by=karin)


def test_many_runs_are_held_back_and_let_go_with_few_queries(
    start: Start, karin: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(40):
        start()
    with django_assert_max_num_queries(14):
        desk.begin_drain(by=karin, now=NOW)
    assert ExportRun.objects.filter(code=line.HELD).count() == 40
    with django_assert_max_num_queries(14):
        desk.end_drain(by=karin, now=NOW)
    assert ExportRun.objects.filter(code=line.WAITING, due_at=NOW).count() == 40


@pytest.mark.processes  # commits knock at the broker, and none is there
@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_held_back_while_the_drain_ends_is_let_go_with_the_others(start: Start, karin: User) -> None:
    desk.begin_drain(by=karin, now=NOW)
    run, is_held = start(), Event()

    def act(number: int) -> None:
        if number:
            assert is_held.wait(10)
            desk.end_drain(by=karin, now=NOW)
            return
        with transaction.atomic():
            assert drain.held() is not None
            is_held.set()
            time.sleep(0.3)  # the other would have ended it by now, had it not to wait
            run.wait(line.HELD, now=NOW, until=NOW)

    at_once(2, act)
    run.refresh_from_db()
    assert run.code == line.WAITING


# ── The page ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_owner_reads_what_happened_what_it_means_and_what_comes(
    press: Any, steps: Stepper, karin: User, as_anna: Client
) -> None:
    desk.begin_drain(by=karin, reason="New disk <b>soon</b>", now=steps.now)
    run = steps.step(press())
    page = " ".join(as_anna.get(f"/runs/{run.pk}/").content.decode().split())
    for words in (
        "<em>Held back</em>",
        "this desk starts nothing new for now. It goes on by itself.",
        "The desk to start runs again",
        "Nothing was sent to APSIS yet, and your place in line is kept.",
        "Their reason: New disk &lt;b&gt;soon&lt;/b&gt;",
        "By itself, once an admin lets the desk start runs again.",
        "Cancel run",
    ):
        assert words in page
    assert "Held back" in as_anna.get("/runs/").content.decode()
