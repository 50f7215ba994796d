"""The run engine against every bad answer of the vendor: when asked for an export, when polled, when fetched from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stamina

from accounts import clients, vault
from accounts.definitions import Library
from accounts.models import Credential, LearntLimit, User
from exports import actions, files
from exports.draft import Choices
from exports.models import ExportRun, SavedSegment
from exports.spec import ColumnChoice, TopicChoice
from exports.troubles import MOST_ATTEMPTS, MOST_TROUBLES
from runs import waits
from runs.models import Status
from tests.conftest import Vendor
from tests.exports.clockwork import Turner, assert_failed, assert_no_secret_in, codes, said, served, stored, turning
from tests.upstream.faultserver import RESET, FaultServer, head, whole
from upstream.network import network

DENIED = {"message": "User is not authorized to access this resource with an explicit deny"}
DAY = 24 * 3600


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
def started(segment: SavedSegment, anna: User, steps: Turner) -> ExportRun:
    """A run that nobody has worked on."""
    return actions.start(segment, by=anna, now=steps.now)


@pytest.fixture
def preparing(started: ExportRun, steps: Turner) -> ExportRun:
    """A run whose export the vendor prepares."""
    run = steps.step(started)
    assert run.code == "preparing"
    return run


@pytest.fixture
def to_fetch(preparing: ExportRun, steps: Turner) -> ExportRun:
    """A run whose file is ready at the vendor."""
    run = steps.to_the_end(preparing, until=lambda run: run.ready_at)
    assert run.code == "to_fetch"
    return run


@pytest.fixture
def sockets(vendor: Vendor, started: ExportRun, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Put the run's vendor account at an address on a real socket: the sandbox's at first."""
    wire = network(loopback=True)
    monkeypatch.setattr(clients, "wire", lambda account: wire)

    def move_to(address: str) -> None:
        account = started.credential.account
        account.other_url = address
        account.save()

    with served(vendor) as address:
        move_to(address)
        yield move_to
    wire.close()


def problem(status: int) -> dict[str, Any]:
    return {"title": "Refused", "status": status, "detail": "because"}


def say(vendor: Vendor, endpoint: str, status: int, *, body: Any = None, **more: Any) -> None:
    """Let an endpoint answer with a status, until told otherwise."""
    vendor.fault(
        endpoint, "status", **{"status": status, "body": problem(status) if body is None else body, "times": 0, **more}
    )


def mend(vendor: Vendor) -> None:
    vendor.control("DELETE", "faults")


# ── Asking for the export ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, problem(400), "request_refused"),
        (403, problem(403), "not_allowed"),
        (404, problem(404), "missing"),
        (405, "", "bad_request"),
        (409, problem(409), "conflict"),
        (413, problem(413), "too_much"),
        (413, {"message": "Request Too Long"}, "too_much"),
        (302, "", "redirected"),
        (200, "", "broken"),
        (202, "", "broken"),
        (200, "<!doctype html><title>Maintenance</title>", "broken"),
        (200, "{", "broken"),
        (200, [], "broken"),
        (202, {}, "broken"),
        (202, {"file_download_url": None}, "broken"),
        (202, {"file_download_url": 7}, "broken"),
    ],
)
def test_a_request_that_is_refused_or_unreadable_fails_at_once(
    started: ExportRun, steps: Turner, vendor: Vendor, status: int, body: Any, code: str
) -> None:
    say(vendor, "consent_export", status, body=body)
    run = steps.step(started)
    assert_failed(run, code)
    assert vendor.calls()["consent_export"] == 1
    assert run.attempt == 1


def test_a_request_that_is_too_much_teaches_the_limit(started: ExportRun, steps: Turner, vendor: Vendor) -> None:
    say(vendor, "consent_export", 413)
    steps.step(started)
    assert LearntLimit.objects.get(name="topics").refused == 2


@pytest.mark.parametrize("endpoint", ["consent_export", "poll", "download"])
@pytest.mark.parametrize(("status", "body"), [(401, {"message": "Unauthorized"}), (403, DENIED), (401, problem(401))])
def test_a_refused_token_is_renewed_once_and_the_run_goes_on(
    started: ExportRun, steps: Turner, vendor: Vendor, endpoint: str, status: int, body: Any
) -> None:
    tokens = vendor.calls()["token"]
    say(vendor, endpoint, status, body=body, times=1)
    run = steps.to_the_end(started)
    assert run.code == "ready"
    assert vendor.calls()["token"] == tokens + 1
    assert vendor.calls()["consent_export"] == 1 + (endpoint == "consent_export")
    assert run.attempt == 1


