"""The steps of an export run: press, file, cancel, old claims, lost processes, our own troubles."""

from __future__ import annotations

import ast
import csv
import hashlib
import io
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError
from django.db.models import ProtectedError

from accounts import clients, database
from accounts.actions import save_credential
from accounts.models import Credential, Lane, User
from audit.models import Event
from exports import actions, endings, fetching, files, runner, sentences, tasks, troubles
from exports.models import ExportFile, ExportRun, SavedSegment
from runs import asking, clock, heartbeat, shutdown, waits
from runs.models import StaleRun, Status
from runs.storage import DurableFile, PrivateFolder
from tests.conftest import Vendor
from tests.exports import made
from tests.exports.clockwork import Turner, assert_failed, assert_no_secret_in, codes, said, stored, turning

LEASE = 61


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    """Let no attempt within a step wait for the next."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def steps(vendor: Vendor) -> Iterator[Turner]:
    with turning(vendor) as turner:
        yield turner


@pytest.fixture
def run(segment: SavedSegment, anna: User, steps: Turner) -> ExportRun:
    """A run that nobody has worked on."""
    return actions.start(segment, by=anna, now=steps.now)


class Meanwhile(httpx.BaseTransport):
    """A wire on which something happens while the vendor is being asked: once, at the first call that fits."""

    def __init__(self, wire: httpx.BaseTransport) -> None:
        self.wire = wire
        self._path, self._happens, self._is_after = "", None, False

    def at(self, path: str, happens: Callable[[], object], *, after: bool = False) -> None:
        self._path, self._happens, self._is_after = path, happens, after

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        happens = self._happens if self._happens and self._path in request.url.path else None
        if happens is None:
            return self.wire.handle_request(request)
        self._happens = None
        if not self._is_after:
            happens()
            return self.wire.handle_request(request)
        response = self.wire.handle_request(request)
        happens()
        return response


@pytest.fixture
def meanwhile(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    wire = Meanwhile(vendor.transport)
    monkeypatch.setattr(clients, "wire", lambda account: wire)
    return wire


def to(steps: Turner, run: ExportRun, code: str) -> ExportRun:
    """Take a run to a state by its code."""
    run.refresh_from_db()
    return run if run.code == code else steps.to_the_end(run, until=lambda run: run.code == code)


REQUEST, POLL = "/reports/consents", "/reports/consents/"


# ── From press to file ───────────────────────────────────────────────────────────────────────────────────────


def test_a_run_goes_from_press_to_file(run: ExportRun, steps: Turner) -> None:
    assert (run.status, run.code) == (Status.QUEUED, "asked")

    run = steps.step(run)
    assert (run.status, run.code) == (Status.RUNNING, "preparing")
    run = steps.to_the_end(run)

    assert (run.status, run.code) == (Status.SUCCEEDED, "ready")
    content = b"".join(files.stream(run, "content"))
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert run.file.content_sha256 == hashlib.sha256(content).hexdigest()
    assert run.file.content_length == len(content)
    assert run.file.row_count == len(rows) > 0
    consented = sum(bool(row["EmailConsent"]) for row in rows)
    assert run.file.counts["consented"]["EmailConsent"] == consented > 0
    received = b"".join(files.stream(run, "received"))
    assert run.file.received_sha256 == hashlib.sha256(received).hexdigest()
    assert received[:2] == b"\x1f\x8b"


def test_a_run_tells_its_way(run: ExportRun, steps: Turner) -> None:
    run = steps.to_the_end(run)
    told = codes(run)
    assert told[:2] == ["asked", "requested"]
    assert told[-3:] == ["ready_upstream", "fetched", "verified"]
    assert set(told[2:-3]) == {"still_preparing"}
    events = Event.objects.filter(target_key=f"exports.exportrun:{run.pk}").order_by("pk")
    assert [event.action for event in events] == ["run.started", "run.succeeded"]
    assert (run.due_at, run.lease_until, run.trouble_count) == (None, None, 0)
    assert run.started_at <= run.requested_at <= run.ready_at <= run.finished_at


def test_the_link_is_no_secret_that_lies_open(run: ExportRun, steps: Turner, vendor: Vendor) -> None:
    run = steps.step(run)
    (export_id,) = vendor.app.world.exports
    row = ExportRun.objects.filter(pk=run.pk).values().get()
    lines = list(run.lines.values_list("facts", flat=True))
    assert export_id not in f"{row} {lines}"


# ── Cancelling ───────────────────────────────────────────────────────────────────────────────────────────────


def assert_cancelled(run: ExportRun) -> None:
    run.refresh_from_db()
    assert (run.status, run.code) == (Status.CANCELLED, "cancelled")
    assert run.finished_at is not None
    assert (run.due_at, run.lease_until, run.file) == (None, None, None)
    assert not ExportFile.objects.exists()
    assert stored(run) == []
    assert Event.objects.filter(target_key=f"exports.exportrun:{run.pk}", action="run.cancelled").count() == 1
    assert codes(run)[-1] == "cancelled"


@pytest.mark.parametrize("code", ["asked", "waiting_in_line", "trouble", "answer_lost", "preparing", "to_fetch"])
def test_cancel_between_two_steps(run: ExportRun, steps: Turner, vendor: Vendor, anna: User, code: str) -> None:
    statuses = {"waiting_in_line": 429, "trouble": 503, "answer_lost": 504}
    if code in statuses:
        vendor.fault("consent_export", "status", status=statuses[code])
    run = to(steps, run, code)
    calls = vendor.calls()
    actions.cancel(run, by=anna, now=steps.now)
    assert said(run).startswith("Stopping")
    assert run.queue == "calls"
    run = steps.step(run)  # at once, whatever it was waiting for
    assert run.finished_at == run.cancel_asked_at
    assert_cancelled(run)
    assert vendor.calls() == calls


@pytest.mark.parametrize(("code", "path"), [("asked", REQUEST), ("preparing", POLL)])
def test_cancel_during_a_question_is_the_next_step(
    run: ExportRun, steps: Turner, anna: User, meanwhile: Meanwhile, code: str, path: str
) -> None:
    run = to(steps, run, code)
    meanwhile.at(path, lambda: actions.cancel(ExportRun.objects.get(pk=run.pk), by=anna, now=steps.now))
    run = steps.step(run)
    assert (run.status, run.due_at) == (Status.RUNNING, steps.now)
    steps.step(run)
    assert_cancelled(run)


def test_cancel_during_fetching_stops_the_fetching(
    run: ExportRun, steps: Turner, anna: User, meanwhile: Meanwhile
) -> None:
    run = to(steps, run, "to_fetch")
    meanwhile.at(POLL, lambda: actions.cancel(ExportRun.objects.get(pk=run.pk), by=anna, now=steps.now))
    steps.step(run)
    assert_cancelled(run)


def test_cancel_twice_is_cancel_once(run: ExportRun, steps: Turner, anna: User) -> None:
    actions.cancel(run, by=anna, now=steps.now)
    actions.cancel(run, by=anna, now=steps.now + timedelta(minutes=1))
    assert run.cancel_asked_at == steps.now
    assert Event.objects.filter(action="run.cancel_asked").count() == 1


def test_cancel_after_the_end_changes_nothing(run: ExportRun, steps: Turner, anna: User) -> None:
    run = steps.to_the_end(run)
    actions.cancel(run, by=anna, now=steps.now)
    run.refresh_from_db()
    assert (run.status, run.cancel_asked_at) == (Status.SUCCEEDED, None)


# ── Old claims and lost processes ────────────────────────────────────────────────────────────────────────────


class Killed(BaseException):
    """The process is gone, in the middle of whatever it did."""


@pytest.mark.parametrize(("code", "path"), [("asked", REQUEST), ("preparing", POLL), ("to_fetch", POLL)])
@pytest.mark.parametrize("ending", ["ready", "refused"])
def test_an_old_claim_changes_nothing(
    run: ExportRun, steps: Turner, vendor: Vendor, meanwhile: Meanwhile, code: str, path: str, ending: str
) -> None:
    """While one worker is stuck in its call, its lease ends and another goes on."""
    run = to(steps, run, code)
    if ending == "refused":
        vendor.fault("download" if code == "to_fetch" else "poll" if path == POLL else "consent_export", "status",
                     status=403, body={"message": "no"}, times=0)  # fmt: skip
    old, after = steps.claim(run), []

    def another_worker() -> None:
        steps.forward(LEASE)
        vendor.control("DELETE", "faults") if ending == "ready" else None
        after.append(steps.advance(steps.claim(run)))
        after.append(ExportRun.objects.filter(pk=run.pk).values().get())
        after.append(codes(run))
        after.append(stored(run))
        after.append(list(Credential.objects.values("state", "test_message")))

    meanwhile.at(path, another_worker, after=ending == "ready")
    with pytest.raises(StaleRun):
        steps.advance(old)
    assert ExportRun.objects.filter(pk=run.pk).values().get() == after[1]
    assert codes(run) == after[2]
    assert stored(run) == after[3]
    assert list(Credential.objects.values("state", "test_message")) == after[4]
    if code == "to_fetch" and ending == "ready":
        assert after[0].status == Status.SUCCEEDED
        assert stored(run) == [str(after[0].claim_no)]
        assert ExportFile.objects.count() == 1


@pytest.mark.parametrize("after", [False, True])
def test_a_worker_killed_while_asking_is_followed_by_one_more_question(
    run: ExportRun, steps: Turner, vendor: Vendor, meanwhile: Meanwhile, after: bool
) -> None:
    def kill() -> None:
        raise Killed

    meanwhile.at(REQUEST, kill, after=after)
    with pytest.raises(Killed):
        steps.step(run)
    run.refresh_from_db()
    assert (run.code, run.attempt, run.asked_at) == ("asking", 1, steps.now)
    asked_at = steps.now
    steps.forward(LEASE)
    run = steps.step(run)
    assert (run.code, run.due_at) == ("answer_lost", asked_at + timedelta(minutes=2))
    run = steps.to_the_end(run)
    assert (run.code, run.attempt) == ("ready", 2)
    assert codes(run).count("asked_twice") == 1
    assert len(vendor.app.world.exports) == 1 + after


TOKEN = "/oauth/token"


def sign_out() -> None:
    Credential.objects.update(sealed_token="", token_expires_at=0)


@pytest.mark.parametrize("after", [False, True])
def test_a_worker_killed_while_signing_in_has_asked_nothing(
    run: ExportRun, steps: Turner, vendor: Vendor, meanwhile: Meanwhile, after: bool
) -> None:
    def kill() -> None:
        raise Killed

    sign_out()
    meanwhile.at(TOKEN, kill, after=after)
    with pytest.raises(Killed):
        steps.step(run)
    run.refresh_from_db()
    assert (run.code, run.attempt, run.asked_at) == ("asked", 0, None)
    steps.forward(LEASE)
    run = steps.to_the_end(run)
    assert (run.code, run.attempt, run.is_asked_twice) == ("ready", 1, False)
    assert vendor.calls()["consent_export"] == 1


@pytest.mark.parametrize(
    ("status", "code", "line"),
    [(503, "trouble", "trouble"), (429, "waiting_in_line", "in_line"), (504, "trouble", "trouble")],
)
def test_a_sign_in_that_fails_takes_no_lost_question_back(
    run: ExportRun, steps: Turner, vendor: Vendor, status: int, code: str, line: str
) -> None:
    vendor.fault("consent_export", "status", status=504, when="after")
    run = to(steps, run, "answer_lost")
    asked_at = run.asked_at
    sign_out()
    vendor.fault("token", "status", status=status, times=3)
    run = steps.step(run)
    assert (run.code, run.asked_at, run.attempt) == (code, asked_at, 1)
    assert codes(run)[-1] == line
    run = steps.to_the_end(run)
    assert (run.code, run.attempt, run.is_asked_twice) == ("ready", 2, True)
    assert vendor.calls()["consent_export"] == 2


@pytest.mark.parametrize("status", [503, 429])
def test_a_sign_in_that_fails_before_the_first_question_is_waited_out(
    run: ExportRun, steps: Turner, vendor: Vendor, status: int
) -> None:
    sign_out()
    vendor.fault("token", "status", status=status, times=3)
    run = steps.step(run)
    assert (run.asked_at, run.attempt) == (None, 0)
    assert "…" not in said(run)
    run = steps.to_the_end(run)
    assert (run.code, run.attempt, run.is_asked_twice) == ("ready", 1, False)
    assert vendor.calls()["consent_export"] == 1


def test_a_worker_killed_at_both_questions_ends_the_run(
    run: ExportRun, steps: Turner, vendor: Vendor, meanwhile: Meanwhile
) -> None:
    def kill() -> None:
        raise Killed

    for _ in range(2):
        meanwhile.at(REQUEST, kill, after=True)
        with pytest.raises(Killed):
            steps.to_the_end(run)
        steps.forward(LEASE)
    assert_failed(steps.to_the_end(run), "answer_lost_twice")
    assert vendor.calls()["consent_export"] == 2


@pytest.mark.parametrize("code", ["preparing", "to_fetch"])
@pytest.mark.parametrize("after", [False, True])
def test_a_worker_killed_while_reading_costs_one_lease(
    run: ExportRun, steps: Turner, vendor: Vendor, meanwhile: Meanwhile, code: str, after: bool
) -> None:
    def kill() -> None:
        raise Killed

    run = to(steps, run, code)
    meanwhile.at(POLL, kill, after=after)
    with pytest.raises(Killed):
        steps.step(run)
    steps.forward(LEASE)
    assert steps.to_the_end(run).code == "ready"
    assert vendor.calls()["consent_export"] == 1


@pytest.mark.parametrize("ending", ["ready", "failed", "cancelled"])
def test_what_a_killed_worker_left_on_the_disk_is_swept(
    run: ExportRun, steps: Turner, vendor: Vendor, anna: User, ending: str
) -> None:
    run = to(steps, run, "to_fetch")
    default_storage.save(f"exports/{run.uuid}/{run.claim_no}", ContentFile(b"half a file"))
    if ending == "failed":
        vendor.fault("download", "html", times=0)
    if ending == "cancelled":
        actions.cancel(run, by=anna, now=steps.now)
    run = steps.to_the_end(run)
    assert run.status == {"ready": "succeeded"}.get(ending, ending)
    assert stored(run) == ([str(run.claim_no)] if ending == "ready" else [])


def test_the_file_of_a_later_claim_is_not_swept(run: ExportRun, steps: Turner) -> None:
    run = to(steps, run, "to_fetch")
    later = f"exports/{run.uuid}/{run.claim_no + 2}"
    default_storage.save(later, ContentFile(b"another worker's"))
    run = steps.step(run)
    assert set(stored(run)) == {str(run.claim_no), later.rsplit("/", 1)[1]}


# ── Our own troubles ─────────────────────────────────────────────────────────────────────────────────────────


class FullFolder(PrivateFolder):
    """A folder on a disk without room: Linux's own."""

    def _open(self, name: str, mode: str = "rb") -> Any:
        return DurableFile(Path("/dev/full").open("wb")) if "w" in mode else super()._open(name, mode)


