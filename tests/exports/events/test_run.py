"""A run of events: from press to file, window by window, and what becomes of JSON that is none."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from accounts.models import Credential, User
from audit.models import Event
from exports import actions, deriving, files, retention
from exports.events import windows
from exports.events.found import Found
from exports.events.spec import EventSpec
from exports.models import DerivedFile, EventFigures, EventWindow, ExportRun, SavedSegment
from exports.offers import Wish
from runs.claims import claim
from runs.models import Status
from tests.conftest import Vendor
from tests.exports.clockwork import Turner, codes

Form = DerivedFile.Form


def original(run: ExportRun, key: str = "content-1") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(b"".join(files.stream(run, key)))
    return found["profiles"]


def events_of(profiles: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        event
        for profile in profiles.values()
        for section in profile["sections"].values()
        for event in section.get("events", [])
    ]


def made(run: ExportRun, form: str, turner: Turner) -> bytes:
    """Have a form made as a worker would, and return its bytes."""
    derived = actions.derive(run, Wish(form), by=run.owner, now=turner.now)
    claimed = claim(DerivedFile.objects.select_related("of__run__segment"), derived.pk, queue="files", now=turner.now)
    assert claimed is not None
    deriving.make(claimed, turner.clock)
    claimed.refresh_from_db()
    assert claimed.status == Status.SUCCEEDED, claimed.code
    with default_storage.open(claimed.storage_name, "rb") as file:
        return bytes(file.read())


# ── From press to file ───────────────────────────────────────────────────────────────────────────────────────


def test_a_run_goes_from_press_to_file(event_run: ExportRun, turner: Turner) -> None:
    window = event_run.windows.get()
    assert (window.end_at - window.start_at).days == 30
    run = turner.to_the_end(event_run)
    assert (run.status, run.code) == (Status.SUCCEEDED, "ready_events")

    profiles = original(run)
    events = events_of(profiles)
    found = Found.from_json(EventFigures.objects.get(file=run.file).found).statistics
    assert found is not None
    assert run.file is not None
    assert run.file.row_count == found.profiles == len(profiles) > 0
    assert found.events == len(events) > 0
    assert run.facts["events"] == found.events - found.retries
    assert codes(run)[-3:] == ["ready_upstream", "fetched", "verified_events"]


def test_two_runs_take_a_minute_each(
    event_segment: SavedSegment, anna: User, turner: Turner, vendor: Vendor, event_run: ExportRun
) -> None:
    turner.to_the_end(event_run)
    second = turner.step(actions.start(event_segment, by=anna, now=turner.now))
    assert second.code == "waits_a_minute"
    assert vendor.calls()["event_export"] == 1
    assert turner.to_the_end(second).code == "ready_events"


def test_the_content_can_be_taken_and_the_bytes_as_they_came(brought: ExportRun, as_anna: Client) -> None:
    content, received = files.copies(brought).values()
    assert content.name.endswith(".json")
    assert received.name.endswith(".json.gz")
    assert b"".join(files.stream(brought, "received-1"))[:2] == b"\x1f\x8b"
    for key, status in (("content-1", 200), ("received-1", 200), ("content-2", 404), ("content", 404)):
        assert as_anna.get(reverse("exports:run_take", args=[brought.pk, key])).status_code == status


# ── Several windows ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_long_time_is_asked_for_in_several_requests_and_joined(
    long_segment: SavedSegment, anna: User, turner: Turner, vendor: Vendor
) -> None:
    run = actions.start(long_segment, by=anna, now=turner.now)
    assert run.windows.count() == 3
    run = turner.to_the_end(run, most=200)
    assert (run.status, run.code) == (Status.SUCCEEDED, "ready_events")
    assert vendor.calls()["event_export"] == 3
    parts = [original(run, f"content-{n}") for n in (1, 2, 3)]
    everybody = set().union(*parts)
    assert run.file is not None
    assert run.file.row_count == len(everybody)
    rows = list(csv.DictReader(io.StringIO(made(run, Form.EVENTS_CSV, turner).decode())))
    assert len(rows) == sum(len(events_of(part)) for part in parts)
    people = list(csv.DictReader(io.StringIO(made(run, Form.PEOPLE_CSV, turner).decode())))
    assert {row["Export key"] for row in people} == everybody
    assert codes(run)[-1] == "joined_windows"


def test_what_has_come_is_not_asked_for_again_when_a_process_dies(
    long_segment: SavedSegment, anna: User, turner: Turner, vendor: Vendor
) -> None:
    run = actions.start(long_segment, by=anna, now=turner.now)
    run = turner.to_the_end(run, until=lambda run: run.code == "next_window", most=100)
    first = EventWindow.objects.get(run=run, number=1)
    turner.claim(run)  # by a process that dies
    turner.forward(120)
    run = turner.to_the_end(run, most=200)
    assert run.code == "ready_events"
    assert EventWindow.objects.get(pk=first.pk).storage_name == first.storage_name
    assert vendor.calls()["event_export"] == 3


def test_a_failed_export_offers_the_vendors_cures_and_a_split(
    event_run: ExportRun, turner: Turner, vendor: Vendor, as_anna: Client
) -> None:
    for _attempt in range(3):
        vendor.fault("event_export", "fail")
    run = turner.to_the_end(event_run, most=200)
    assert (run.status, run.code) == (Status.FAILED, "export_failed")
    page = as_anna.get(run.get_absolute_url()).content.decode()
    for words in (
        "simpler segment",
        "fewer attributes and tags: you asked for 2",
        "fewer types of event",
        "2 requests",
    ):
        assert words in page
    answer = as_anna.post(reverse("exports:run_create", args=[run.segment_id]), {"windows": "2"})
    anew = ExportRun.objects.latest("pk")
    assert answer.headers["Location"] == anew.get_absolute_url()
    assert anew.windows.count() == 2
    assert turner.to_the_end(anew, most=200).code == "ready_events"


@pytest.mark.parametrize("sent", ["0", "-4", "1e9", "99999999999999999999", "two", "²"])
def test_a_strange_number_of_requests_is_one_or_the_most(
    event_segment: SavedSegment, as_anna: Client, anna: User, sent: str
) -> None:
    as_anna.post(reverse("exports:run_create", args=[event_segment.pk]), {"windows": sent})
    assert ExportRun.objects.get().windows.count() == 1


# ── JSON that is none ────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_whole_and_no_json_is_kept_as_it_came(
    event_run: ExportRun, turner: Turner, vendor: Vendor, as_anna: Client
) -> None:
    vendor.fault("download", "json", shape="utf8", times=2)
    run = turner.to_the_end(event_run)
    assert (run.status, run.code) == (Status.SUCCEEDED, "ready_unread")
    assert b"".join(files.stream(run, "content-1"))
    page = as_anna.get(run.get_absolute_url()).content.decode()
    assert "and not beyond" in page
    with pytest.raises(actions.NotOffered):
        actions.derive(run, Wish(Form.READABLE), by=run.owner)


def test_what_breaks_off_is_fetched_again(event_run: ExportRun, turner: Turner, vendor: Vendor) -> None:
    vendor.fault("download", "json", shape="unclosed", times=2)
    run = turner.to_the_end(event_run, until=lambda run: run.code == "trouble")
    assert not run.is_over
    assert turner.to_the_end(run).code == "ready_events"


def test_nobody_matched(
    annas_key: Credential, event_spec: EventSpec, anna: User, turner: Turner, as_anna: Client
) -> None:
    spec = replace(event_spec, attributes=(), tags=())
    segment = actions.save_segment(by=anna, account=annas_key.account, name="Nobody", spec=spec)
    run = turner.to_the_end(actions.start(segment, by=anna, now=turner.now))
    assert run.code == "ready_nobody"
    assert "nobody matched" in as_anna.get(run.get_absolute_url()).content.decode()


# ── Readable forms ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_workbook_holds_people_and_events_by_name(brought: ExportRun, turner: Turner) -> None:
    profiles = original(brought)
    book = openpyxl.load_workbook(io.BytesIO(made(brought, Form.READABLE, turner)), read_only=True)
    assert {"People", "Events", "Read me"} <= set(book.sheetnames)
    events = list(book["Events"].iter_rows(values_only=True))
    assert len(events) - 1 == len(events_of(profiles))
    names = {event.name for event in brought.event_spec.events}
    assert {row[events[0].index("Event")] for row in events[1:]} <= names
    assert "Email" in events[0]


@pytest.mark.parametrize("form", [Form.EVENTS_EXCEL, Form.PEOPLE_EXCEL])
def test_for_excel(brought: ExportRun, turner: Turner, form: str) -> None:
    assert made(brought, form, turner).startswith(b"\xef\xbb\xbf")


def test_a_table_form_is_not_offered(brought: ExportRun) -> None:
    for form in (Form.WORKBOOK, Form.EXCEL_CSV, Form.APSIS_EXCEL):
        with pytest.raises(actions.NotOffered):
            actions.derive(brought, Wish(form), by=brought.owner)


# ── The page ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_shows_what_happened(brought: ExportRun, as_anna: Client) -> None:
    page = as_anna.get(brought.get_absolute_url()).content.decode()
    for event in brought.event_spec.events:
        assert event.name in page
    assert page.count('class="chart" viewBox="0 0 920') == page.count('class="chart" viewBox="0 0 400') == 1
    assert "What happened, how often" in page


def test_it_is_its_owners_alone(brought: ExportRun, as_jonas: Client) -> None:
    assert as_jonas.get(brought.get_absolute_url()).status_code == 404
    assert as_jonas.get(reverse("exports:run_take", args=[brought.pk, "content-1"])).status_code == 404


def test_what_is_removed_leaves_its_figures_and_no_values(
    brought: ExportRun, anna: User, as_anna: Client, django_capture_on_commit_callbacks: Any
) -> None:
    names = files.stored_names(brought)
    assert EventFigures.objects.get().found["values"]
    with django_capture_on_commit_callbacks(execute=True):
        retention.remove(brought, by=anna)
    assert not any(map(default_storage.exists, names))
    assert EventFigures.objects.get().found["values"] == {}
    page = as_anna.get(brought.get_absolute_url()).content.decode()
    assert "What happened, how often" in page
    assert "removed the file" in page


def test_a_list_says_how_many_events(brought: ExportRun, as_anna: Client) -> None:
    for name in ("exports:run_list", "exports:segment_list", "home"):
        assert as_anna.get(reverse(name)).status_code == 200
    assert f"{brought.facts['events']:,} events" in as_anna.get(reverse("exports:run_list")).content.decode()


def test_the_number_of_requests_is_told_before(long_segment: SavedSegment, turner: Turner) -> None:
    assert windows.count(long_segment.event_spec, now=turner.now) == 3


def test_what_stands_in_the_fields_is_looked_at_and_told(brought: ExportRun, as_anna: Client, as_jonas: Client) -> None:
    url = reverse("exports:run_look", args=[brought.pk])
    assert url in as_anna.get(brought.get_absolute_url()).content.decode()
    assert as_jonas.get(url).status_code == 404
    assert not Event.objects.filter(action="file.values_looked_at").exists()
    page = as_anna.get(url).content.decode()
    assert Event.objects.get(action="file.values_looked_at").target == str(brought)
    field = next(name for event in brought.event_spec.events for one in event.versions for name in one.fields)
    assert field in page
    assert as_anna.get(reverse("exports:run_columns", args=[brought.pk])).status_code == 404