@pytest.mark.parametrize("endpoint", ["consent_export", "poll", "download"])
def test_a_token_refused_twice_marks_the_credential(
    started: ExportRun, steps: Turner, vendor: Vendor, annas_key: Credential, endpoint: str
) -> None:
    say(vendor, endpoint, 403, body=DENIED)
    run = steps.to_the_end(started)
    assert_failed(run, "key_refused")
    annas_key.refresh_from_db()
    assert annas_key.state == "refused"
    assert annas_key.test_message
    assert annas_key.sealed_token == ""


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_key_that_was_deleted_at_the_vendor_is_marked(
    preparing: ExportRun, steps: Turner, vendor: Vendor, annas_key: Credential, status: int
) -> None:
    vendor.control("PATCH", "switches", wrong_credentials_status=status)
    vendor.control("DELETE", "keys/demo-anna")
    assert_failed(steps.step(preparing), "key_refused")
    annas_key.refresh_from_db()
    assert annas_key.state == "refused"


def test_a_credential_put_in_meanwhile_is_not_marked(
    started: ExportRun, steps: Turner, vendor: Vendor, annas_key: Credential
) -> None:
    say(vendor, "consent_export", 403, body=DENIED)
    claimed = steps.claim(started)
    annas_key.sealed_secret = vault.seal("another secret")
    annas_key.save()
    steps.advance(claimed)
    annas_key.refresh_from_db()
    assert annas_key.state != "refused"


@pytest.mark.parametrize("body", [{"message": "Too Many Requests"}, problem(429)])
def test_a_request_in_line_waits_and_uses_up_no_attempt(
    started: ExportRun, steps: Turner, vendor: Vendor, body: Any
) -> None:
    say(vendor, "consent_export", 429, body=body, times=20)
    run = steps.step(started)
    assert (run.status, run.code, run.attempt, run.asked_at) == (Status.RUNNING, "waiting_in_line", 0, None)
    assert "In line at APSIS" in said(run)
    pauses = []
    while run.code == "waiting_in_line":
        pauses.append((run.due_at - steps.now).total_seconds())
        run = steps.step(run)
    assert len(pauses) == 20
    assert 1.5 < pauses[0] < 2.5
    assert 45 < pauses[-1] <= 72
    assert (run.code, run.attempt) == ("preparing", 1)
    assert steps.to_the_end(run).code == "ready"
    assert codes(run).count("in_line") == 20


def test_a_request_in_line_comes_back_when_it_was_told_to(started: ExportRun, steps: Turner, vendor: Vendor) -> None:
    say(vendor, "consent_export", 429, headers={"Retry-After": "600"})
    run = steps.step(started)
    assert run.due_at == steps.now + timedelta(seconds=600)


def test_a_request_is_in_line_for_a_day_and_then_says_so(started: ExportRun, steps: Turner, vendor: Vendor) -> None:
    say(vendor, "consent_export", 429, headers={"Retry-After": "7200"})
    begun = steps.now
    run = steps.to_the_end(started)
    assert timedelta(hours=24) <= steps.now - begun < timedelta(hours=27)
    assert_failed(run, "never_in_turn")


def test_a_day_at_the_vendor_is_no_day_in_line(started: ExportRun, steps: Turner, vendor: Vendor) -> None:
    say(vendor, "poll", 410, times=1)
    run = steps.to_the_end(started, until=lambda run: run.code == "retrying")
    say(vendor, "consent_export", 429, times=1)
    steps.forward(25 * 3600)
    assert steps.to_the_end(run).code == "ready"


def test_pending_exports_of_the_account_keep_a_run_in_line(started: ExportRun, steps: Turner, vendor: Vendor) -> None:
    vendor.control("PATCH", "switches", pending_exports=1, prepare_seconds=300)
    other = steps.step(started)
    assert other.code == "preparing"
    second = actions.start(other.segment, by=other.owner, now=steps.now)
    assert second == other  # the same press again leads to the same run
    spec = other.segment.consent_spec
    segment = actions.save_segment(by=other.owner, account=other.segment.account, name="Another", spec=spec)
    run = steps.step(actions.start(segment, by=other.owner, now=steps.now))
    assert run.code == "waiting_in_line"
    steps.forward(300)
    assert steps.to_the_end(run).code == "ready"


