"""Files that go: when their time is over, or because somebody removed them, and whatever dies on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from accounts.models import User
from audit.models import Event
from audit.sentences import sentence
from exports import actions, retention, tasks
from exports.models import ExportFile, ExportRun, SavedSegment
from tests.exports import made
from tests.exports.conftest import Stepper

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    default = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "files"}}
    settings.STORAGES = {**settings.STORAGES, "default": default}


def now() -> datetime:
    return datetime.now(tz=UTC)


def has_bytes(run: ExportRun) -> bool:
    assert run.file is not None
    return default_storage.exists(run.file.storage_name)


@pytest.fixture
def ready(segment: SavedSegment) -> ExportRun:
    run = made.ready(segment)
    assert has_bytes(run)
    return run


@pytest.mark.django_db(transaction=True)
def test_a_file_goes_when_its_time_is_over_and_what_it_proves_stays(ready: ExportRun, segment: SavedSegment) -> None:
    later = made.ready(segment, kept=9 * DAY)
    assert retention.sweep(now=now()) == 0
    assert has_bytes(ready)

    assert retention.sweep(now=now() + 8 * DAY) == 1
    assert not has_bytes(ready)
    assert has_bytes(later)
    ready.refresh_from_db()
    assert ready.status == "succeeded"
    assert ready.file is not None
    assert ready.file.content_sha256
    assert ready.file.removed_by is None
    assert ready.file.gone_at is not None
    event = Event.objects.get(action="file.removed")
    assert (event.actor, event.target_key) == (None, f"exports.exportrun:{ready.pk}")
    assert sentence(event) == f"Consent Desk removed the file of {ready} ({ready.file.received_length} bytes)"
    assert ready.lines.first().code == "expired"

    assert retention.sweep(now=now() + 8 * DAY) == 0, "once is enough"
    assert Event.objects.filter(action="file.removed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_clock_calls_the_sweep(segment: SavedSegment) -> None:
    over = made.ready(segment, kept=-DAY)
    tasks.sweep()
    assert not has_bytes(over)


@pytest.mark.processes  # commits knock at the broker, and none is there
@pytest.mark.django_db(transaction=True)
def test_of_a_file_that_a_run_brought_home_no_empty_folder_is_left(
    segment: SavedSegment, steps: Stepper, tmp_path: Path
) -> None:
    run = steps.to_the_end(actions.start(segment, by=segment.owner, now=steps.now))
    assert has_bytes(run)
    retention.sweep(now=steps.now + 8 * DAY)
    assert not has_bytes(run)
    assert not (tmp_path / "files" / "exports" / str(run.uuid)).exists()


@pytest.mark.django_db(transaction=True)
def test_somebody_removes_a_file_and_its_owner_reads_who(ready: ExportRun, karin: User, as_anna: Client) -> None:
    assert retention.remove(ready, by=karin) is True
    assert not has_bytes(ready)
    event = Event.objects.get(action="file.removed")
    assert event.actor == karin
    page = " ".join(as_anna.get(f"/runs/{ready.pk}/").content.decode().split())
    assert "karin removed the file at" in page
    assert "Its figures and checksums are kept." in page
    assert "karin removed the file. Its figures and checksums stay." in page
    assert "Download 1,000 rows" not in page
    assert as_anna.get(f"/runs/{ready.pk}/files/content/").status_code == 404
    listed = as_anna.get("/runs/").content.decode()
    assert "karin removed the file at" in listed
    assert "Ready for you" not in as_anna.get("/").content.decode()

    assert retention.remove(ready, by=karin) is False, "a second time there is nothing to remove"
    assert retention.sweep(now=now() + 8 * DAY) == 0, "nor when its time is over"
    assert Event.objects.filter(action="file.removed").count() == 1


def test_a_run_without_a_file_has_nothing_to_remove(segment: SavedSegment, karin: User) -> None:
    assert retention.remove(made.failed(segment), by=karin) is False
    assert not Event.objects.filter(action="file.removed").exists()


def test_it_is_had_by_nobody_before_its_bytes_are_gone(ready: ExportRun, karin: User, as_anna: Client) -> None:
    """The transaction of the test never ends, so the deleting that waits for its end never begins."""
    retention.remove(ready, by=karin)
    assert has_bytes(ready)
    assert as_anna.get(f"/runs/{ready.pk}/files/content/").status_code == 404


def test_what_died_between_the_word_and_the_deed_is_made_good(ready: ExportRun, karin: User) -> None:
    retention.remove(ready, by=karin)
    retention.sweep(now=now())
    assert not has_bytes(ready)
    ready.refresh_from_db()
    assert ready.file is not None
    assert ready.file.gone_at is not None
    assert Event.objects.filter(action="file.removed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_died_between_the_deed_and_its_note_is_made_good(ready: ExportRun, karin: User) -> None:
    retention.remove(ready, by=karin)
    ExportFile.objects.update(gone_at=None)
    retention.sweep(now=now())
    ready.refresh_from_db()
    assert ready.file is not None
    assert ready.file.gone_at is not None


@pytest.mark.django_db(transaction=True)
def test_bytes_that_resist_are_named_and_hold_nothing_up(
    segment: SavedSegment, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stubborn, willing = made.ready(segment, kept=-DAY), made.ready(segment, kept=-DAY)
    assert stubborn.file is not None
    path = tmp_path / "files" / stubborn.file.storage_name
    path.unlink()
    (path / "in-the-way").mkdir(parents=True)  # a folder that is not empty cannot be deleted as a file
    retention.sweep(now=now())
    assert not has_bytes(willing)
    assert "bytes not deleted" in caplog.text
    stubborn.refresh_from_db()
    assert stubborn.file.gone_at is None
    (path / "in-the-way").rmdir()
    retention.sweep(now=now())
    stubborn.refresh_from_db()
    assert stubborn.file.gone_at is not None


def test_a_sweep_of_many_takes_its_share(segment: SavedSegment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    for _ in range(3):
        made.ready(segment, kept=-DAY)
    assert [retention.sweep(now=now()) for _ in range(3)] == [2, 1, 0]
