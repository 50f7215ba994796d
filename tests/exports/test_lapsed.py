"""On a run's page: how many people in its file have stopped consenting, as far as later downloaded files show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from exports import actions, lapsed, retention, tasks
from exports.models import ExportRun, Indexing, SavedSegment
from people.models import FileIndex
from tests.exports import looked

BOTH = ["k1,maja@example.com,4600000001,,1", "k2,olle@example.com,,,1", "k3,ella@example.com,,,1"]
LATER = ["k1,,,,1", "k2,,,,1", "k3,ella@example.com,,,1", "k9,,,,1"]


def indexed(run: ExportRun, by: User, *, hours: int, spec: Any = None) -> ExportRun:
    """Let a run have been asked for at an hour, and its file downloaded and indexed."""
    at = timezone.now() - timedelta(days=2) + timedelta(hours=hours)
    ExportRun.objects.filter(pk=run.pk).update(requested_at=at, **({"spec": spec.to_json()} if spec else {}))
    actions.index(run, by=by, now=timezone.now())
    tasks.index(pk=Indexing.objects.get(of=run.file).pk)
    assert Indexing.objects.get(of=run.file).status == "succeeded"
    return ExportRun.objects.get(pk=run.pk)


def page(client: Client, run: ExportRun) -> str:
    return " ".join(client.get(run.get_absolute_url()).content.decode().split())


@pytest.fixture
def first(segment: SavedSegment, anna: User) -> ExportRun:
    return indexed(looked.table(segment, BOTH), anna, hours=1)


def test_a_later_run_of_another_segment_and_person_tells(
    as_anna: Client, segment: SavedSegment, first: ExportRun, jonas: User, jonas_key: Any
) -> None:
    assert "stopped consenting" not in page(as_anna, first)
    other = actions.save_segment(by=jonas, account=segment.account, name="Autumn", spec=segment.asks)
    indexed(looked.table(other, LATER), jonas, hours=2)
    shown = page(as_anna, first)
    email, sms = "2 people in it have stopped consenting to Email", "1 person in it has stopped consenting to SMS"
    assert f"Since this file was made: {email}, {sms}." in shown
    assert "Who is in none of them is not counted" in shown
    assert "Autumn" not in shown
    assert "jonas" not in shown


def test_an_earlier_run_tells_nothing(as_anna: Client, segment: SavedSegment, first: ExportRun, anna: User) -> None:
    earlier = indexed(looked.table(segment, LATER), anna, hours=0)
    assert lapsed.of(first) is None
    assert lapsed.of(earlier) is None, "those who consent now have not stopped"


def test_other_subscriptions_tell_nothing(segment: SavedSegment, first: ExportRun, anna: User) -> None:
    spec = segment.consent_spec
    indexed(looked.table(segment, LATER), anna, hours=2, spec=replace(spec, topics=spec.topics[:1]))
    assert lapsed.of(first) is None
    indexed(looked.table(segment, LATER), anna, hours=3, spec=replace(spec, topics=spec.topics[::-1]))
    assert lapsed.of(first) is not None, "their order says nothing"


def test_it_is_told_when_the_file_is_gone_and_as_long_as_its_index_is_there(
    as_anna: Client, segment: SavedSegment, first: ExportRun, anna: User
) -> None:
    indexed(looked.table(segment, LATER), anna, hours=2)
    retention.remove(first, by=anna)
    assert "2 people in it have stopped consenting to Email" in page(as_anna, first)
    FileIndex.objects.filter(file=first.file_id).update(expires_at=timezone.now())
    tasks.sweep()
    assert "stopped consenting" not in page(as_anna, first)


def test_who_may_not_see_the_run_is_told_nothing(
    as_jonas: Client, segment: SavedSegment, first: ExportRun, anna: User
) -> None:
    indexed(looked.table(segment, LATER), anna, hours=2)
    assert as_jonas.get(first.get_absolute_url()).status_code == 404