@pytest.mark.parametrize("status", [500, 501, 502, 503])
def test_a_request_in_trouble_is_tried_a_bounded_number_of_times(
    started: ExportRun, steps: Turner, vendor: Vendor, status: int
) -> None:
    say(vendor, "consent_export", status)
    begun = steps.now
    run = steps.to_the_end(started)
    assert_failed(run, "trouble_lasted")
    assert vendor.calls()["consent_export"] == MOST_TROUBLES + 1
    assert timedelta(minutes=5) < steps.now - begun < timedelta(minutes=20)
    assert "9 times" in said(run)


def test_a_request_in_passing_trouble_goes_on(started: ExportRun, steps: Turner, vendor: Vendor) -> None:
    say(vendor, "consent_export", 503, times=3)
    run = steps.step(started)
    assert (run.code, run.attempt) == ("trouble", 0)
    run = steps.to_the_end(run)
    assert (run.code, run.attempt, run.trouble_count) == ("ready", 1, 0)


def test_a_long_time_in_line_leaves_room_for_trouble(started: ExportRun, steps: Turner, vendor: Vendor) -> None:
    say(vendor, "consent_export", 429, times=MOST_TROUBLES + 5)
    say(vendor, "consent_export", 500, times=2)
    assert steps.to_the_end(started).code == "ready"


@pytest.mark.parametrize("status", [408, 504])
def test_a_request_that_timed_out_is_asked_again_once(
    started: ExportRun, steps: Turner, vendor: Vendor, status: int
) -> None:
    say(vendor, "consent_export", status)
    run = steps.step(started)
    assert run.code == "answer_lost"
    assert run.due_at == steps.now + timedelta(minutes=2)
    assert_failed(steps.to_the_end(run), "answer_lost_twice")
    assert vendor.calls()["consent_export"] == 2


@pytest.mark.processes
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("reset", [False, True])
def test_a_lost_answer_is_asked_for_once_more_after_two_minutes(
    started: ExportRun, sockets: Any, steps: Turner, vendor: Vendor, when: str, reset: bool
) -> None:
    vendor.fault("consent_export", "drop", when=when, reset=reset)
    run = steps.step(started)
    assert (run.code, run.attempt) == ("answer_lost", 1)
    assert run.due_at == run.asked_at + timedelta(minutes=2)
    assert "do not know" in said(run)
    run = steps.step(run)
    assert (run.code, run.attempt, run.is_asked_twice) == ("preparing", 2, True)
    assert steps.to_the_end(run).code == "ready"
    assert codes(run)[:4] == ["asked", "answer_lost", "asked_twice", "requested"]
    assert vendor.calls()["consent_export"] == 2
    assert len(vendor.app.world.exports) == (2 if when == "after" else 1)


@pytest.mark.processes
def test_two_lost_answers_end_the_run(started: ExportRun, sockets: Any, steps: Turner, vendor: Vendor) -> None:
    vendor.fault("consent_export", "drop", when="after", times=0)
    assert_failed(steps.to_the_end(started), "answer_lost_twice")
    assert vendor.calls()["consent_export"] == 2


@pytest.mark.processes
def test_a_second_question_that_must_wait_in_line_is_still_the_second(
    started: ExportRun, sockets: Any, steps: Turner, vendor: Vendor
) -> None:
    vendor.fault("consent_export", "drop", when="after")
    say(vendor, "consent_export", 429, times=1)
    vendor.fault("consent_export", "drop", when="after")
    run = steps.step(steps.step(started))
    assert run.code == "waiting_in_line"
    assert_failed(steps.step(run), "answer_lost_twice")
    assert codes(run).count("asked_twice") == 1


@pytest.mark.processes
def test_a_vendor_that_cannot_be_reached_was_certainly_not_asked(
    started: ExportRun, sockets: Any, steps: Turner, vendor: Vendor
) -> None:
    with served(vendor) as address:
        pass  # and gone: nobody listens there now
    sockets(address)
    run = steps.step(started)
    assert (run.code, run.attempt, run.asked_at) == ("trouble", 0, None)
    assert "could not reach" in said(run)
    assert_failed(steps.to_the_end(run), "trouble_lasted")
    assert "consent_export" not in vendor.calls()


@pytest.mark.parametrize("v2", [False, True])
def test_a_poll_link_elsewhere_is_never_opened(started: ExportRun, steps: Turner, vendor: Vendor, v2: bool) -> None:
    vendor.control("PATCH", "switches", url_v2=v2)
    vendor.fault("consent_export", "foreign_url", origin="https://elsewhere.test")
    run = steps.step(started)
    assert_failed(run, "foreign_address")
    assert run.sealed_poll_url == ""


