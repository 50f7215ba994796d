"""A form of a file is made once, visibly, and goes when its original goes."""

from __future__ import annotations

import errno
import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import User
from audit.models import Event
from exports import actions, deriving, files, retention
from exports.actions import NotOffered
from exports.models import DerivedFile, ExportRun, SavedSegment
from exports.offers import MOST_ROWS, Wish
from exports.selection import Contactable
from exports.tasks import derive
from runs.claims import claim
from runs.models import StaleRun, Status
from tests.exports.conftest import Stepper

WORKBOOK, EXCEL_CSV, CSV = Wish("workbook"), Wish("excel-csv"), Wish("csv", Contactable(("EmailConsent",)))


@pytest.fixture
def run(segment: SavedSegment, steps: Stepper, anna: User) -> ExportRun:
    """A run with a real file of the pretended vendor's."""
    run = steps.to_the_end(actions.start(segment, by=anna))
    assert run.status == Status.SUCCEEDED
    return ExportRun.objects.select_related("file", "segment", "account", "owner").get(pk=run.pk)


def made(run: ExportRun, wish: Wish, by: User) -> DerivedFile:
    """Have a form made, as a worker does."""
    derived = actions.derive(run, wish, by=by)
    derive(pk=derived.pk)
    derived.refresh_from_db()
    return derived


def content(run: ExportRun) -> bytes:
    assert run.file is not None
    return b"".join(files.content(run.file))


def stored(derived: DerivedFile) -> list[str]:
    try:
        return default_storage.listdir(deriving.folder(derived))[1]
    except FileNotFoundError:
        return []


def test_a_workbook_of_a_real_file(run: ExportRun, anna: User) -> None:
    derived = made(run, WORKBOOK, anna)
    assert (derived.status, derived.code) == (Status.SUCCEEDED, "ready")
    with default_storage.open(derived.storage_name, "rb") as file:
        book = openpyxl.load_workbook(io.BytesIO(file.read()))
    rows = [[cell or "" for cell in row] for row in book["Rows"].values]
    assert rows == [line.split(",") for line in content(run).decode().splitlines()]
    assert derived.row_count == len(rows) - 1 == run.file.row_count  # type: ignore[union-attr]
    assert derived.remarks == {"sheets": 1, "cut": 0}
    read_me = {row[0]: row for row in book["Read me"].values if row[0]}
    assert read_me["Saved segment"][1] == "Spring newsletter"
    assert "An address here is no consent" in str(read_me["Email"][2])
    assert read_me["EmailConsent"][1] == "Consent"
    assert read_me["SHA-256 of the original"][1] == run.file.content_sha256  # type: ignore[union-attr]


def test_a_csv_for_excel_and_one_of_those_who_may_be_contacted(run: ExportRun, anna: User) -> None:
    whole = made(run, EXCEL_CSV, anna)
    with default_storage.open(whole.storage_name, "rb") as file:
        assert file.read() == b"\xef\xbb\xbf" + content(run).replace(b",", b";").replace(b"\n", b"\r\n")
    some = made(run, CSV, anna)
    with default_storage.open(some.storage_name, "rb") as file:
        header, *lines = file.read().decode().splitlines()
    at = header.split(",").index("EmailConsent")
    wanted = [line for line in content(run).decode().splitlines()[1:] if line.split(",")[at]]
    assert lines == wanted
    assert some.row_count == len(wanted) < whole.row_count


def test_it_is_made_once_whoever_asks(run: ExportRun, anna: User) -> None:
    first = made(run, WORKBOOK, anna)
    assert actions.derive(run, WORKBOOK, by=anna) == first
    assert actions.derive(run, EXCEL_CSV, by=anna) != first
    assert DerivedFile.objects.count() == 2
    assert Event.objects.filter(action="file.derived").count() == 1


def test_a_second_worker_finds_nothing_to_do(run: ExportRun, anna: User) -> None:
    derived = actions.derive(run, WORKBOOK, by=anna)
    held = claim(DerivedFile.objects.all(), derived.pk, queue="files", now=timezone.now())
    assert held is not None
    derive(pk=derived.pk)
    derived.refresh_from_db()
    assert (derived.status, stored(derived)) == (Status.QUEUED, [])


def test_a_worker_that_died_leaves_nothing_behind(run: ExportRun, anna: User) -> None:
    derived = actions.derive(run, WORKBOOK, by=anna)
    dead = claim(DerivedFile.objects.all(), derived.pk, queue="files", now=timezone.now())
    assert dead is not None
    with default_storage.open(f"{deriving.folder(derived)}/{dead.claim_no}", "wb") as half:
        half.write(b"half a file")
    DerivedFile.objects.filter(pk=derived.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    derive(pk=derived.pk)
    derived.refresh_from_db()
    assert derived.status == Status.SUCCEEDED
    assert stored(derived) == [derived.storage_name.rpartition("/")[2]]
    with pytest.raises(StaleRun):  # the dead one, should it wake up
        deriving.make(dead, timezone.now)
    assert stored(derived) == [derived.storage_name.rpartition("/")[2]]


def test_a_full_disk_is_said_and_it_may_be_asked_for_again(
    run: ExportRun, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*args: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("exports.workbook.write", no_room)
        derived = made(run, WORKBOOK, anna)
    assert (derived.status, derived.code, stored(derived)) == (Status.FAILED, "derived_no_room", [])
    again = made(run, WORKBOOK, anna)
    assert again != derived
    assert again.status == Status.SUCCEEDED


def test_a_bug_is_shown_with_a_reference(run: ExportRun, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*args: object, **named: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("exports.workbook.write", breaks)
    derived = made(run, WORKBOOK, anna)
    assert (derived.status, derived.code) == (Status.FAILED, "our_fault")
    assert derived.facts["reference"].startswith("file-")


def test_it_goes_with_its_original(run: ExportRun, anna: User, django_capture_on_commit_callbacks: Any) -> None:
    derived = made(run, WORKBOOK, anna)
    with django_capture_on_commit_callbacks(execute=True):
        assert retention.remove(run, by=anna)
    assert not default_storage.exists(derived.storage_name)
    assert stored(derived) == []
    with pytest.raises(NotOffered, match="removed"):
        actions.derive(run, EXCEL_CSV, by=anna)


def test_what_is_made_while_the_original_goes_is_not_kept(run: ExportRun, anna: User) -> None:
    derived = actions.derive(run, WORKBOOK, by=anna)
    assert run.file is not None
    type(run.file).objects.filter(pk=run.file.pk).update(removed_at=timezone.now())
    derive(pk=derived.pk)
    derived.refresh_from_db()
    assert (derived.status, derived.code, stored(derived)) == (Status.FAILED, "original_gone", [])


def test_a_file_too_large_for_excel_is_not_offered(run: ExportRun, anna: User) -> None:
    assert run.file is not None
    run.file.row_count = MOST_ROWS + 1
    with pytest.raises(NotOffered, match="more than five million"):
        actions.derive(run, WORKBOOK, by=anna)
    run.file.row_count, run.file.content_length = 10, 2_000_000_000
    with pytest.raises(NotOffered, match="more than a gigabyte"):
        actions.derive(run, WORKBOOK, by=anna)
    with pytest.raises(NotOffered, match="is the original"):
        actions.derive(run, Wish("csv"), by=anna)
