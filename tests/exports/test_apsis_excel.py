"""APSIS's own Excel file: fetched beside the CSV by the same link, kept as it came, and never at the CSV's expense."""

from __future__ import annotations

import errno
import hashlib
import io
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import clients
from accounts.models import Credential, User
from audit.models import Event
from audit.sentences import sentence
from exports import actions, apsis_excel, changes, deriving, files, preflight, reach, retention, shelf
from exports.actions import NotOffered
from exports.models import DerivedFile, ExportRun, SavedSegment
from exports.offers import Wish
from exports.selection import Contactable
from exports.spec import ConsentSpec
from exports.tasks import derive
from runs import shutdown
from runs.claims import claim
from runs.models import StaleRun, Status
from tests.conftest import Vendor
from tests.exports.conftest import Stepper
from upstream.apsis import names

EXCEL = Wish("apsis-xlsx")


@pytest.fixture
def ticked(segment: SavedSegment, anna: User, spec: ConsentSpec) -> SavedSegment:
    spec = replace(spec, apsis_excel=True)
    return actions.save_segment(by=anna, account=segment.account, name="With Excel", spec=spec)


@pytest.fixture
def run(ticked: SavedSegment, steps: Stepper, anna: User) -> ExportRun:
    """A run whose CSV is home, and whose Excel file is asked for."""
    run = steps.to_the_end(actions.start(ticked, by=anna))
    assert run.status == Status.SUCCEEDED
    return ExportRun.objects.select_related("file", "segment", "account", "owner").get(pk=run.pk)


def asked(run: ExportRun) -> DerivedFile:
    return DerivedFile.objects.select_related("of__run").get(of=run.file)


def fetched(run: ExportRun) -> DerivedFile:
    """Take one step, as a worker does, once it is due."""
    DerivedFile.objects.filter(of=run.file, due_at__isnull=False).update(due_at=timezone.now())
    derived = DerivedFile.objects.filter(of=run.file).latest("pk")
    derive(pk=derived.pk)
    derived.refresh_from_db()
    return derived


def stored(derived: DerivedFile) -> list[str]:
    try:
        return default_storage.listdir(deriving.folder(derived))[1]
    except FileNotFoundError:
        return []


def is_csv_whole(run: ExportRun) -> bool:
    run = ExportRun.objects.get(pk=run.pk)
    assert run.file is not None
    content = b"".join(files.content(run.file))
    return run.status == Status.SUCCEEDED and hashlib.sha256(content).hexdigest() == run.file.content_sha256


def page(client: Client, run: ExportRun) -> str:
    return " ".join(client.get(run.get_absolute_url()).content.decode().split())


# ── It comes along ───────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_fetched_as_apsis_made_it_and_asks_for_nothing_new(run: ExportRun, vendor: Vendor, anna: User) -> None:
    assert asked(run).status == Status.QUEUED
    derived = fetched(run)
    assert (derived.status, derived.code, derived.owner) == (Status.SUCCEEDED, "ready", anna)
    with default_storage.open(derived.storage_name, "rb") as file:
        data = file.read()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (derived.length, derived.sha256)
    [sheet] = openpyxl.load_workbook(io.BytesIO(data)).worksheets
    cells = [["" if cell is None else str(cell) for cell in row] for row in sheet.values]
    assert run.file is not None
    assert cells == [line.split(",") for line in b"".join(files.content(run.file)).decode().splitlines()]
    assert derived.row_count == run.file.row_count
    assert vendor.calls()["consent_export"] == 1
    assert derived.remarks == {"sheets": 1}
    assert "excel_fetched" in run.lines.values_list("code", flat=True)
    event = Event.objects.get(action="file.excel_fetched")
    assert event.facts == {"bytes": derived.length}
    assert "Excel file home as well" in sentence(event)


def test_the_page_shows_it_on_its_way_and_hands_it_out(as_anna: Client, run: ExportRun) -> None:
    assert "Being fetched" in page(as_anna, run)
    derived = fetched(run)
    shown = page(as_anna, run)
    assert "APSIS’s own Excel file" in shown
    assert "As APSIS made it, unaltered" in shown
    assert derived.sha256 in shown
    taken = as_anna.post(reverse("exports:derived_take", args=[run.pk, derived.pk]), {"said": "a test"}, follow=True)
    assert hashlib.sha256(b"".join(taken.streaming_content)).hexdigest() == derived.sha256  # type: ignore[attr-defined]
    assert taken["Content-Disposition"].endswith('_apsis.xlsx"')
    assert taken["Content-Type"] == names.XLSX