@pytest.mark.processes
def test_a_token_never_leaves_for_another_port(started: ExportRun, sockets: Any, steps: Turner, vendor: Vendor) -> None:
    with FaultServer([whole(b"{}")]) as elsewhere:
        vendor.fault("consent_export", "foreign_url", origin=elsewhere.url)
        assert_failed(steps.step(started), "foreign_address")
        assert elsewhere.connections == 0


@pytest.mark.processes
@pytest.mark.parametrize("endpoint", ["poll", "download"])
def test_a_redirect_is_not_followed(
    started: ExportRun, sockets: Any, steps: Turner, vendor: Vendor, endpoint: str
) -> None:
    with FaultServer([whole(b"a,b\r\n")]) as elsewhere:
        vendor.fault(endpoint, "redirect", location=elsewhere.url + "/file.csv")
        assert_failed(steps.to_the_end(started), "redirected")
        assert elsewhere.connections == 0


def test_answers_in_a_wrapper_are_understood(started: ExportRun, steps: Turner, vendor: Vendor) -> None:
    vendor.control("PATCH", "switches", wrapped_answers=True)
    assert steps.to_the_end(started).code == "ready"


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_success_with_a_link_is_one(started: ExportRun, steps: Turner, vendor: Vendor, status: int) -> None:
    vendor.control("PATCH", "switches", export_status=status)
    assert steps.to_the_end(started).code == "ready"


# ── Polling ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("v2", "style"), [(False, "old"), (True, "v2")])
def test_waiting_in_either_style_goes_on_until_the_file_is_ready(
    started: ExportRun, steps: Turner, vendor: Vendor, v2: bool, style: str
) -> None:
    vendor.control("PATCH", "switches", url_v2=v2, prepare_seconds=400)
    run = steps.to_the_end(started)
    assert (run.code, run.poll_style) == ("ready", style)
    assert run.poll_count > 8


def test_the_pauses_between_polls_grow_to_a_minute(started: ExportRun, steps: Turner, vendor: Vendor) -> None:
    vendor.control("PATCH", "switches", prepare_seconds=1200)
    run, pauses = steps.step(started), []
    while run.code == "preparing":
        pauses.append((run.due_at - steps.now).total_seconds())
        run = steps.step(run)
    assert pauses[0] == 2.0
    for count, pause in enumerate(pauses[1:], start=1):
        even = min(60.0, 2.0 * 1.6**count)
        assert 0.8 * even <= pause <= 1.2 * even
    assert len(set(pauses[-5:])) == 5  # no two runs keep step for long


def test_a_pause_after_more_polls_than_a_day_holds_is_a_pause() -> None:
    assert waits.poll_pause(100_000) <= timedelta(seconds=72)


def test_a_poll_comes_back_when_it_was_told_to(preparing: ExportRun, steps: Turner, vendor: Vendor) -> None:
    say(vendor, "poll", 404, headers={"Retry-After": "90"})
    run = steps.step(preparing)
    assert (run.code, run.due_at) == ("preparing", steps.now + timedelta(seconds=90))


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, problem(400), "bad_request"),
        (403, problem(403), "not_allowed"),
        (200, "<!doctype html><title>Maintenance</title>", "not_a_file"),
        (204, "", "not_a_file"),
        (418, "", "bad_request"),
    ],
)
def test_a_poll_that_is_refused_or_unreadable_fails(
    preparing: ExportRun, steps: Turner, vendor: Vendor, status: int, body: Any, code: str
) -> None:
    say(vendor, "poll", status, body=body)
    assert_failed(steps.step(preparing), code)
    assert vendor.calls()["consent_export"] == 1


@pytest.mark.parametrize("kind", ["empty", "html"])
def test_an_empty_poll_or_a_page_is_no_file(preparing: ExportRun, steps: Turner, vendor: Vendor, kind: str) -> None:
    vendor.fault("poll", kind, times=0)
    assert_failed(steps.to_the_end(preparing), "not_a_file")


@pytest.mark.parametrize("status", [408, 429, 500, 501, 502, 503, 504])
def test_polls_are_patient_until_the_day_is_over(
    preparing: ExportRun, steps: Turner, vendor: Vendor, status: int
) -> None:
    say(vendor, "poll", status, headers={"Retry-After": "3600"})
    run = preparing
    for _ in range(MOST_TROUBLES + 5):
        run = steps.step(run)
        assert (run.status, run.code) == (Status.RUNNING, "trouble")
        assert run.due_at >= steps.now + timedelta(hours=1)
    run = steps.to_the_end(run)
    assert_failed(run, "trouble_lasted")
    assert steps.now >= run.poll_ends_at
    assert vendor.calls()["consent_export"] == 1


