"""The limits that a vendor counts per account, taken by many workers at once."""

from __future__ import annotations

import time

import pytest

from accounts import lanes
from accounts.models import Lane, VendorAccount
from tests.threads import at_once

NOW = 1_800_000_000.0


def test_a_full_lane_gives_all_its_slots_at_once_and_then_says_when(account: VendorAccount) -> None:
    assert [lanes.take(account, "tokens", now=NOW) for _ in range(10)] == [0.0] * 10
    assert lanes.take(account, "tokens", now=NOW) == pytest.approx(6.0)  # ten a minute


def test_it_refills_with_time_and_never_above_its_width(account: VendorAccount) -> None:
    for _ in range(10):
        lanes.take(account, "tokens", now=NOW)
    assert lanes.take(account, "tokens", now=NOW + 6) == 0.0
    assert lanes.take(account, "tokens", now=NOW + 6) > 0
    a_day_later = NOW + 86_400
    assert [lanes.take(account, "tokens", now=a_day_later) for _ in range(10)] == [0.0] * 10
    assert lanes.take(account, "tokens", now=a_day_later) > 0


def test_one_event_export_a_minute_beside_the_other_exports(account: VendorAccount) -> None:
    assert lanes.take(account, "event_exports", now=NOW) == 0.0
    assert lanes.take(account, "event_exports", now=NOW + 45) == pytest.approx(15)
    assert lanes.take(account, "exports", now=NOW) == 0.0


def test_a_refusal_takes_nothing(account: VendorAccount) -> None:
    lanes.take(account, "exports", now=NOW)
    waits = [lanes.take(account, "exports", now=NOW + 0.5) for _ in range(5)]
    assert waits == pytest.approx([0.5] * 5)


def test_clocks_of_two_machines_fill_a_lane_once(account: VendorAccount) -> None:
    for _ in range(9):
        lanes.take(account, "tokens", now=NOW)
    assert lanes.take(account, "tokens", now=NOW - 30) == 0.0
    assert lanes.take(account, "tokens", now=NOW - 30) == pytest.approx(6.0)
    assert lanes.take(account, "tokens", now=NOW) == pytest.approx(6.0)  # the half minute is not counted twice


def test_a_lane_does_not_wait_for_a_clock_that_jumped_back(account: VendorAccount) -> None:
    assert lanes.take(account, "exports", now=NOW) == 0.0
    assert lanes.take(account, "exports", now=NOW - 3600) > 0
    assert lanes.take(account, "exports", now=NOW - 3598) == 0.0


def test_a_hold_is_for_everybody_and_ends(account: VendorAccount) -> None:
    lanes.hold(account, "exports", seconds=30, now=NOW)
    lanes.hold(account, "exports", seconds=5, now=NOW)
    assert lanes.take(account, "exports", now=NOW + 10) == pytest.approx(20)
    assert lanes.take(account, "exports", now=NOW + 30) == 0.0
    lanes.hold(account, "exports", seconds=1e9, now=NOW)
    assert lanes.take(account, "exports", now=NOW + 40) <= lanes.LONGEST_HOLD
    assert lanes.take(account, "exports", now=NOW - 86_400 * 365) <= 1, "held by a clock that was wrong"


def test_lanes_and_accounts_do_not_share(account: VendorAccount) -> None:
    other = VendorAccount.objects.create(name="Fjordsport", region="eu")
    lanes.take(account, "exports", now=NOW)
    assert lanes.take(account, "exports", now=NOW) > 0
    assert lanes.take(other, "exports", now=NOW) == 0.0
    assert lanes.take(account, "polls", now=NOW) == 0.0
    assert Lane.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_eight_threads_never_take_more_than_there_is() -> None:
    account = VendorAccount.objects.create(name="Nordlys Handel", region="eu")
    now = time.time()

    def take(_number: int) -> int:
        return sum(lanes.take(account, "polls", now=now) == 0.0 for _ in range(20))

    taken = sum(at_once(8, take))
    assert 0 < taken <= 60  # the lane's width, though 160 asked


def test_what_is_left_is_read_without_taking_it(account: VendorAccount) -> None:
    for _ in range(3):
        lanes.take(account, "polls", now=NOW)
    lane = account.lanes.get(name="polls")
    assert lanes.left(lane, now=NOW) == 57
    assert lanes.left(lane, now=NOW + 2) == 59
    assert lanes.left(lane, now=NOW + 600) == 60
    assert lanes.left(lane, now=NOW - 600) == 57, "a clock that jumped back gives nothing and takes nothing"
    lanes.hold(account, "polls", seconds=30, now=NOW)
    lane.refresh_from_db()
    assert lanes.left(lane, now=NOW + 1) == 0
    assert lanes.left(lane, now=NOW + 31) == 60