@pytest.fixture
def full_disk(settings: Any) -> Callable[[bool], None]:
    before = settings.STORAGES

    def fill(is_full: bool) -> None:
        backend = f"{__name__}.FullFolder" if is_full else before["default"]["BACKEND"]
        settings.STORAGES = {**before, "default": {**before["default"], "BACKEND": backend}}

    return fill


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_waited_out(
    run: ExportRun, steps: Turner, full_disk: Callable[[bool], None], caplog: pytest.LogCaptureFixture
) -> None:
    run = to(steps, run, "to_fetch")
    full_disk(True)
    for _ in range(12):
        run = steps.step(run)
        assert (run.status, run.code, run.queue) == (Status.RUNNING, "disk_full", "files")
    assert "disk is full" in said(run)
    assert "disk full" in caplog.messages
    full_disk(False)
    assert steps.to_the_end(run).code == "ready"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_disk_that_stays_full_for_the_link_s_day_ends_the_run(
    run: ExportRun, steps: Turner, vendor: Vendor, full_disk: Callable[[bool], None]
) -> None:
    vendor.control("PATCH", "switches", poll_url_seconds=10 * 86_400)
    run = to(steps, run, "to_fetch")
    full_disk(True)
    steps.forward(86_400)
    run = steps.step(run)
    full_disk(False)
    assert_failed(run, "disk_stayed_full")