def test_a_poll_in_passing_trouble_begins_to_count_anew(preparing: ExportRun, steps: Turner, vendor: Vendor) -> None:
    say(vendor, "poll", 503, times=6)
    run = steps.step(steps.step(preparing))
    assert (run.code, run.trouble_count) == ("trouble", 2)
    run = steps.step(run)
    assert run.trouble_count == 0
    assert steps.to_the_end(run).code == "ready"


@pytest.mark.parametrize("endpoint", ["poll", "download"])
def test_an_export_that_is_gone_is_asked_for_anew(
    started: ExportRun, steps: Turner, vendor: Vendor, endpoint: str
) -> None:
    say(vendor, endpoint, 410, times=2)
    run = steps.to_the_end(started)
    assert (run.code, run.attempt) == ("ready", 3)
    assert vendor.calls()["consent_export"] == 3
    assert codes(run).count("gave_up") == 2
    assert [line.attempt for line in run.lines.filter(code="requested").order_by("pk")] == [1, 2, 3]


def test_an_export_that_is_gone_three_times_is_given_up(preparing: ExportRun, steps: Turner, vendor: Vendor) -> None:
    say(vendor, "poll", 410)
    run = steps.step(preparing)
    assert (run.code, run.sealed_poll_url, run.queue) == ("retrying", "", "calls")
    run = steps.to_the_end(run)
    assert_failed(run, "gone")
    assert run.attempt == MOST_ATTEMPTS
    assert vendor.calls()["consent_export"] == MOST_ATTEMPTS


@pytest.mark.parametrize("endpoint", ["poll", "download"])
def test_a_new_link_that_says_404_was_wrong_and_one_more_is_asked_for(
    started: ExportRun, steps: Turner, vendor: Vendor, endpoint: str
) -> None:
    vendor.control("PATCH", "switches", url_v2=True)
    say(vendor, endpoint, 404, times=1)
    run = steps.to_the_end(started)
    assert (run.code, run.attempt) == ("ready", 2)


def test_an_old_link_that_always_says_404_ends_with_its_day(
    preparing: ExportRun, steps: Turner, vendor: Vendor
) -> None:
    say(vendor, "poll", 404, headers={"Retry-After": "1800"})
    run = steps.to_the_end(preparing)
    assert_failed(run, "never_ready")
    assert timedelta(days=1) <= steps.now - run.requested_at < timedelta(days=1, hours=1)
    assert vendor.calls()["consent_export"] == 1


def test_a_link_that_died_while_nobody_asked_is_replaced(preparing: ExportRun, steps: Turner, vendor: Vendor) -> None:
    steps.forward(DAY + 60)
    run = steps.step(preparing)
    assert run.code == "retrying"
    run = steps.to_the_end(run)
    assert (run.code, run.attempt) == ("ready", 2)


@pytest.mark.processes
@pytest.mark.parametrize("endpoint", ["poll", "download"])
def test_a_question_that_was_dropped_is_asked_again(
    started: ExportRun, sockets: Any, steps: Turner, vendor: Vendor, endpoint: str
) -> None:
    vendor.fault(endpoint, "drop", times=3)
    run = steps.to_the_end(started, until=lambda run: run.code == "trouble")
    assert run.code == "trouble"
    assert steps.to_the_end(run).code == "ready"
    assert vendor.calls()["consent_export"] == 1


def test_a_token_that_dies_between_polls_is_renewed(preparing: ExportRun, steps: Turner, vendor: Vendor) -> None:
    tokens = vendor.calls()["token"]
    vendor.control("POST", "tokens/expire")
    assert steps.to_the_end(preparing).code == "ready"
    assert vendor.calls()["token"] == tokens + 1


def test_the_end_of_a_token_is_read_from_the_token(started: ExportRun, steps: Turner, vendor: Vendor) -> None:
    vendor.control("PATCH", "switches", exp_earlier_seconds=86_400 - 600, prepare_seconds=1500)
    Credential.objects.update(sealed_token="", token_expires_at=0)
    run = steps.to_the_end(started)
    assert run.code == "ready"
    refused = [call for call in vendor.control("GET", "calls")["last"] if call["status"] in (401, 403)]
    assert refused == []  # renewed before its end, never after a refusal
    assert vendor.calls()["token"] >= 4


