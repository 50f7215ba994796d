"""How many may be contacted, run by run: lines and their sentences, from counts that outlive the files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from exports import retention, trend
from exports.models import ExportRun, SavedSegment
from exports.spec import ColumnChoice
from tests.exports import made

MONDAY = datetime(2026, 11, 2, 12, tzinfo=UTC)


def brought(segment: SavedSegment, contactable: int, *, email: int = 600, sms: int = 200, days: float = 0) -> ExportRun:
    run = made.ready(segment, requested_at=MONDAY + timedelta(days=days))
    assert run.file is not None
    run.file.counts |= {"contactable": contactable, "consented": {"EmailConsent": email, "MobileConsent": sms}}
    run.file.save()
    return run


def test_a_line_for_all_and_one_for_each_channel(segment: SavedSegment, anna: User) -> None:
    brought(segment, 1000, email=900)
    brought(segment, 1200, email=900, days=7)
    brought(segment, 940, email=901, days=14)
    made.failed(segment)
    whole, email, sms = trend.of(segment, anna)
    assert [spark.kind for spark in (whole, email, sms)] == ["all", "consent", "consent"]
    assert whole.text == "Contactable: 1,000 on 2 November, 940 on 16 November, over 3 runs. 60 fewer, 6.0 %."
    assert email.text == "Email: 900 on 2 November, 901 on 16 November, over 3 runs. 1 more, 0.1 %."
    assert sms.text == "SMS: 200 on 2 November, 200 on 16 November, over 3 runs. As many as before."
    assert whole.points == "5.0,31.2 120.0,5.0 235.0,39.0"
    assert (whole.end_x, whole.end_y) == (235.0, 39.0)
    assert sms.points == "5.0,22.0 120.0,22.0 235.0,22.0"  # no change is in the middle, and divides by nothing


def test_one_run_makes_no_line(segment: SavedSegment, anna: User) -> None:
    assert trend.of(segment, anna) == []
    brought(segment, 1000)
    assert trend.of(segment, anna) == []


def test_runs_stand_in_the_order_of_their_data(segment: SavedSegment, anna: User) -> None:
    brought(segment, 2000, days=7)
    brought(segment, 1000)
    assert trend.of(segment, anna)[0].text.startswith("Contactable: 1,000 on 2 November, 2,000 on 9 November")


def test_two_runs_of_one_day_are_told_apart_by_their_times(segment: SavedSegment, anna: User) -> None:
    brought(segment, 1000)
    brought(segment, 1000, days=0.125)
    told = trend.of(segment, anna)[0].text
    assert told.startswith("Contactable: 1,000 on 2 November, 13:00, 1,000 on 2 November, 16:00, over 2 runs.")


def test_from_nobody_no_share_is_made(segment: SavedSegment, anna: User) -> None:
    brought(segment, 0)
    brought(segment, 5, days=1)
    assert trend.of(segment, anna)[0].text.endswith("over 2 runs. 5 more.")


def test_a_channel_has_points_only_where_it_was_asked_for(segment: SavedSegment, anna: User) -> None:
    first = brought(segment, 1000)
    spec = replace(segment.consent_spec, channels=segment.consent_spec.channels[:1])
    ExportRun.objects.filter(pk=first.pk).update(spec=spec.to_json())
    brought(segment, 1000, days=7)
    assert [spark.name for spark in trend.of(segment, anna)] == ["Contactable", "Email"]
    brought(segment, 1000, days=14)
    assert [spark.name for spark in trend.of(segment, anna)] == ["Contactable", "Email", "SMS"]


def test_a_single_channel_is_not_drawn_twice(segment: SavedSegment, anna: User) -> None:
    spec = replace(segment.consent_spec, channels=(ColumnChoice("x", "Email", column="EmailConsent"),))
    for days in (0, 7):
        run = brought(segment, 1000, days=days)
        ExportRun.objects.filter(pk=run.pk).update(spec=spec.to_json())
    assert [spark.kind for spark in trend.of(segment, anna)] == ["all"]


def test_the_last_runs_alone_are_drawn_in_one_query(
    segment: SavedSegment, anna: User, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trend, "MOST", 3)
    for days in range(5):
        brought(segment, 1000 + days, days=days)
    with django_assert_num_queries(1):
        assert trend.of(segment, anna)[0].text.startswith("Contactable: 1,002 on 4 November")


def test_the_page_draws_them_with_their_sentences(as_anna: Client, segment: SavedSegment, anna: User) -> None:
    address = f"/segments/{segment.pk}/history/"
    assert "From the second run that brings a file on" in as_anna.get(address).content.decode()
    runs = [brought(segment, 1000), brought(segment, 940, days=14)]
    retention.remove(runs[0], by=anna)
    page = as_anna.get(address).content.decode()
    assert '<figcaption class="small" id="spark-1">Contactable: 1,000 on 2 November, 940' in page
    assert page.count('role="img" aria-labelledby="spark-') == 3


def test_anothers_runs_are_not_drawn(segment: SavedSegment, jonas: User) -> None:
    brought(segment, 1000)
    brought(segment, 940, days=14)
    assert trend.of(segment, jonas) == []
