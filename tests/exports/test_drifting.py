"""Comparing two runs: asked for, done by a worker, kept as long as both files."""

from __future__ import annotations

import csv
import errno
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import User
from audit.models import Event
from audit.sentences import sentence
from exports import actions, drifting, retention
from exports.actions import NotOffered
from exports.drift import Change
from exports.models import Drift, ExportRun, SavedSegment
from exports.spec import ColumnChoice
from exports.tasks import compare
from runs import shutdown
from runs.claims import claim
from runs.models import StaleRun, Status
from tests.exports import drifted, looked, made

Pair = tuple[ExportRun, ExportRun]


@pytest.fixture
def two(segment: SavedSegment) -> Pair:
    return drifted.pair(segment)


def lines(drift: Drift) -> list[list[str]]:
    with default_storage.open(drift.storage_name, "rb") as file:
        return list(csv.reader(io.StringIO(file.read().decode("utf-8-sig")), delimiter=";"))


def stored(drift: Drift) -> list[str]:
    try:
        return default_storage.listdir(drifting.folder(drift))[1]
    except FileNotFoundError:
        return []


def test_who_changed_is_counted_and_written_down(two: Pair, anna: User) -> None:
    drift = drifted.compared(two, anna)
    assert (drift.status, drift.code) == (Status.SUCCEEDED, "ready")
    header, *changes = lines(drift)
    assert header == ["what happened", "channel", "key", "address before", "address now"]
    assert sorted(changes) == sorted(drifted.CHANGES)
    assert drift.row_count == len(drifted.CHANGES)
    assert drift.length == default_storage.size(drift.storage_name)
    email, sms = drift.counts["channels"]
    assert email == {"before": 3, "lost": 1, "gained": 1, "left": 1, "came": 1, "moved": 1, "now": 3}
    assert sms == {"before": 2, "lost": 1, "gained": 0, "left": 0, "came": 1, "moved": 0, "now": 2}
    assert (drift.counts["both"], drift.counts["left"], drift.counts["came"]) == (3, 1, 1)
    assert drift.counts["unclear"] == [{"blank": 0, "again": 2}, {"blank": 1, "again": 0}]


def test_it_is_written_to_the_audit_history_without_a_name(two: Pair, anna: User) -> None:
    drifted.compared(two, anna)
    event = Event.objects.get(action="run.compared")
    assert (event.actor, event.target_key) == (anna, f"exports.exportrun:{two[1].pk}")
    assert event.facts == {"older": str(two[0].pk), "rows": len(drifted.CHANGES)}
    assert "compared and who changed written down" in sentence(event)


def test_the_order_of_asking_is_no_matter(two: Pair, anna: User) -> None:
    first = actions.compare(two[1], two[0], by=anna)
    assert (first.older, first.newer) == two
    assert actions.compare(*two, by=anna) == first


def test_another_column_makes_another_comparison(two: Pair, anna: User, segment: SavedSegment) -> None:
    by_email = segment.consent_spec.attributes[0].discriminator
    drift = drifted.compared(two, anna, by_email)
    assert drift.status == Status.SUCCEEDED
    assert ["lost consent", "Email", "maja@example.com", "maja@example.com", ""] in lines(drift)
    assert drift != actions.compare(*two, by=anna)