def test_without_the_tick_nothing_is_fetched(segment: SavedSegment, steps: Stepper, anna: User) -> None:
    run = steps.to_the_end(actions.start(segment, by=anna))
    assert not DerivedFile.objects.exists()
    with pytest.raises(NotOffered, match="did not ask for"):
        actions.derive(run, EXCEL, by=anna)


def test_a_file_of_nobody_has_no_excel_file(ticked: SavedSegment, steps: Stepper, anna: User, vendor: Vendor) -> None:
    vendor.fault("download", "header_only", times=2)
    run = steps.to_the_end(actions.start(ticked, by=anna))
    assert run.code == "ready_empty"
    assert not DerivedFile.objects.exists()


def test_one_that_comes_packed_once_more_is_unpacked(run: ExportRun, monkeypatch: pytest.MonkeyPatch) -> None:
    from upstream.apsis.client import Apsis

    plain = Apsis.open_export
    monkeypatch.setattr(Apsis, "open_export", lambda self, *link, **how: plain(self, *link, **{**how, "gzip": True}))
    derived = fetched(run)
    assert derived.status == Status.SUCCEEDED
    with default_storage.open(derived.storage_name, "rb") as file:
        assert zipfile.is_zipfile(io.BytesIO(file.read()))


def test_one_with_other_rows_than_the_csv_says_so(as_anna: Client, run: ExportRun) -> None:
    type(run.file).objects.filter(pk=run.file_id).update(row_count=7)  # type: ignore[union-attr]
    derived = fetched(run)
    assert derived.remarks["rows_of_csv"] == 7
    assert f"It holds {derived.row_count} rows, and the CSV 7" in page(as_anna, run)


# ── Trouble ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fault", "more"),
    [
        ("status", {"status": 503}),
        ("status", {"status": 429, "headers": {"Retry-After": "2"}}),
        ("truncate", {}),
        ("flip", {}),
    ],
)
def test_passing_trouble_is_waited_out(
    as_anna: Client, run: ExportRun, vendor: Vendor, fault: str, more: dict[str, Any]
) -> None:
    vendor.fault("download", fault, times=0, **more)  # a step asks a few times by itself
    waiting = fetched(run)
    assert (waiting.status, waiting.code, stored(waiting)) == (Status.RUNNING, "trouble", [])
    assert waiting.due_at
    assert waiting.due_at > timezone.now()
    assert "it is fetched again at" in page(as_anna, run)
    assert is_csv_whole(run)
    vendor.control("DELETE", "faults")
    assert fetched(run).status == Status.SUCCEEDED


@pytest.mark.parametrize(
    ("fault", "more", "code", "tries"),
    [
        ("status", {"status": 503}, "apsis_trouble", 2),
        ("flip", {}, "apsis_no_excel", apsis_excel.MOST_DAMAGED),
        ("html", {}, "apsis_no_excel", 1),
        ("status", {"status": 410}, "apsis_link_over", 1),
        ("status", {"status": 403}, "apsis_link_over", 1),
    ],
)
def test_trouble_that_lasts_costs_the_excel_file_alone(
    as_anna: Client,
    run: ExportRun,
    vendor: Vendor,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    more: dict[str, Any],
    code: str,
    tries: int,
) -> None:
    monkeypatch.setattr(apsis_excel, "MOST_TROUBLES", 2)
    vendor.fault("download", fault, times=0, **more)
    for _ in range(tries):
        assert asked(run).status != Status.FAILED
        failed = fetched(run)
    assert (failed.status, failed.code, stored(failed)) == (Status.FAILED, code, [])
    assert is_csv_whole(run)
    shown = page(as_anna, run)
    assert str(shelf.TROUBLES[code]) in shown
    assert "APSIS’s own Excel file could not be fetched." in shown
    assert "Fetch again" in shown
    vendor.control("DELETE", "faults")
    again = as_anna.post(reverse("exports:derived_create", args=[run.pk]), {"form": "apsis-xlsx"})
    assert again.status_code == 302
    assert fetched(run).status == Status.SUCCEEDED


