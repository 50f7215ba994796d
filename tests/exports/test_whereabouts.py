"""Where copies of somebody's data are: by whom and when for everybody who asks, which run for those who may see it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from exports import actions, tasks, whereabouts
from exports.models import Download, ExportRun, Grant, Indexing, RunShare, SavedSegment
from exports.whereabouts import Whereabouts
from people import addresses
from people.models import FileIndex
from tests.exports import looked

MAJA, OLLE = addresses.read("maja@example.com"), addresses.read("olle@example.com")
DAY = timedelta(days=1)
LINES = ["k1,maja@example.com,,maja@example.com,1"]


def take(run: ExportRun, by: User, *, ago: timedelta = timedelta(0), is_indexed: bool = True) -> ExportRun:
    """Let somebody have downloaded a run's file, some time ago, and a worker have indexed it."""
    at = timezone.now() - ago
    grant = Grant.objects.create(
        file=run.file, copy="content", form="content", person=by, session=f"{by}{at}", given_at=at
    )
    Download.objects.create(grant=grant, began_at=at, has_beginning=True, length=1)
    actions.index(run, by=by, now=at)
    if is_indexed:
        tasks.index(pk=Indexing.objects.get(of=run.file).pk)
    return run


def asked(to: User, *who: addresses.Address, days: int = 30) -> Whereabouts:
    return whereabouts.of(who or [MAJA], to=to, now=timezone.now(), days=days)


@pytest.fixture
def run(segment: SavedSegment) -> ExportRun:
    return looked.table(segment, LINES)


def test_nobody_in_any_file_is_said_so(anna: User, run: ExportRun) -> None:
    take(run, anna)
    found = asked(anna, OLLE)
    assert (found.files, found.sentence) == ([], "In no file downloaded in the last 30 days.")
    assert found.limits == ""


def test_files_and_people_are_said_in_a_sentence(anna: User, jonas: User, segment: SavedSegment) -> None:
    first, second, third = (looked.table(segment, LINES) for _ in range(3))
    take(first, anna, ago=3 * DAY)
    take(second, jonas, ago=2 * DAY)
    take(second, anna, ago=DAY)
    take(third, jonas)
    found = asked(anna)
    assert found.sentence == "In 3 files downloaded in the last 30 days, by jonas and anna."
    assert [copies.run for copies in found.files] == [third, second, first], "the last downloaded first"
    assert [[taking.who for taking in copies.takings] for copies in found.files] == [
        ["jonas"],
        ["anna", "jonas"],
        ["anna"],
    ]


def test_one_file_and_its_consents(anna: User, run: ExportRun) -> None:
    take(run, anna)
    take(run, anna)
    found = asked(anna)
    assert found.sentence == "In 1 file downloaded in the last 30 days, by anna."
    (copies,) = found.files
    assert copies.consents == [("Email", True), ("SMS", False)]
    (taking,) = copies.takings
    assert taking.at == Download.objects.first().began_at  # type: ignore[union-attr]
    by_key = whereabouts.of([], ["k1"], to=anna, now=timezone.now())
    assert by_key.files == found.files


def test_who_may_not_see_the_run_sees_by_whom_and_when_alone(
    anna: User, jonas: User, maria: User, run: ExportRun
) -> None:
    take(run, anna)
    for other in (jonas, maria):
        found = asked(other)
        assert found.sentence == "In 1 file downloaded in the last 30 days, by anna."
        (copies,) = found.files
        assert (copies.run, copies.consents) == (None, ())
        assert [taking.who for taking in copies.takings] == ["anna"]
    RunShare.objects.create(run=run, segment=run.segment, person=jonas, shared_at=timezone.now())
    assert asked(jonas).files[0].run == run


def test_only_downloads_of_these_days_count(anna: User, run: ExportRun) -> None:
    take(run, anna, ago=10 * DAY)
    # The index was made today, so it is asked; the download is what decides.
    assert FileIndex.objects.get().taken_at > timezone.now() - DAY
    assert asked(anna, days=9).files == []
    assert len(asked(anna, days=11).files) == 1


def test_files_that_were_not_asked_are_told(anna: User, run: ExportRun, segment: SavedSegment, settings: Any) -> None:
    settings.INDEX_KEYS = ["an old key of thirty-two letters"]
    take(run, anna)
    settings.INDEX_KEYS = ["a new key of thirty-two letters!"]
    assert asked(anna).limits.startswith("1 more file was downloaded that cannot be asked, or not yet.")
    take(looked.table(segment, LINES), anna, is_indexed=False)
    found = asked(anna)
    assert found.limits.startswith("2 more files were downloaded that cannot be asked, or not yet.")
    assert found.sentence.startswith("In no file")


def test_more_files_cost_no_more_queries(anna: User, segment: SavedSegment, django_assert_num_queries: Any) -> None:
    now = datetime.now(tz=timezone.get_current_timezone())
    for _ in range(4):
        take(looked.table(segment, LINES), anna)
    anna = User.objects.get(pk=anna.pk)
    anna.has_perm("exports.view_exportrun")  # known from here on
    with django_assert_num_queries(4):
        assert len(whereabouts.of([MAJA], to=anna, now=now + DAY).files) == 4