def test_a_bug_ends_the_run_with_a_reference(run: ExportRun, caplog: pytest.LogCaptureFixture) -> None:
    ExportRun.objects.filter(pk=run.pk).update(spec={"topics": [{"what": "is this"}]})
    tasks.advance(pk=run.pk, queue="calls")
    assert_failed(run, "our_fault")
    assert run.facts["reference"] == f"run-{run.pk}-c1"
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.reference == run.facts["reference"]
    assert record.exc_info


def test_a_key_that_cannot_be_opened_ends_the_run(run: ExportRun, caplog: pytest.LogCaptureFixture) -> None:
    Credential.objects.update(sealed_secret="sealed by nobody")
    tasks.advance(pk=run.pk, queue="calls")
    assert_failed(run, "our_fault")
    assert_no_secret_in(caplog.records, "sealed by nobody")


def test_a_database_that_is_away_costs_one_lease(run: ExportRun, steps: Turner, meanwhile: Meanwhile) -> None:
    def go_away() -> None:
        raise OperationalError

    run = to(steps, run, "preparing")
    steps.forward(10)
    meanwhile.at(POLL, go_away)
    tasks.advance(pk=run.pk, queue="calls")
    run.refresh_from_db()
    assert (run.status, run.code) == (Status.RUNNING, "preparing")
    steps.forward(LEASE)
    assert steps.to_the_end(run).code == "ready"


