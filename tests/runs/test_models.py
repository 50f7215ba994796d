"""What a run may become, what the database holds it to, and what an old claim can still write: nothing."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import VendorAccount
from exports import actions
from exports.models import ExportFile, ExportRun
from runs import line
from runs.claims import claim
from runs.models import MOVES, UNFINISHED, StaleRun, Status
from tests.runs.conftest import NOW, Start

LATER = NOW + timedelta(minutes=1)
FIELDS = {status: {} if status in UNFINISHED else {"finished_at": NOW, "due_at": None} for status in Status}
ALLOWED = {
    ("queued", "running"), ("queued", "failed"), ("queued", "cancelled"),
    ("running", "succeeded"), ("running", "failed"), ("running", "cancelled"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), list(product(Status, Status)))
def test_move_only_where_the_drawing_leads(start: Start, before: Status, after: Status) -> None:
    run = start(status=before, **FIELDS[before])
    if (before, after) not in ALLOWED:
        with pytest.raises(ValueError, match="cannot go"):
            run.move(after, "ready", now=LATER)
        return
    run.move(after, "asking", now=LATER, facts={"a": 1})
    run.refresh_from_db()
    assert (run.status, run.code, run.facts, run.changed_at, run.version) == (after, "asking", {"a": 1}, LATER, 1)
    assert (run.finished_at, run.due_at) == ((None, NOW) if after in UNFINISHED else (LATER, None))


def test_moves_are_written_down_for_every_status() -> None:
    assert {(before, after) for before, ways in MOVES.items() for after in ways} == ALLOWED
    assert set(MOVES) == set(Status)


@pytest.mark.parametrize(
    "fields",
    [
        {"finished_at": NOW},  # over, and yet not
        {"due_at": None},  # unfinished, and nobody would ever come
        {"status": "failed", "due_at": None},  # over, and nobody knows when
        {"status": "cancelled", "finished_at": NOW},  # over, and yet due
        {"status": "succeeded"},
    ],
)
def test_the_database_holds_the_invariants(start: Start, fields: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        start(**fields)


def test_the_database_keeps_a_file_for_success_alone(start: Start) -> None:
    file = ExportFile.objects.create(
        storage_name="x", media_type="text/csv", received_length=0, received_sha256="", content_length=0,
        content_sha256="", row_count=0, header=[], counts={}, made_at=NOW, expires_at=NOW,
    )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        start(status="failed", finished_at=NOW, due_at=None, file=file)
    start(status="succeeded", finished_at=NOW, due_at=None, file=file)


def test_due_is_unfinished_and_free_and_not_later(start: Start) -> None:
    asked, free_again = start(), start(lease_until=NOW)
    start(due_at=LATER)
    start(lease_until=LATER)
    start(status="failed", finished_at=NOW, due_at=None)
    assert set(ExportRun.objects.due(NOW)) == {asked, free_again}


def test_wait_lets_go_and_comes_back(start: Start) -> None:
    run = claim(ExportRun.objects.all(), start().pk, queue="calls", now=NOW)
    run.wait("preparing", now=NOW, until=LATER, poll_count=3)
    run.refresh_from_db()
    assert (run.code, run.due_at, run.lease_until, run.poll_count) == ("preparing", LATER, None, 3)


def test_wait_does_not_keep_whoever_pressed_cancel_meanwhile_waiting(start: Start) -> None:
    run = claim(ExportRun.objects.all(), start().pk, queue="calls", now=NOW)
    actions.cancel(ExportRun.objects.get(pk=run.pk), by=run.owner, now=NOW)
    run.wait("preparing", now=NOW, until=NOW + timedelta(hours=1))
    assert ExportRun.objects.get(pk=run.pk).due_at == NOW


def test_note_keeps_the_claim_and_renew_makes_it_longer(start: Start) -> None:
    run = claim(ExportRun.objects.all(), start().pk, queue="calls", now=NOW)
    run.note("fetching", now=LATER, facts={"bytes": 1})
    assert ExportRun.objects.get(pk=run.pk).lease_until == NOW + timedelta(seconds=60)
    run.renew("fetching", now=LATER, facts={"bytes": 2})
    kept = ExportRun.objects.get(pk=run.pk)
    assert (kept.lease_until, kept.facts, kept.version) == (LATER + timedelta(seconds=60), {"bytes": 2}, 2)


def test_changed_at_tells_of_another_state_not_of_another_figure(start: Start) -> None:
    run = start()
    run.note("fetching", now=LATER, facts={"bytes": 1})
    run.note("fetching", now=LATER + timedelta(minutes=1), facts={"bytes": 2})
    assert run.changed_at == LATER


@pytest.mark.parametrize("again", ["claimed", "over"])
def test_an_old_claim_can_change_nothing(start: Start, again: str) -> None:
    old = claim(ExportRun.objects.all(), start().pk, queue="calls", now=NOW)
    new = claim(ExportRun.objects.all(), old.pk, queue="calls", now=LATER)
    if again == "over":
        new.move(Status.CANCELLED, "cancelled", now=LATER)
    before = ExportRun.objects.filter(pk=old.pk).values().get()
    for write in (
        lambda: old.move(Status.RUNNING, "asking", now=LATER),
        lambda: old.move(Status.FAILED, "our_fault", now=LATER),
        lambda: old.wait("preparing", now=LATER, until=LATER),
        lambda: old.note("fetching", now=LATER),
        lambda: old.renew("fetching", now=LATER),
    ):
        with pytest.raises(StaleRun):
            write()
    assert ExportRun.objects.filter(pk=old.pk).values().get() == before


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by what is in the tables")
def test_what_is_unfinished_is_found_without_reading_what_is_over(start: Start, account: VendorAccount) -> None:
    """Each second the tick looks for a few among what may be a million."""
    for runs, index in (
        (ExportRun.objects.unfinished().order_by(), "exportrun_due"),
        (ExportRun.objects.due(NOW).order_by("due_at"), "exportrun_due"),
        (ExportRun.objects.due(NOW).exclude(ExportRun.unasked()).order_by("due_at"), "exportrun_due"),
        (ExportRun.objects.filter(ExportRun.at_vendor(), account=account).order_by(), "exportrun_"),
        (line.standing(ExportRun.objects.all(), now=NOW).filter(account=account), "exportrun_"),
    ):
        plan = runs.explain()
        assert f"INDEX {index}" in plan, plan
        assert "SCAN exports_exportrun" not in plan, plan
