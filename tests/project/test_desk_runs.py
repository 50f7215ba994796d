"""Everybody's runs, for admins: searched, filtered, paged; and what an admin can do with one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from accounts.models import User, VendorAccount
from audit.models import Event
from exports import retention
from exports.models import ExportFile, ExportRun, SavedSegment
from project.celery import app
from runs.models import Status
from tests.conftest import key
from tests.exports import made
from tests.project.test_operations import POLLED, QUEUED, words

URL = "/admin/operations/runs/"


@pytest.fixture
def jonas_segment(jonas: User, segment: SavedSegment) -> SavedSegment:
    key(jonas, segment.account, "demo-jonas")
    now = timezone.now()
    return SavedSegment.objects.create(
        owner=jonas, account=segment.account, name="Monthly round-up", spec=segment.spec, created_at=now, changed_at=now
    )


def act(run: ExportRun, what: str) -> str:
    return f"{URL}{run.pk}/{what}/"


# ── The list ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_run_with_its_owner_state_times_and_size(
    as_karin: Client, segment: SavedSegment, jonas_segment: SavedSegment
) -> None:
    ready = made.ready(segment)
    made.run(jonas_segment, "preparing", **POLLED)
    made.failed(segment)
    page = words(as_karin.get(URL))
    assert ready.file is not None
    assert f"Spring newsletter , run {ready.pk} anna Ready" in page
    assert f"{ready.file.received_length} bytes Remove file…" in page
    assert f"Monthly round-up , run {ready.pk + 1} jonas Preparing at APSIS" in page
    assert "On their way 1" in page
    assert "1 to 3 of 3" in page


def test_it_is_searched_by_people_and_segments_and_filtered_by_state(
    as_karin: Client, segment: SavedSegment, jonas_segment: SavedSegment, jonas: User
) -> None:
    User.objects.filter(pk=jonas.pk).update(first_name="Jonas", last_name="Lind")
    made.ready(segment)
    made.failed(jonas_segment)
    made.run(jonas_segment, "preparing", **POLLED)
    for q, state, shown in (
        ("round", "", 2), ("ROUND", "failed", 1), ("jonas lind", "", 2), ("anna", "", 1), ("anna", "failed", 0),
        ("", "ready", 1), ("", "nonsense", 3), ("a\0nna", "", 1), ("%", "", 0),
    ):  # fmt: skip
        html = as_karin.get(URL, {"q": q, "state": state}).content.decode()
        assert html.count('<th scope="row">') == shown, (q, state)
        assert ("No run is here under these filters" in html) == (not shown)


def test_the_chips_count_what_a_search_finds_once(as_karin: Client, segment: SavedSegment, anna: User) -> None:
    """A run whose owner and segment both match is one run."""
    SavedSegment.objects.filter(pk=segment.pk).update(name="For anna")
    made.failed(segment)
    assert "Failed 1" in words(as_karin.get(URL, {"q": "anna"}))


def test_first_use(as_karin: Client) -> None:
    assert "Nobody has run anything yet" in words(as_karin.get(URL))


def test_it_is_paged_and_takes_no_more_queries_with_more_runs(
    as_karin: Client, segment: SavedSegment, karin: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        made.ready(segment)
    with django_assert_max_num_queries(15) as few:
        as_karin.get(URL)
    for number in range(50):
        made.ready(segment) if number % 2 else made.run(segment, "preparing", **POLLED)
    ExportFile.objects.update(removed_at=timezone.now(), removed_by=karin)
    with django_assert_max_num_queries(len(few.captured_queries)):
        page = words(as_karin.get(URL))
    assert "1 to 50 of 53" in page
    assert "51 to 53 of 53" in words(as_karin.get(f"{URL}?page=2"))


@pytest.mark.parametrize("path", ["", "1/cancel/", "1/remove/"])
def test_it_is_for_admins(as_anna: Client, maria: User, segment: SavedSegment, path: str) -> None:
    made.ready(segment)
    assert Client().get(URL + path)["Location"].startswith("/accounts/login/")
    assert as_anna.get(URL + path).status_code == 403, "though it is her own run: it has its own page"
    auditor = Client()
    auditor.force_login(maria)
    assert auditor.get(URL + path).status_code == 403


# ── Cancelling ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_is_cancelled_after_the_page_has_said_what_that_means(
    as_karin: Client, karin: User, segment: SavedSegment, as_anna: Client
) -> None:
    run = made.run(segment, "preparing", **POLLED)
    page = words(as_karin.get(act(run, "cancel")))
    assert f"Cancel run {run.pk} of anna?" in page
    assert "The vendor may still finish its side" in page
    run.refresh_from_db()
    assert run.cancel_asked_at is None, "to look is not to cancel"
    answer = as_karin.post(act(run, "cancel"), follow=True)
    assert "stops at its next step" in words(answer)
    run.refresh_from_db()
    assert run.cancel_asked_by == karin
    assert Event.objects.get(action="run.cancel_asked").actor == karin
    assert "is stopping" in words(as_karin.get(act(run, "cancel")))
    assert "Stopping" in as_anna.get(f"/runs/{run.pk}/").content.decode()


def test_a_run_that_nobody_asked_for_yet_leaves_nothing(as_karin: Client, segment: SavedSegment) -> None:
    run = made.run(segment, "waiting_in_line", **QUEUED)
    assert "Nothing was asked of the vendor yet" in words(as_karin.get(act(run, "cancel")))


def test_what_is_over_cannot_be_cancelled(as_karin: Client, segment: SavedSegment) -> None:
    run = made.ready(segment)
    assert "There is nothing to cancel." in words(as_karin.get(act(run, "cancel")))
    assert "was over before" in words(as_karin.post(act(run, "cancel"), follow=True))
    assert not Event.objects.filter(action="run.cancel_asked").exists()


# ── Removing a file ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db(transaction=True)
def test_a_file_is_removed_after_the_page_has_said_what_goes(
    as_karin: Client, karin: User, segment: SavedSegment
) -> None:
    run = made.ready(segment)
    assert run.file is not None
    page = words(as_karin.get(act(run, "remove")))
    assert f"Remove the file of run {run.pk} of anna?" in page
    assert "Copies that were downloaded are not reached." in page
    assert default_storage.exists(run.file.storage_name)
    assert "is removed. Its owner reads who did it." in words(as_karin.post(act(run, "remove"), follow=True))
    assert not default_storage.exists(run.file.storage_name)
    event = Event.objects.get(action="file.removed")
    assert (event.actor, event.target_key) == (karin, f"exports.exportrun:{run.pk}")
    assert "Removed karin removed the file at" in words(as_karin.get(URL))
    assert "There is nothing to remove." in words(as_karin.get(act(run, "remove")))
    assert "has no file here" in words(as_karin.post(act(run, "remove"), follow=True))
    assert Event.objects.filter(action="file.removed").count() == 1


def test_a_run_without_a_file_and_one_whose_time_is_over_have_none_to_remove(
    as_karin: Client, segment: SavedSegment
) -> None:
    for run in (made.failed(segment), made.ready(segment, kept=-timedelta(days=1))):
        assert "There is nothing to remove." in words(as_karin.get(act(run, "remove")))
    retention.sweep(now=timezone.now())


# ── Calling and hastening ────────────────────────────────────────────────────────────────────────────────────


def test_a_worker_is_called(as_karin: Client, segment: SavedSegment, memory_broker: None) -> None:
    run = made.run(segment, "preparing", **POLLED, due_at=timezone.now() - timedelta(minutes=5))
    before = run.version
    assert f"A worker was called for run {run.pk}." in words(as_karin.post(act(run, "call"), follow=True))
    with app.connection_for_read() as connection, connection.channel() as channel:
        message = channel.basic_get("calls", no_ack=True)
    assert message is not None
    run.refresh_from_db()
    assert run.version == before, "to call changes nothing by itself"


def test_a_worker_is_called_while_the_broker_is_away(
    as_karin: Client, segment: SavedSegment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kombu.exceptions import OperationalError

    def away(*args: object, **message: object) -> None:
        raise OperationalError

    monkeypatch.setattr(app, "send_task", away)
    run = made.run(segment, "preparing", **POLLED)
    assert "The broker does not answer, so no worker was called." in words(as_karin.post(act(run, "call"), follow=True))


def test_for_what_is_over_nobody_is_called(as_karin: Client, segment: SavedSegment) -> None:
    run = made.ready(segment)
    assert "is over, so no worker was called" in words(as_karin.post(act(run, "call"), follow=True))


def test_a_run_is_hastened_where_that_is_safe(as_karin: Client, segment: SavedSegment) -> None:
    later = timezone.now() + timedelta(minutes=4)
    run = made.run(segment, "trouble", **POLLED, trouble_count=7, due_at=later)
    assert f"Run {run.pk} tries now" in words(as_karin.post(act(run, "hasten"), follow=True))
    run.refresh_from_db()
    assert run.due_at is not None
    assert run.due_at < timezone.now()
    lost = made.run(segment, "answer_lost", Status.RUNNING, asked_at=2, started_at=1, due_at=later)
    assert "waits for nothing that could be done now" in words(as_karin.post(act(lost, "hasten"), follow=True))
    lost.refresh_from_db()
    assert lost.due_at == later


@pytest.mark.parametrize("what", ["call", "hasten", "cancel", "remove"])
def test_wrong_ways_to_act(
    what: str, as_karin: Client, as_anna: Client, karin: User, segment: SavedSegment, account: VendorAccount
) -> None:
    run = made.run(segment, "trouble", **POLLED, trouble_count=7)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(karin)
    assert as_anna.post(act(run, what)).status_code == 403
    assert strict.post(act(run, what)).status_code == 403
    assert as_karin.post(f"{URL}999999/{what}/").status_code == 404
    assert as_karin.put(act(run, what)).status_code == 405
    if what in ("call", "hasten"):
        assert as_karin.get(act(run, what)).status_code == 405
    version = run.version
    run.refresh_from_db()
    assert run.version == version
