"""Sealing: every committed event gets its place, once, and the head is told to a file outside the database."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User, VendorAccount
from audit import actions as audit
from audit import index, sealing, seals
from audit.models import Event, Head
from audit.tasks import seal


def test_what_is_recorded_is_loose_until_it_is_sealed(event: Event) -> None:
    assert (event.seq, event.seal, event.stamp) == (None, "", "")
    seal()
    event.refresh_from_db()
    key_id, key = next(iter(seals.keys().items()))
    assert (event.seq, event.key_id, event.stamp) == (1, key_id, seals.stamp(event, key))
    assert event.seal == seals.seal(1, event.stamp, "", key)


def test_numbers_have_no_gap_and_each_seal_holds_the_one_before(chain: list[Event]) -> None:
    assert [event.seq for event in chain] == list(range(1, 11))
    before = ""
    for event in chain:
        assert event.seal == seals.seal(event.seq or 0, event.stamp, before, seals.keys()[event.key_id])
        before = event.seal


def test_a_second_time_changes_nothing(chain: list[Event]) -> None:
    assert sealing.seal(now=timezone.now()) == 0
    assert list(Event.objects.order_by("seq").values_list("seal")) == [(event.seal,) for event in chain]


def test_more_than_a_batch_is_one_chain(anna: User, account: VendorAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 3)
    for _ in range(10):
        audit.record("run.started", by=anna, target=account)
    assert sealing.seal(now=timezone.now()) == 10
    assert list(Event.objects.order_by("pk").values_list("seq", flat=True)) == list(range(1, 11))


def test_the_newest_key_seals_and_old_ones_still_vouch(event: Event, anna: User, settings: Any) -> None:
    settings.AUDIT_KEYS = ["the first key"]
    sealing.seal(now=timezone.now())
    settings.AUDIT_KEYS = ["the second key", "the first key"]
    later = audit.record("run.started", by=anna, target=anna)
    sealing.seal(now=timezone.now())
    event.refresh_from_db()
    later.refresh_from_db()
    assert event.key_id != later.key_id
    assert set(seals.keys()) == {event.key_id, later.key_id}
    assert later.seal == seals.seal(2, later.stamp, event.seal, b"the second key")


def test_the_head_is_told_hourly_to_a_file_that_only_the_desk_reads(chain: list[Event], heads: Path) -> None:
    first = heads.read_text()
    assert first.split(" ")[1:] == ["10", f"{chain[-1].seal}\n"]
    assert stat.S_IMODE(heads.stat().st_mode) == 0o600
    sealing.seal(now=timezone.now() + timedelta(minutes=30))
    assert heads.read_text() == first
    sealing.seal(now=timezone.now() + timedelta(minutes=61))
    assert len(heads.read_text().splitlines()) == 2


def test_a_full_disk_does_not_stop_the_sealing(event: Event, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.AUDIT_HEADS = "/nowhere/audit-heads.log"
    assert sealing.seal(now=timezone.now()) == 1
    assert "could not be written" in caplog.text
    assert Head.objects.get().told_at is None


def test_a_line_that_a_crash_cut_short_is_no_head(heads: Path) -> None:
    heads.write_text("2026-06-02T10:00:00+00:00 12 abc\n2026-06-02T11:00")
    assert sealing.told_heads() == {12: ("2026-06-02T10:00:00+00:00", "abc")}


def test_somebodys_row_may_go_and_the_event_stays_what_it_was(event: Event, anna: User) -> None:
    seal()
    User.objects.filter(pk=anna.pk).delete()
    event.refresh_from_db()
    assert event.actor_id is not None
    assert seals.stamp(event, seals.keys()[event.key_id]) == event.stamp


def test_an_event_that_comes_late_into_an_indexed_block_is_indexed(
    anna: User, account: VendorAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "SIZE", 4)
    events = [audit.record("run.started", by=anna, target=account) for _ in range(9)]
    seal()
    assert index.tail() == events[-1].pk // 4 * 4
    # A transaction that took its number early and committed late.
    late = events[0].pk // 4 * 4 + 3
    block = late // 4
    taken = Event.objects.filter(pk=late).first()
    assert taken is not None
    Event.objects.filter(pk=late)._raw_delete("default")  # type: ignore[attr-defined]
    index.make(block)
    Event.objects.bulk_create([Event(pk=late, at=timezone.now(), action="moon.seen", actor_name="x", target="y")])
    seal()
    assert index.places([["!moon.seen"]], [block]) == {block: 1 << late % 4}