def test_a_database_that_comes_back_costs_no_answer(
    run: ExportRun, steps: Turner, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the export will be is known to one process alone until it is written down."""
    monkeypatch.setattr(database, "LOOK", 0.0)
    write, away = ExportRun.wait, [OperationalError(), InterfaceError()]

    def away_at_first(self: ExportRun, code: str, **fields: Any) -> None:
        if code == "preparing" and away:
            raise away.pop()
        write(self, code, **fields)

    monkeypatch.setattr(ExportRun, "wait", away_at_first)
    run = steps.step(run)
    assert (run.code, run.attempt, away) == ("preparing", 1, [])
    run = steps.to_the_end(run)
    assert codes(run).count("requested") == 1
    assert vendor.calls()["consent_export"] == 1


def test_a_database_that_is_away_during_a_file_costs_no_file(
    run: ExportRun, steps: Turner, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = to(steps, run, "to_fetch")
    renew, away = ExportRun.renew, [OperationalError()]

    def away_at_first(self: ExportRun, *args: Any, **more: Any) -> None:
        if away:
            raise away.pop()
        renew(self, *args, **more)

    monkeypatch.setattr(ExportRun, "renew", away_at_first)
    run = steps.step(run)
    assert (run.code, away) == ("ready", [])
    assert vendor.calls()["download"] == 2, "found ready once, fetched once"


def test_a_database_that_is_away_beyond_the_lease_ends_the_step(
    run: ExportRun, steps: Turner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = to(steps, run, "to_fetch")
    claimed = steps.claim(run)

    def away(self: ExportRun, *args: Any, **more: Any) -> None:
        raise OperationalError

    with monkeypatch.context() as patched:
        patched.setattr(ExportRun, "renew", away)
        steps.forward(LEASE)
        with pytest.raises(OperationalError):
            steps.advance(claimed)
    assert stored(run) == []
    assert steps.to_the_end(run).code == "ready"


def test_advance_of_what_is_not_due_or_elsewhere_does_nothing(run: ExportRun, steps: Turner, vendor: Vendor) -> None:
    before = vendor.calls()
    ExportRun.objects.filter(pk=run.pk).update(due_at=steps.now + timedelta(seconds=1))
    tasks.advance(pk=run.pk, queue="calls")
    ExportRun.objects.filter(pk=run.pk).update(due_at=steps.now)
    tasks.advance(pk=run.pk, queue="files")
    tasks.advance(pk=4711, queue="calls")
    assert vendor.calls() == before


def test_one_message_may_call_for_several_runs(
    run: ExportRun, segment: SavedSegment, anna: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    taken: list[int] = []

    def step(run: ExportRun) -> None:
        taken.append(run.pk)
        if len(taken) == 1:
            raise ValueError("a bug")
        if len(taken) == 3:
            shutdown.ask()

    monkeypatch.setattr(tasks, "_advance", step)
    keys = [run.pk, *(made.preparing(segment).pk for _ in range(4))]
    ExportRun.objects.update(due_at=run.due_at)
    try:
        tasks.advance(pk=keys[0], then=[keys[1], 4711, *keys[2:]], queue="calls")
    finally:
        shutdown.forget()
    assert taken == keys[:3], (
        "a bug in one, and one that is not there, keep nobody; a worker that stops leaves the rest"
    )
    left = ExportRun.objects.filter(pk__in=keys[3:])
    assert not left.exclude(lease_until=None).exists()


def test_advance_takes_one_step_a_message(run: ExportRun, steps: Turner) -> None:
    for _ in range(60):
        run.refresh_from_db()
        if run.is_over:
            break
        steps.forward(max(0.0, (run.due_at - steps.now).total_seconds()))
        tasks.advance(pk=run.pk, queue=run.queue)
    assert run.code == "ready"


# ── A clock that is set ──────────────────────────────────────────────────────────────────────────────────────────

HOUR = 3600


def set_clock(steps: Turner, seconds: float) -> None:
    """Turn our clock and not the vendor's, and let the tick notice."""
    steps.now += timedelta(seconds=seconds)
    steps.travel.shift(seconds)
    if seconds < 0:
        clock.make_good(ExportRun.objects.all(), now=steps.now)


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
@pytest.mark.parametrize(
    "code", ["asked", "waiting_in_line", "trouble", "answer_lost", "preparing", "to_fetch", "disk_full"]
)
def test_a_clock_that_is_set_between_two_steps_costs_minutes_at_most(
    run: ExportRun, steps: Turner, vendor: Vendor, full_disk: Callable[[bool], None], code: str, jump: float
) -> None:
    statuses = {"waiting_in_line": 429, "trouble": 503, "answer_lost": 504}
    if code in statuses:
        vendor.fault("consent_export", "status", status=statuses[code])
    full_disk(code == "disk_full")
    run = to(steps, run, code)
    full_disk(False)
    asked = vendor.calls().get("consent_export", 0)
    set_clock(steps, jump)
    began = steps.now
    run = steps.to_the_end(run)
    assert run.code == "ready"
    assert steps.now - began < timedelta(minutes=5)
    assert vendor.calls()["consent_export"] == asked + (code not in ("preparing", "to_fetch", "disk_full"))


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_clock_that_is_set_after_a_worker_died_while_asking(
    run: ExportRun, steps: Turner, vendor: Vendor, meanwhile: Meanwhile, jump: float
) -> None:
    def kill() -> None:
        raise Killed

    meanwhile.at(REQUEST, kill)
    with pytest.raises(Killed):
        steps.step(run)
    set_clock(steps, jump)
    began = steps.now
    steps.forward(LEASE)
    run = steps.to_the_end(run)
    assert (run.code, run.attempt, codes(run).count("asked_twice")) == ("ready", 2, 1)
    assert steps.now - began < timedelta(minutes=5)


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_clock_that_is_set_leaves_the_token_to_the_vendor(
    run: ExportRun, steps: Turner, vendor: Vendor, jump: float
) -> None:
    run = to(steps, run, "preparing")
    vendor.clock.now += 86_400  # the token has died there, and our clock does not know
    vendor.control("PATCH", "switches", poll_url_seconds=10 * 86_400)
    Credential.objects.update(token_expires_at=steps.now.timestamp() + 60)
    set_clock(steps, jump)
    run = steps.step(run)
    assert run.code in ("preparing", "to_fetch", "retrying"), said(run)
    assert steps.to_the_end(run).code == "ready"


# ── A worker that stops ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def stopping(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(shutdown, "FINISHES", 0.0)
    shutdown.ask()
    yield
    shutdown.forget()


def test_a_file_that_cannot_be_finished_is_handed_on(run: ExportRun, steps: Turner, request: Any) -> None:
    run = to(steps, run, "to_fetch")
    request.getfixturevalue("stopping")
    run = steps.step(run)
    assert (run.code, run.queue, run.due_at, run.lease_until) == ("to_fetch", "files", steps.now, None)
    assert (run.trouble_count, codes(run)[-1], stored(run)) == (0, "handed_on", [])
    shutdown.forget()
    assert steps.step(run).code == "ready"


@pytest.mark.usefixtures("stopping")
def test_a_worker_that_stops_begins_no_long_step_and_ends_short_ones(run: ExportRun, steps: Turner) -> None:
    tasks.advance(pk=run.pk, queue="calls")
    run.refresh_from_db()
    assert run.code == "preparing"
    run = to(steps, run, "to_fetch")
    tasks.advance(pk=run.pk, queue="files")
    run.refresh_from_db()
    assert (run.code, run.lease_until) == ("to_fetch", None)


# ── Our own pace ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("lane", "code", "while_waiting"),
    [
        ("exports", "asked", "waiting_in_line"),
        ("polls", "preparing", "preparing"),
        ("polls", "trouble", "trouble"),
        ("polls", "to_fetch", "to_fetch"),
    ],
)
def test_without_a_slot_nothing_is_sent_and_nothing_is_used_up(
    run: ExportRun, steps: Turner, vendor: Vendor, lane: str, code: str, while_waiting: str
) -> None:
    run = to(steps, run, "preparing" if code == "trouble" else code)
    if code == "trouble":
        vendor.fault("poll", "status", status=503, times=3)
        run = steps.step(run)
    run = steps.claim(run)
    account = run.credential.account
    now = steps.now.timestamp()
    Lane.objects.update_or_create(account=account, name=lane, defaults={"level": 0, "filled_at": now})
    calls, before = vendor.calls(), (run.attempt, run.poll_count, run.trouble_count, run.asked_at, run.facts)
    run = steps.advance(run)
    assert vendor.calls() == calls
    assert run.code == while_waiting
    assert steps.now < run.due_at <= steps.now + timedelta(seconds=2)
    assert (run.attempt, run.poll_count, run.trouble_count, run.asked_at) == before[:4]
    assert "…" not in said(run)
    assert steps.to_the_end(run).code == "ready"