def test_two_presses_at_once_make_one(two: Pair, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    first = actions.compare(*two, by=anna)
    # The other press has looked before the first was written.
    monkeypatch.setattr(type(Drift.objects.wanted()), "first", lambda self: None)
    assert actions.compare(*two, by=anna).pk == first.pk


def test_channels_are_joined_whatever_their_columns_are_called(two: Pair, anna: User) -> None:
    older, newer = two
    spec = newer.consent_spec
    renamed = replace(spec, channels=(spec.channels[1], replace(spec.channels[0], column="MayMail")))
    content = "export_key,MobileConsent,Email,MayMail\nk1,46000000001,,\nk2,,,olle@example.com\n"
    ExportRun.objects.filter(pk=newer.pk).update(spec=renamed.to_json())
    header = ["export_key", "MobileConsent", "Email", "MayMail"]
    newer = looked.keep(ExportRun.objects.get(pk=newer.pk), content.encode(), header=header, rows=2)
    drift = drifted.compared((older, newer), anna)
    sms, email = drift.counts["channels"]
    assert (sms["lost"], email["lost"], email["now"]) == (0, 1, 1)
    assert ["lost consent", "Email", "k1", "maja@example.com", ""] in lines(drift)


def test_what_only_one_run_has_is_not_compared(two: Pair, anna: User) -> None:
    older, newer = two
    spec = replace(
        newer.consent_spec, channels=(*newer.consent_spec.channels[:1], ColumnChoice("x", "Fax", column="Fax"))
    )
    ExportRun.objects.filter(pk=newer.pk).update(spec=spec.to_json())
    drift = drifted.compared((older, ExportRun.objects.get(pk=newer.pk)), anna)
    assert len(drift.counts["channels"]) == 1
    assert {line[1] for line in lines(drift)[1:]} == {"Email"}


# ── Refused ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_cannot_be_compared_is_refused(two: Pair, anna: User, segment: SavedSegment) -> None:
    older, newer = two
    elsewhere = actions.duplicate_segment(segment, by=anna, name="Another")
    for one, other in (
        (older, older),
        (older, looked.table(elsewhere, drifted.NEWER)),
        (older, made.preparing(segment)),
    ):
        with pytest.raises(NotOffered):
            actions.compare(one, other, by=anna)
    with pytest.raises(NotOffered):
        actions.compare(older, newer, by=anna, joined_on="com.apsis1.attributes.mobile")
    assert not Drift.objects.exists()


def test_a_file_without_a_column_that_is_surely_its_key_is_refused(two: Pair, anna: User) -> None:
    older, newer = two
    assert newer.file is not None
    newer.file.header = ["EmailConsent", "export_key"]
    newer.file.save()
    with pytest.raises(NotOffered):
        actions.compare(older, newer, by=anna)


@pytest.mark.parametrize("which", [0, 1])
def test_removed_files_cannot_be_compared_any_more(two: Pair, anna: User, which: int) -> None:
    retention.remove(two[which], by=anna)
    with pytest.raises(NotOffered):
        actions.compare(*(ExportRun.objects.get(pk=run.pk) for run in two), by=anna)


# ── As files go, and workers ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("which", [0, 1])
def test_the_people_go_with_either_original_and_the_counts_stay(
    two: Pair, anna: User, which: int, django_capture_on_commit_callbacks: Any
) -> None:
    drift = drifted.compared(two, anna)
    assert stored(drift)
    with django_capture_on_commit_callbacks(execute=True):
        retention.remove(two[which], by=anna)
    assert stored(drift) == []
    drift = Drift.objects.get(pk=drift.pk)
    assert not drift.is_kept(timezone.now())
    assert drift.counts["both"] == 3
    assert actions.compare(*two, by=anna) == drift  # what was counted is still to be had


def test_an_original_that_goes_meanwhile_leaves_no_names_behind(
    two: Pair, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_back = drifting.deriving.read_back

    def removing(*given: Any) -> Any:
        retention.remove(two[0], by=anna)
        return read_back(*given)

    monkeypatch.setattr("exports.deriving.read_back", removing)
    drift = drifted.compared(two, anna)
    assert (drift.status, drift.code) == (Status.FAILED, "original_gone")
    assert stored(drift) == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "original_gone"),
        (b"no gzip", "original_damaged"),
        (looked.packed(b"export_key,EmailConsent\nk,a@example.com\n"), "original_damaged"),
        (looked.packed(b'export_key,EmailConsent,MobileConsent\n"1,2\n'), "original_damaged"),
        (
            looked.packed(b"export_key,EmailConsent,MobileConsent\n1,2,3\n"),
            "original_damaged",
        ),  # whole, with fewer rows
        (looked.packed(b"export_key,EmailConsent,MobileConsent\n1,\xff,3\n"), "original_damaged"),
    ],
)
def test_a_file_that_is_not_the_verified_one_is_not_compared(
    two: Pair, anna: User, content: bytes | None, code: str
) -> None:
    looked.spoil(two[1], content)
    drift = drifted.compared(two, anna)
    assert (drift.status, drift.code, drift.counts) == (Status.FAILED, code, {})
    assert stored(drift) == []
    assert actions.compare(*two, by=anna) != drift


def test_a_full_disk_is_said(two: Pair, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: Any, **more: Any) -> Any:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr("exports.drift.TemporaryFile", full)
    drift = drifted.compared(two, anna)
    assert (drift.status, drift.code) == (Status.FAILED, "no_room")
    assert stored(drift) == []


def test_a_bug_ends_it_with_a_reference(two: Pair, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*given: Any, **more: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr("exports.drift.compare", breaks)
    drift = drifted.compared(two, anna)
    assert (drift.status, drift.code) == (Status.FAILED, "our_fault")
    assert drift.facts["reference"]


def test_a_worker_that_died_is_followed_by_another(two: Pair, anna: User) -> None:
    asked = actions.compare(*two, by=anna)
    dead = claim(Drift.objects.all(), asked.pk, queue="files", now=timezone.now())
    assert dead is not None
    with default_storage.open(f"{drifting.folder(dead)}/{dead.claim_no}", "wb") as half:
        half.write(b"what happened")
    Drift.objects.filter(pk=asked.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    compare(pk=asked.pk)
    asked.refresh_from_db()
    assert asked.status == Status.SUCCEEDED
    assert stored(asked) == [str(asked.claim_no)]
    with pytest.raises(StaleRun):  # the dead one, should it wake up
        drifting.make(dead, timezone.now)
    assert asked.storage_name.endswith(stored(asked)[0])


def test_a_worker_that_stops_hands_it_on(two: Pair, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(shutdown, "is_near", lambda: True)
        patched.setattr("runs.nudges.send", lambda run: True)
        half = drifted.compared(two, anna)
    assert (half.status, half.lease_until, stored(half)) == (Status.RUNNING, None, [])
    compare(pk=half.pk)
    half.refresh_from_db()
    assert half.status == Status.SUCCEEDED


def test_one_that_is_cancelled_stops(two: Pair, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = actions.compare(*two, by=anna)

    def slow(*given: Any, **more: Any) -> Iterator[list[Change]]:
        Drift.objects.filter(pk=asked.pk).update(cancel_asked_at=timezone.now())
        yield []

    monkeypatch.setattr("exports.drift.compare", slow)
    compare(pk=asked.pk)
    asked.refresh_from_db()
    assert (asked.status, asked.code) == (Status.FAILED, "stopped")


def test_it_is_for_whoever_may_see_both(two: Pair, anna: User, jonas: User) -> None:
    drift = actions.compare(*two, by=anna)
    assert Drift.objects.visible_to(anna).get() == drift
    for run in two:
        assert not Drift.objects.visible_to(jonas).exists()
        actions.share(run, [jonas], by=anna)
    assert Drift.objects.visible_to(jonas).get() == drift
