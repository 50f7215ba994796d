"""Taking a run: one of many, for a time, on the right queue."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from exports.models import ExportRun
from runs.claims import claim
from tests.runs.conftest import NOW, Start

LEASE = timedelta(seconds=60)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("sent")
def test_claim_is_won_by_one_of_many(start: Start) -> None:
    run, winners, ready = start(), [], threading.Barrier(8)

    def work() -> None:
        try:
            ready.wait()
            if claimed := claim(ExportRun.objects.all(), run.pk, queue="calls", now=NOW):
                winners.append(claimed.claim_no)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert winners == [1]
    run.refresh_from_db()
    assert (run.claim_no, run.lease_until) == (1, NOW + LEASE)


def test_claim_holds_for_one_lease(start: Start) -> None:
    run = start()
    assert claim(ExportRun.objects.all(), run.pk, queue="calls", now=NOW).claim_no == 1
    assert claim(ExportRun.objects.all(), run.pk, queue="calls", now=NOW + LEASE - timedelta(seconds=1)) is None
    assert claim(ExportRun.objects.all(), run.pk, queue="calls", now=NOW + LEASE).claim_no == 2


def test_claim_waits_until_the_run_is_due(start: Start) -> None:
    run = start(due_at=NOW + timedelta(seconds=5))
    assert claim(ExportRun.objects.all(), run.pk, queue="calls", now=NOW) is None
    assert claim(ExportRun.objects.all(), run.pk, queue="calls", now=NOW + timedelta(seconds=5)) is not None


def test_claim_leaves_the_other_queue_alone(start: Start) -> None:
    asked, to_fetch = start(), start(ready_at=NOW)
    assert claim(ExportRun.objects.all(), asked.pk, queue="files", now=NOW) is None
    assert claim(ExportRun.objects.all(), to_fetch.pk, queue="calls", now=NOW) is None
    assert claim(ExportRun.objects.all(), to_fetch.pk, queue="files", now=NOW) is not None


def test_claim_of_a_run_to_stop_does_not_stand_behind_downloads(start: Start) -> None:
    run = start(ready_at=NOW, cancel_asked_at=NOW)
    assert claim(ExportRun.objects.all(), run.pk, queue="files", now=NOW) is None
    assert claim(ExportRun.objects.all(), run.pk, queue="calls", now=NOW) is not None


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_claim_of_a_run_that_is_over_is_none(start: Start, status: str) -> None:
    run = start(status=status, finished_at=NOW, due_at=None)
    assert claim(ExportRun.objects.all(), run.pk, queue="calls", now=NOW) is None


@pytest.mark.django_db
def test_claim_of_nothing_is_none() -> None:
    assert claim(ExportRun.objects.all(), 4711, queue="calls", now=NOW) is None