def test_once_the_link_is_over_it_is_not_asked_for(as_anna: Client, run: ExportRun, vendor: Vendor, anna: User) -> None:
    ExportRun.objects.filter(pk=run.pk).update(poll_ends_at=timezone.now())
    before = vendor.calls()
    failed = fetched(run)
    assert (failed.status, failed.code) == (Status.FAILED, "apsis_link_over")
    assert vendor.calls() == before
    shown = page(as_anna, run)
    assert "Not fetched" in shown
    assert "Fetch again" not in shown
    with pytest.raises(NotOffered, match="for a day"):
        actions.derive(ExportRun.objects.get(pk=run.pk), EXCEL, by=anna)


def test_a_colleague_takes_it_and_has_it_fetched_with_nobodys_key(
    as_jonas: Client, run: ExportRun, anna: User, jonas: User, vendor: Vendor
) -> None:
    actions.share(run, [jonas], by=anna)
    vendor.fault("download", "status", status=410)
    assert fetched(run).status == Status.FAILED
    assert "Fetch again" not in page(as_jonas, run)
    refused = as_jonas.post(reverse("exports:derived_create", args=[run.pk]), {"form": "apsis-xlsx"})
    assert refused.status_code == 422
    assert "only they can have it fetched again" in refused.content.decode()
    actions.derive(run, EXCEL, by=anna)
    derived = fetched(run)
    assert derived.status == Status.SUCCEEDED
    assert derived.sha256 in page(as_jonas, run)


def test_a_key_that_was_erased_fetches_nothing(run: ExportRun, monkeypatch: pytest.MonkeyPatch) -> None:
    def erased(credential: Credential) -> Any:
        raise clients.KeyErased

    monkeypatch.setattr(clients, "client_for", erased)
    failed = fetched(run)
    assert (failed.status, failed.code) == (Status.FAILED, "apsis_key_refused")
    assert is_csv_whole(run)


def test_a_key_that_is_refused_is_marked(run: ExportRun, vendor: Vendor) -> None:
    vendor.fault("download", "status", status=401, times=0)
    vendor.fault("token", "status", status=401, times=0)
    failed = fetched(run)
    assert (failed.status, failed.code) == (Status.FAILED, "apsis_key_refused")
    assert Credential.objects.get(pk=run.credential_id).state == Credential.State.REFUSED