# ── Fetching and verifying ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, problem(400), "bad_request"),
        (403, problem(403), "not_allowed"),
        (413, problem(413), "too_much"),
        (204, "", "not_a_file"),
        (206, "a,b", "not_a_file"),
        (200, "<!doctype html><title>Maintenance</title>", "not_a_file"),
        (200, {"items": []}, "not_a_file"),
    ],
)
def test_a_download_that_is_refused_or_no_file_fails(
    to_fetch: ExportRun, steps: Turner, vendor: Vendor, status: int, body: Any, code: str
) -> None:
    say(vendor, "download", status, body=body)
    assert_failed(steps.step(to_fetch), code)
    assert vendor.calls()["consent_export"] == 1


@pytest.mark.parametrize("status", [404, 408, 429, 500, 502, 503, 504])
def test_a_download_in_trouble_waits_while_the_vendor_keeps_the_file(
    to_fetch: ExportRun, steps: Turner, vendor: Vendor, status: int
) -> None:
    say(vendor, "download", status, headers={"Retry-After": "3000"})
    run = to_fetch
    for _ in range(MOST_TROUBLES + 3):
        run = steps.step(run)
        assert (run.status, run.code, run.queue) == (Status.RUNNING, "trouble", "files")
    mend(vendor)
    assert steps.to_the_end(run).code == "ready"


@pytest.mark.parametrize("status", [404, 503])
def test_a_download_in_trouble_for_a_day_is_given_up(
    started: ExportRun, steps: Turner, vendor: Vendor, status: int
) -> None:
    vendor.control("PATCH", "switches", poll_url_seconds=10 * DAY)
    to_fetch = steps.to_the_end(started, until=lambda run: run.ready_at)
    say(vendor, "download", status, headers={"Retry-After": "7200"})
    assert_failed(steps.to_the_end(to_fetch), "trouble_lasted")


@pytest.mark.processes
@pytest.mark.parametrize("stated_length", [False, True])
@pytest.mark.parametrize("at", [0, 1, 100, 1500])
def test_a_download_cut_at_any_byte_is_fetched_again_from_its_start(
    sockets: Any, to_fetch: ExportRun, steps: Turner, vendor: Vendor, stated_length: bool, at: int
) -> None:
    vendor.fault("download", "cut", bytes=at, stated_length=stated_length, times=0)
    run = steps.step(to_fetch)
    assert run.code == "trouble"
    assert stored(run) == []
    mend(vendor)
    run = steps.to_the_end(run)
    assert run.code == "ready"
    assert stored(run) == [run.file.storage_name.rsplit("/", 1)[1]]


@pytest.mark.processes
def test_a_download_that_is_always_cut_is_given_up(
    sockets: Any, to_fetch: ExportRun, steps: Turner, vendor: Vendor
) -> None:
    vendor.fault("download", "cut", bytes=200, times=0)
    assert_failed(steps.to_the_end(to_fetch), "trouble_lasted")


@pytest.mark.processes
@pytest.mark.parametrize("off_by", [50, -50])
def test_a_stated_length_that_is_wrong_is_no_file(
    sockets: Any, to_fetch: ExportRun, steps: Turner, vendor: Vendor, off_by: int
) -> None:
    vendor.fault("download", "wrong_length", off_by=off_by, times=0)
    run = steps.step(to_fetch)
    assert run.code == "trouble"
    mend(vendor)
    assert steps.to_the_end(run).code == "ready"


def test_a_stated_length_that_is_right_is_shown_while_it_comes(
    started: ExportRun, steps: Turner, vendor: Vendor
) -> None:
    vendor.control("PATCH", "switches", content_length=True)
    assert steps.to_the_end(started).code == "ready"


@pytest.mark.processes
@pytest.mark.parametrize("end", [(), (RESET,)])
def test_a_compressed_file_without_any_mark_of_its_end_is_checked_by_its_own(
    sockets: Any, to_fetch: ExportRun, steps: Turner, vendor: Vendor, end: tuple[str, ...]
) -> None:
    """Where the end of the connection is the only sign, a cut looks like an end."""
    cut = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"K"
    answer = head("Content-Type: text/csv", "Content-Encoding: gzip", "Connection: close") + cut
    path = vault.unseal(to_fetch.sealed_poll_url).split("/", 3)[3]
    with FaultServer([answer, *end]) as server:
        sockets(server.url)
        to_fetch.sealed_poll_url = vault.seal(f"{server.url}/{path}")
        to_fetch.save()
        run = steps.step(to_fetch)
        assert run.code == "trouble"
        assert_failed(steps.to_the_end(run), "trouble_lasted" if end else "gzip_cut_short")


