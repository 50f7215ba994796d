"""Two weeks of runs: counted by the reader's days, told in sentences, drawn to scale."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Credential
from exports import chart, fortnight
from exports.models import ExportFile, ExportRun
from tests.exports.test_segment_list import run_of, save, words

NOW = datetime(2026, 6, 2, 12, 0, tzinfo=UTC)


def ended(key: Credential, status: str, at: datetime, *, rows: int = 100) -> ExportRun:
    run = run_of(save(key, f"{status} {at} {ExportRun.objects.count()}"), key, status, rows=rows)
    ExportRun.objects.filter(pk=run.pk).update(created_at=at, finished_at=at)
    return run


def shown(now: datetime = NOW) -> fortnight.Fortnight:
    found = fortnight.of(ExportRun.objects.all(), now=now)
    assert found
    return found


def test_runs_are_counted_by_outcome_on_the_day_they_ended(annas_key: Credential) -> None:
    for status in ("succeeded", "succeeded", "failed"):
        ended(annas_key, status, NOW - timedelta(days=3))
    ended(annas_key, "cancelled", NOW)
    ended(annas_key, "succeeded", NOW - timedelta(days=14), rows=9_999)  # the day before the first
    run_of(save(annas_key, "On its way"), annas_key, "running")
    found = shown()
    assert len(found.days) == 14
    assert {(d.day.day, d.ready, d.failed, d.cancelled, d.rows) for d in found.days if d.ready + d.cancelled} == {
        (30, 2, 1, 0, 200),
        (2, 0, 0, 1, 0),
    }
    assert found.runs.text == "4 runs ended in the last 14 days: 2 ready, 1 failed, 1 cancelled."
    assert found.rows
    assert found.rows.text == "200 rows came in the last 14 days, all on 30 May."
    ended(annas_key, "succeeded", NOW, rows=1_000)
    assert shown().rows.text == "1,200 rows came in the last 14 days, most of them on 2 June: 1,000."  # type: ignore[union-attr]


@pytest.mark.parametrize(("zone", "day"), [("Europe/Stockholm", 2), ("America/New_York", 1), ("UTC", 1)])
def test_a_day_is_the_readers(annas_key: Credential, zone: str, day: int) -> None:
    ended(annas_key, "succeeded", datetime(2026, 6, 1, 23, 30, tzinfo=UTC))
    with timezone.override(ZoneInfo(zone)):
        assert [d.day.day for d in shown().days if d.ready] == [day]


def test_columns_are_drawn_to_scale_and_none_is_too_low_to_be_seen(annas_key: Credential) -> None:
    ended(annas_key, "succeeded", NOW, rows=40_000)
    ended(annas_key, "succeeded", NOW - timedelta(days=1), rows=20_000)
    ended(annas_key, "succeeded", NOW - timedelta(days=2), rows=1)
    rows = shown().rows
    assert rows
    assert (rows.top, rows.middle) == ("40\u00a0k", "20\u00a0k")
    heights = [sum(bar.height for bar in column.bars) for column in rows.columns]
    assert heights[-1] == pytest.approx(2 * heights[-2], abs=0.2)
    assert heights[-1] == pytest.approx(rows.base_y - rows.top_y, abs=0.2)
    assert 1 <= heights[-3] < 3
    assert rows.columns[-1].says == "Tuesday 2 June: 40,000 rows"


@pytest.mark.parametrize(
    ("value", "scale"), [(1, 2), (2, 2), (3, 4), (7, 10), (10, 10), (11, 20), (48_310, 60_000), (999_999, 1_000_000)]
)
def test_a_scale_ends_at_a_round_figure(value: int, scale: int) -> None:
    assert chart.nice(value) == scale


def test_without_history_there_is_nothing_to_draw(annas_key: Credential, as_anna: Client) -> None:
    assert fortnight.of(ExportRun.objects.all(), now=NOW) is None
    run_of(save(annas_key, "On its way"), annas_key, "running")
    assert "The last two weeks" not in words(as_anna, "/")


def test_runs_without_rows_have_one_drawing(annas_key: Credential, as_anna: Client) -> None:
    run_of(save(annas_key, "Broken"), annas_key, "failed")
    page = words(as_anna, "/")
    assert "1 run ended in the last 14 days: 1 failed." in page
    assert "chart-rows" not in page


def test_it_costs_one_query_and_is_about_ones_own(
    annas_key: Credential, as_jonas: Client, django_assert_num_queries: Any
) -> None:
    for day in range(14):
        ended(annas_key, "succeeded", NOW - timedelta(days=day))
    with django_assert_num_queries(1):
        shown()
    assert ExportFile.objects.count() == 14
    assert "The last two weeks" not in words(as_jonas, "/")