def test_a_csv_in_its_place_is_no_excel_file(run: ExportRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("upstream.apsis.reports._check_file", lambda *given: None)
    monkeypatch.setattr(names, "XLSX", "text/csv")
    for _ in range(apsis_excel.MOST_DAMAGED):
        failed = fetched(run)
    assert (failed.status, failed.code, stored(failed)) == (Status.FAILED, "apsis_no_excel", [])


def test_a_full_disk_and_too_much_are_said(run: ExportRun, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FILE_MAX_CONTENT_BYTES = 1000
    failed = fetched(run)
    assert (failed.status, failed.code, stored(failed)) == (Status.FAILED, "apsis_too_large", [])
    settings.FILE_MAX_CONTENT_BYTES = 10**9
    actions.derive(run, EXCEL, by=run.owner)
    with monkeypatch.context() as patched:

        def no_room(*args: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        patched.setattr("exports.apsis_excel._keep", no_room)
        failed = fetched(run)
    assert (failed.status, failed.code) == (Status.FAILED, "derived_no_room")


def test_a_workbook_that_swells_without_end_is_given_up(run: ExportRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsis_excel, "SWELLS", 1e-9)
    failed = fetched(run)
    assert (failed.status, failed.code, stored(failed)) == (Status.FAILED, "apsis_too_large", [])


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5, 6, 100])
def test_rows_are_counted_wherever_the_reading_is_cut(cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsis_excel, "CHUNK", cut)
    sheet = b'<sheetData><row r="1"/><row><c/></row><rowBreaks/><row >x</row></sheetData>'
    seen = list(apsis_excel._overlapping(io.BytesIO(sheet)))
    assert sum(piece.count(b"<row ") + piece.count(b"<row>") for piece in seen) == 3


# ── Whoever dies ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_worker_that_died_leaves_nothing_behind(run: ExportRun) -> None:
    derived = asked(run)
    DerivedFile.objects.update(due_at=timezone.now())
    dead = claim(DerivedFile.objects.all(), derived.pk, queue="files", now=timezone.now())
    assert dead is not None
    with default_storage.open(f"{deriving.folder(derived)}/{dead.claim_no}", "wb") as half:
        half.write(b"half a file")
    derive(pk=derived.pk)
    assert asked(run).status == Status.QUEUED  # somebody has it
    DerivedFile.objects.filter(pk=derived.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    done = fetched(run)
    assert done.status == Status.SUCCEEDED
    assert stored(done) == [done.storage_name.rpartition("/")[2]]
    with clients.client_for(run.credential_id) as client, pytest.raises(StaleRun):  # the dead one, should it wake up
        apsis_excel.fetch(dead, client, timezone.now)
    assert stored(done) == [done.storage_name.rpartition("/")[2]]


def test_a_worker_that_stops_hands_it_on(run: ExportRun, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(shutdown, "is_near", lambda: True)
        patched.setattr("runs.nudges.send", lambda run: True)
        half = fetched(run)
    assert (half.status, half.lease_until, stored(half)) == (Status.RUNNING, None, [])
    assert fetched(run).status == Status.SUCCEEDED


def test_it_goes_with_the_csv(run: ExportRun, anna: User, django_capture_on_commit_callbacks: Any) -> None:
    done = fetched(run)
    with django_capture_on_commit_callbacks(execute=True):
        assert retention.remove(run, by=anna)
    assert stored(done) == []


def test_what_comes_while_the_csv_goes_is_not_kept(run: ExportRun) -> None:
    type(run.file).objects.filter(pk=run.file_id).update(removed_at=timezone.now())  # type: ignore[union-attr]
    failed = fetched(run)
    assert (failed.status, failed.code, stored(failed)) == (Status.FAILED, "original_gone", [])


# ── The tick ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_tick_is_a_change_of_the_segment_and_of_what_is_asked(spec: ConsentSpec) -> None:
    with_it = replace(spec, apsis_excel=True)
    assert changes.between(spec, with_it) == ["APSIS’s own Excel file is fetched too"]
    assert changes.between(with_it, spec) == ["the CSV alone is fetched"]
    assert spec.digest != with_it.digest
    assert ConsentSpec.from_json(with_it.to_json()) == with_it
    assert with_it.to_request(consent_version=2) == spec.to_request(consent_version=2)
    old = {name: value for name, value in spec.to_json().items() if name != "apsis_excel"}
    assert not ConsentSpec.from_json(old).apsis_excel  # of a run from before there was a tick


@pytest.mark.parametrize(
    ("rows", "level", "code"),
    [(None, "fine", "excel_too"), (10_388, "fine", "excel_too"), (1_048_575, "know", "many_rows_for_excel")],
)
def test_the_preflight_sets_the_last_files_rows_beside_a_sheets(
    spec: ConsentSpec, rows: int | None, level: str, code: str
) -> None:
    ticked = replace(spec, apsis_excel=True)
    found = preflight.check(ticked, preflight.Reach(), consent_version=2, last_rows=rows)
    [finding] = [finding for finding in found if finding.field == "apsis_excel"]
    assert (finding.level, finding.code, finding.figure) == (level, code, rows)
    assert finding.limit == 1_048_575
    assert "1,048,575 rows" in finding.text or "holds 1,048,575" in finding.text
    plain = preflight.check(spec, preflight.Reach(), consent_version=2, last_rows=rows)
    assert not [finding for finding in plain if finding.field == "apsis_excel"]


def test_the_last_files_rows_are_the_newest_runs(run: ExportRun, segment: SavedSegment) -> None:
    assert run.file is not None
    assert reach.last_rows(run.segment) == run.file.row_count
    assert reach.last_rows(segment) is None
    assert reach.last_rows(None) is None


def test_the_editor_keeps_the_tick(as_anna: Client, ticked: SavedSegment) -> None:
    response = as_anna.get(ticked.get_absolute_url())
    shown = " ".join(response.content.decode().split())
    assert 'name="apsis_excel" checked' in shown
    assert "APSIS’s own Excel file comes too" in shown


def test_of_some_rows_it_is_not_offered(as_anna: Client, run: ExportRun, anna: User) -> None:
    fetched(run)
    with pytest.raises(NotOffered, match="as it came"):
        actions.derive(run, Wish("apsis-xlsx", Contactable(("EmailConsent",))), by=anna)
    wish = page(as_anna, run).partition('id="run-wish"')[2].partition("</details>")[0]
    assert 'value="workbook"' in wish
    assert 'value="apsis-xlsx"' not in wish