@pytest.mark.parametrize("at", [20, 400])
def test_a_damaged_file_is_fetched_again(to_fetch: ExportRun, steps: Turner, vendor: Vendor, at: int) -> None:
    vendor.fault("download", "flip", bytes=at)
    run = steps.step(to_fetch)
    assert run.code == "trouble"
    assert "damaged" in said(run)
    assert stored(run) == []
    assert steps.to_the_end(run).code == "ready"


def test_a_file_that_always_comes_damaged_is_given_up(to_fetch: ExportRun, steps: Turner, vendor: Vendor) -> None:
    vendor.fault("download", "flip", bytes=400, times=0)
    before = vendor.calls()["download"]
    assert_failed(steps.to_the_end(to_fetch), "gzip_damaged")
    assert vendor.calls()["download"] - before == 3


def test_a_file_that_always_ends_early_is_given_up(to_fetch: ExportRun, steps: Turner, vendor: Vendor) -> None:
    vendor.fault("download", "truncate", bytes=600, times=0)
    assert_failed(steps.to_the_end(to_fetch), "gzip_cut_short")


def test_a_bomb_is_let_fizzle(to_fetch: ExportRun, steps: Turner, vendor: Vendor, settings: Any) -> None:
    settings.FILE_MAX_CONTENT_BYTES = 1_000_000
    vendor.fault("download", "gzip_bomb", bytes=200_000_000)
    assert_failed(steps.step(to_fetch), "file_too_large")


@pytest.mark.parametrize(
    ("kind", "code"), [("ragged", "row_of_other_width"), ("empty_file", "file_empty"), ("empty", "not_a_file")]
)
def test_a_file_that_is_no_table_fails(
    to_fetch: ExportRun, steps: Turner, vendor: Vendor, kind: str, code: str
) -> None:
    vendor.fault("download", kind, times=0)
    assert_failed(steps.step(to_fetch), code)


def test_a_file_without_rows_is_ready_and_says_nobody(to_fetch: ExportRun, steps: Turner, vendor: Vendor) -> None:
    vendor.fault("download", "header_only")
    run = steps.step(to_fetch)
    assert (run.status, run.code, run.file.row_count) == (Status.SUCCEEDED, "ready_empty", 0)
    assert "nobody" in said(run)


def test_a_file_without_a_column_that_was_asked_for_fails(to_fetch: ExportRun, steps: Turner, vendor: Vendor) -> None:
    say(vendor, "download", 200, body="export_key,EmailConsent\r\n1,\r\n", headers={"Content-Type": "text/csv"})
    run = steps.step(to_fetch)
    assert_failed(run, "column_missing")
    assert "MobileConsent" in said(run)


def test_a_file_with_a_title_that_stands_twice_fails(to_fetch: ExportRun, steps: Turner, vendor: Vendor) -> None:
    say(vendor, "download", 200, body="export_key,Email,Email\r\n1,,\r\n", headers={"Content-Type": "text/csv"})
    assert_failed(steps.step(to_fetch), "column_twice")


def test_a_file_that_is_not_text_fails(to_fetch: ExportRun, steps: Turner, vendor: Vendor, tmp_path: Path) -> None:
    titles = ",".join(column.title for column in to_fetch.consent_spec.columns())
    path = tmp_path / "latin.csv"
    path.write_bytes(f"{titles}\n1,,,å@example.com,1\n".encode("latin-1"))
    vendor.control("PATCH", "switches", prepared=str(path))
    assert_failed(steps.step(to_fetch), "not_utf8")


@pytest.mark.parametrize("line_ends", ["lf", "crlf"])
@pytest.mark.parametrize("title", ["export_key", "profile_key", "\ufeffid"])
@pytest.mark.parametrize("order", ["channels attributes tags segments", "segments attributes channels tags"])
def test_what_the_vendor_does_not_promise_is_not_assumed(
    started: ExportRun, steps: Turner, vendor: Vendor, line_ends: str, title: str, order: str
) -> None:
    plain = steps.to_the_end(started)
    vendor.control("PATCH", "switches", line_ends=line_ends, export_key_title=title, column_order=order)
    run = steps.to_the_end(actions.start(plain.segment, by=plain.owner, now=steps.now))
    assert run.code == "ready"
    assert run.file.counts == plain.file.counts
    assert run.file.row_count > 0


