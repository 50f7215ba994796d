"""The line of an account: fair between people, held for everybody, as wide as the account has taught."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts import limits
from accounts.models import Credential, User, VendorAccount
from exports import actions
from exports.models import ExportRun
from runs import line, tasks
from runs.models import Status
from tests.conftest import key
from tests.runs.conftest import NOW, SPEC

Join = Callable[..., ExportRun]


@pytest.fixture
def join(annas_key: Credential, jonas_key: Credential) -> Join:
    """Let somebody start a run of a segment of its own."""

    def one(who: User, account: VendorAccount = annas_key.account, **fields: Any) -> ExportRun:
        name = f"Segment {ExportRun.objects.count()}"
        run = actions.start(
            actions.save_segment(by=who, account=account, name=name, spec=SPEC, now=NOW), by=who, now=NOW
        )
        ExportRun.objects.filter(pk=run.pk).update(**fields)
        run.refresh_from_db()
        return run

    return one


def order(account: VendorAccount, now: datetime = NOW) -> list[int]:
    runs = line.standing(ExportRun.objects.all(), now=now).filter(account=account)
    return [run.pk for run in runs]


def test_a_person_with_one_run_stands_behind_one_of_everybody_else(
    join: Join, anna: User, jonas: User, account: VendorAccount
) -> None:
    annas = [join(anna) for _ in range(4)]
    jonas_first = join(jonas)
    annas.append(join(anna))
    jonas_second = join(jonas)
    expected = [annas[0], jonas_first, annas[1], jonas_second, *annas[2:]]
    assert order(account) == [run.pk for run in expected]
    assert [line.place(run, now=NOW) for run in expected] == [1, 2, 3, 4, 5, 6, 7]


def test_who_comes_late_joins_the_round_that_is_served(
    join: Join, anna: User, jonas: User, account: VendorAccount
) -> None:
    annas = [join(anna) for _ in range(6)]
    for run in annas[:4]:
        ExportRun.objects.filter(pk=run.pk).update(status=Status.RUNNING, asked_at=NOW)
    late = join(jonas)
    assert order(account) == [annas[4].pk, late.pk, annas[5].pk]


def test_an_empty_line_forgets_who_was_served(join: Join, anna: User, jonas: User, account: VendorAccount) -> None:
    for _ in range(5):
        join(anna, status=Status.RUNNING, asked_at=NOW)
    assert join(anna).turn == join(jonas).turn == 0


def test_who_waits_for_a_moment_of_their_own_is_not_in_the_way(
    join: Join, anna: User, jonas: User, account: VendorAccount
) -> None:
    later = NOW + timedelta(minutes=1)
    in_trouble = join(anna, code="trouble", due_at=later)
    stopped = join(anna, cancel_asked_at=NOW)
    first = join(jonas)
    assert order(account) == [first.pk]
    assert order(account, later) == [in_trouble.pk, first.pk]
    assert stopped.pk not in order(account, later)


def test_the_first_of_each_line_is_called_and_nobody_else(
    join: Join, anna: User, jonas: User, account: VendorAccount, sent: list[dict[str, Any]]
) -> None:
    other = VendorAccount.objects.create(name="Fjordsport", region="eu")
    key(anna, other, "demo-anna")
    firsts = [join(anna), join(anna, other)]
    join(jonas)
    tasks.tick()
    assert sorted(message["kwargs"]["pk"] for message in sent) == [run.pk for run in firsts]


@pytest.mark.parametrize("held", [{"due_at": NOW + timedelta(days=9999)}, {"lease_until": NOW + timedelta(days=9999)}])
def test_nobody_overtakes_a_first_that_may_not_ask_yet(
    join: Join, anna: User, jonas: User, sent: list[dict[str, Any]], held: dict[str, Any]
) -> None:
    join(anna, code=line.WAITING, **held)
    join(jonas, code=line.WAITING)
    tasks.tick()
    assert sent == []


def test_the_next_is_called_when_a_run_leaves_the_vendor(
    join: Join, anna: User, jonas: User, sent: list[dict[str, Any]], django_capture_on_commit_callbacks: Any
) -> None:
    ready = join(anna, status=Status.RUNNING, asked_at=NOW)
    waiting = join(jonas, code=line.WAITING, due_at=NOW + timedelta(seconds=15))
    sent.clear()
    with django_capture_on_commit_callbacks(execute=True):
        line.call_next(ready, now=NOW)
    waiting.refresh_from_db()
    assert waiting.due_at == NOW
    assert [message["kwargs"]["pk"] for message in sent] == [waiting.pk]


def test_a_width_is_learnt_and_probed_again_after_each_quiet_hour(
    join: Join, anna: User, jonas: User, account: VendorAccount
) -> None:
    run = join(jonas)
    for _ in range(3):
        join(anna, status=Status.RUNNING, asked_at=NOW)
    assert line.has_room(run, now=NOW)
    limits.crowded(account, "exports", line.at_vendor(run), now=NOW)
    assert limits.width(account, "exports", now=NOW) == 3
    assert not line.has_room(run, now=NOW + timedelta(minutes=59))
    assert line.has_room(run, now=NOW + timedelta(minutes=61))
    limits.crowded(account, "exports", 0, now=NOW)
    assert limits.width(account, "exports", now=NOW) == 1, "one at a time is always tried"
    assert limits.width(account, "exports", now=NOW - timedelta(days=1)) == 1, "a clock that jumped back"
