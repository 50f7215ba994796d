"""Stuck runs: each is found by its row, has its reason, and one thing to do that asks nobody twice in the dark."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Credential, User
from audit.models import Event
from audit.sentences import sentence
from exports import actions, stuck
from exports.models import ExportRun, SavedSegment
from exports.stuck import Stuck
from project import actions as desk
from runs.models import Status
from tests.conftest import Vendor
from tests.exports import made
from tests.exports.conftest import Stepper

Make = Callable[..., ExportRun]


def ahead(**length: float) -> timedelta:
    """Return a moment that is counted from when its test runs."""
    return timedelta(**length)


def ago(**length: float) -> timedelta:
    return -timedelta(**length)


def now_plus(fields: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(tz=UTC)
    return {name: now + value if isinstance(value, timedelta) else value for name, value in fields.items()}


def told(now: datetime) -> list[Stuck]:
    whys = stuck.find(now=now)
    return [stuck.tell(ExportRun.objects.get(pk=pk), why, now=now) for pk, why in whys.items()]


ASKED = {"status": Status.RUNNING, "started_at": 1, "asked_at": 2, "attempt": 1}
POLLED = ASKED | {"requested_at": 3, "sealed_poll_url": "sealed", "poll_ends_at": 86400}
READY = POLLED | {"ready_at": 60}
QUEUED = {"status": Status.QUEUED}

# A row → why it is stuck, and what one may do; None where nothing is wrong with it.
ROWS: list[tuple[str, str, dict[str, Any], str | None, str | None]] = [
    ("dead worker", "asking", ASKED | {"due_at": ago(minutes=9), "lease_until": ago(minutes=5)}, "abandoned", "call"),
    ("dead fetch", "fetching", READY | {"due_at": ago(minutes=9), "lease_until": ago(minutes=5)}, "abandoned", "call"),
    ("just died", "asking", ASKED | {"due_at": ago(minutes=1), "lease_until": ago(seconds=20)}, None, None),
    ("at work", "fetching", READY | {"due_at": ago(minutes=9), "lease_until": ahead(seconds=40)}, None, None),
    ("nobody polls", "preparing", POLLED | {"due_at": ago(minutes=2)}, "uncalled", "call"),
    ("polled soon", "preparing", POLLED | {"due_at": ago(seconds=30)}, None, None),
    ("nobody begins", "asked", QUEUED | {"due_at": ago(minutes=2)}, "uncalled", "call"),
    ("nobody cancels", "fetching", READY | {"due_at": ago(minutes=2), "cancel_asked_at": 70}, "uncalled", "call"),
    ("files are busy", "to_fetch", READY | {"due_at": ago(minutes=5)}, None, None),
    ("nobody fetches", "to_fetch", READY | {"due_at": ago(minutes=20)}, "unfetched", "call"),
    ("answer lost", "answer_lost", ASKED | {"due_at": ahead(seconds=90)}, "answer_lost", "cancel"),
    ("trouble", "trouble", POLLED | {"due_at": ahead(minutes=4), "trouble_count": 6}, "trouble", "hasten"),
    ("a little", "trouble", POLLED | {"due_at": ahead(minutes=1), "trouble_count": 3}, None, None),
    (
        "put off",
        "trouble",
        POLLED | {"due_at": ahead(minutes=4), "trouble_count": 6, "facts": {"is_put_off": True}},
        "trouble",
        "cancel",
    ),
    ("no disk", "disk_full", READY | {"due_at": ahead(minutes=4), "trouble_count": 7}, "trouble", "hasten"),
    ("refused before", "trouble", QUEUED | {"due_at": ahead(minutes=4), "trouble_count": 6}, "trouble", "hasten"),
    ("long in line", "waiting_in_line", QUEUED | {"ago": 7200, "due_at": ahead(seconds=10)}, "in_line", "cancel"),
    ("in line", "waiting_in_line", QUEUED | {"ago": 600, "due_at": ahead(seconds=10)}, None, None),
    ("all is well", "preparing", POLLED | {"due_at": ahead(seconds=20)}, None, None),
]


@pytest.mark.parametrize(("name", "code", "fields", "why", "act"), ROWS, ids=[row[0] for row in ROWS])
def test_each_row_has_its_reason_and_its_one_act(
    segment: SavedSegment, name: str, code: str, fields: dict[str, Any], why: str | None, act: str | None
) -> None:
    run = made.run(segment, code, **{"ago": 1200.0} | now_plus(fields))
    now = datetime.now(tz=UTC)
    found = told(now)
    if why is None:
        assert found == []
        return
    (one,) = found
    assert (one.run, one.why, one.act) == (run, why, act)
    for words in (one.what, one.means):
        assert len(words) > 20
        assert "%(" not in words


def test_the_table_leaves_no_reason_out() -> None:
    assert {row[3] for row in ROWS} - {None} | {"key_refused"} == set(stuck.WHYS)


def test_a_run_whose_key_is_refused(segment: SavedSegment) -> None:
    made.run(segment, "preparing", **POLLED)
    Credential.objects.update(state="refused")
    now = datetime.now(tz=UTC)
    (one,) = told(now)
    assert (one.why, one.act) == ("key_refused", "cancel")


def test_of_a_line_only_its_first_can_be_overdue(segment: SavedSegment, karin: User) -> None:
    """The others are called by nobody, on purpose."""
    first, *_others = [
        made.run(segment, "waiting_in_line", Status.QUEUED, **now_plus({"due_at": ago(minutes=5)})) for _ in range(3)
    ]
    now = datetime.now(tz=UTC)
    (one,) = told(now)
    assert (one.run, one.why) == (first, "uncalled")
    desk.begin_drain(by=karin)
    assert not stuck.find(now=now), "and of a desk that is drained not even that one"


def test_of_a_long_line_the_one_that_waits_longest_speaks_for_all(segment: SavedSegment) -> None:
    others = [
        made.run(segment, "waiting_in_line", Status.QUEUED, ago=wait, **now_plus({"due_at": ahead(seconds=10)}))
        for wait in (4000.0, 8000.0, 5000.0)
    ]
    now = datetime.now(tz=UTC)
    (one,) = told(now)
    assert (one.run, one.why) == (others[1], "in_line")


def test_who_needs_somebody_most_comes_first(segment: SavedSegment) -> None:
    for _name, code, fields, why, _act in reversed(ROWS):
        if why not in (None, "in_line"):
            made.run(segment, code, **{"ago": 1200.0} | now_plus(fields))
    now = datetime.now(tz=UTC)
    found = [one.why for one in told(now)]
    assert found == sorted(found, key=stuck.WHYS.index)
    assert len(set(found)) == 5


def test_it_takes_one_query_however_many_there_are(segment: SavedSegment, django_assert_num_queries: Any) -> None:
    for _ in range(30):
        made.run(segment, "preparing", **now_plus(POLLED | {"due_at": ago(minutes=2)}))
    now = datetime.now(tz=UTC)
    with django_assert_num_queries(1):
        assert len(stuck.find(now=now)) == 30


# ── What may be hastened ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "fields", "may"),
    [
        ("trouble", POLLED, True),
        ("disk_full", READY, True),
        ("trouble", QUEUED, True),
        ("answer_lost", ASKED, False),
        ("trouble", POLLED | {"facts": {"is_put_off": True}}, False),
        ("fetching", READY | {"lease_until": ahead(seconds=40)}, False),
        ("preparing", POLLED | {"due_at": ago(seconds=1)}, False),
    ],
)
def test_hastening_is_for_questions_that_may_be_put_freely(
    segment: SavedSegment, karin: User, code: str, fields: dict[str, Any], may: bool
) -> None:
    run = made.run(segment, code, **now_plus({"due_at": ahead(minutes=4)} | fields))
    due = run.due_at
    assert actions.hasten(run, by=karin) is may
    run.refresh_from_db()
    assert (run.due_at < datetime.now(tz=UTC)) if may else (run.due_at == due)
    assert Event.objects.filter(action="run.hastened").count() == may
    if may:
        assert sentence(Event.objects.get(action="run.hastened")) == f"karin let the desk try {run} again at once"


def test_a_finished_run_cannot_be_hastened(segment: SavedSegment, karin: User) -> None:
    assert not actions.hasten(made.ready(segment), by=karin)


def test_the_vendor_s_own_not_now_is_written_down(segment: SavedSegment, steps: Stepper, vendor: Vendor) -> None:
    run = steps.to_the_end(
        actions.start(segment, by=segment.owner, now=steps.now), until=lambda run: run.code == "preparing"
    )
    vendor.fault("poll", "status", status=429)
    run = steps.step(run)
    assert run.code == "trouble"
    assert not run.may_be_hastened
    vendor.fault("poll", "status", status=503, times=9)
    run = steps.step(run)
    assert run.code == "trouble"
    assert run.may_be_hastened