def test_people_outside_the_segment_are_counted_apart(started: ExportRun, steps: Turner, vendor: Vendor) -> None:
    inside = steps.to_the_end(started)
    vendor.control("PATCH", "switches", rows_outside_segments=True)
    run = steps.to_the_end(actions.start(inside.segment, by=inside.owner, now=steps.now))
    title = run.consent_spec.segments[0].column
    assert run.file.row_count > inside.file.row_count
    assert run.file.counts["members"] == inside.file.counts["members"] == {title: inside.file.row_count}


def test_an_uncompressed_file_is_as_good(to_fetch: ExportRun, steps: Turner, vendor: Vendor) -> None:
    titles = ",".join(column.title for column in to_fetch.consent_spec.columns())
    say(
        vendor,
        "download",
        200,
        body=f"{titles}\n1,a@example.com,,b@example.com,1\n",
        headers={"Content-Type": "text/csv"},
    )
    run = steps.step(to_fetch)
    assert (run.code, run.file.encoding, run.file.row_count) == ("ready", "", 1)
    assert run.file.received_sha256 == run.file.content_sha256
    assert files.name_of(run, "content").endswith(".csv")


def test_hostile_names_go_there_and_back(
    anna: User, annas_key: Credential, vendor: Vendor, steps: Turner, segment: SavedSegment
) -> None:
    vendor.control("PATCH", "switches", hostile_names=True)
    library = Library(annas_key, now=steps.now + timedelta(hours=1))
    choices = Choices(library, segment.consent_spec.section.id)
    odd = [option for option in choices.options("segment").values() if "<script>" in option.name or "=" in option.name]
    topics = [option for option in choices.options("topic").values() if "<script>" in option.name]
    tags = [option for option in choices.options("tag").values() if "\u202e" in option.name or ";" in option.name]
    assert (len(odd), len(topics), len(tags)) == (2, 1, 2)
    spec = replace(
        segment.consent_spec,
        topics=tuple(TopicChoice(option.id, option.name) for option in topics),
        tags=tuple(ColumnChoice(option.id, option.name, column=option.name) for option in tags),
        segments=tuple(ColumnChoice(option.id, option.name, column=f"in {option.name}") for option in odd),
    )
    hostile = actions.save_segment(
        by=anna, account=annas_key.account, name='"><img src=x>\u202e', spec=spec, now=steps.now
    )
    run = steps.to_the_end(actions.start(hostile, by=anna, now=steps.now))
    assert run.code == "ready"
    assert set(run.file.counts["members"]) == {f"in {option.name}" for option in odd}
    assert '"' not in files.name_of(run, "content")


# ── What is said elsewhere ───────────────────────────────────────────────────────────────────────────────────


def test_nothing_of_people_or_keys_is_ever_logged(
    started: ExportRun, steps: Turner, vendor: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    say(vendor, "consent_export", 503, times=1)
    say(vendor, "poll", 403, body=DENIED, times=1)
    vendor.fault("download", "flip", bytes=400, skip=1)
    run = steps.to_the_end(started)
    assert run.code == "ready"
    poll_url = vault.unseal(run.sealed_poll_url)
    assert caplog.records
    assert_no_secret_in(caplog.records, "demo-anna-secret", poll_url, poll_url.rsplit("/", 1)[1])


def test_every_state_on_the_way_has_a_sentence(started: ExportRun, steps: Turner, vendor: Vendor) -> None:
    say(vendor, "consent_export", 429, times=1)
    say(vendor, "consent_export", 504, times=1)
    say(vendor, "poll", 410, times=1)
    vendor.fault("download", "flip", bytes=400, skip=1)
    run, seen = started, []
    while not run.is_over:
        run = steps.step(run)
        text = said(run)
        assert len(text) > 20
        assert "…" not in text
        assert "%(" not in text
        seen.append(run.code)
    assert set(seen) >= {"waiting_in_line", "answer_lost", "preparing", "retrying", "to_fetch", "trouble", "ready"}


def test_a_moment_of_the_past_is_no_reason_to_hurry(preparing: ExportRun, steps: Turner, vendor: Vendor) -> None:
    say(vendor, "poll", 503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, times=3)
    run = steps.step(preparing)
    assert run.due_at > steps.now
    assert isinstance(run.due_at, datetime)