# ── The credential ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_credential_in_use_cannot_be_deleted(run: ExportRun, annas_key: Credential) -> None:
    with pytest.raises(ProtectedError):
        annas_key.delete()


def test_a_credential_changed_meanwhile_is_used_from_the_next_step_on(
    run: ExportRun, steps: Turner, vendor: Vendor, anna: User, annas_key: Credential
) -> None:
    run = to(steps, run, "preparing")
    vendor.control("DELETE", "keys/demo-anna")
    save_credential(by=anna, account=annas_key.account, client_id="demo-sofia", secret="demo-sofia-secret")
    assert steps.to_the_end(run).code == "ready"
    last = vendor.control("GET", "calls")["last"][-1]
    assert last["client_id"] == "demo-sofia"


def test_a_credential_refused_meanwhile_fails_and_stays_refused(
    run: ExportRun, steps: Turner, vendor: Vendor, anna: User, annas_key: Credential
) -> None:
    run = to(steps, run, "preparing")
    save_credential(by=anna, account=annas_key.account, client_id="demo-refused", secret="demo-refused-secret")
    assert_failed(steps.step(run), "key_refused")
    annas_key.refresh_from_db()
    assert annas_key.state == "refused"


# ── What can be said ─────────────────────────────────────────────────────────────────────────────────────────


def _said_by_the_runner() -> dict[str, set[str]]:
    """Return the codes that the runner writes, by the name of the call that takes them."""
    found: dict[str, set[str]] = {}
    sources = (runner, fetching, troubles, endings, heartbeat, asking, waits)
    for node in (node for module in sources for node in ast.walk(ast.parse(Path(module.__file__).read_text()))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            texts = {n.value for arg in node.args for n in ast.walk(arg) if isinstance(n, ast.Constant)}
            found.setdefault(name, set()).update(text for text in texts if isinstance(text, str) and text)
    return found


def test_every_code_has_its_sentences() -> None:
    said_by = _said_by_the_runner()
    states = set.union(*(said_by[call] for call in ("wait", "move", "note", "wait_out")))
    assert states >= {"asking", "preparing", "answer_lost", "retrying", "disk_full", "cancelled"}
    for code in states - {"ready"}:
        assert code in sentences.HEADLINES, code
        assert code in sentences.STATES, code
    for code in said_by["give_up"] | said_by["GivenUp"]:
        assert code in sentences.FAILURES, code
        assert code in sentences.MEANINGS, code
    for code in said_by["add_line"]:
        assert code in sentences.LINES, code
