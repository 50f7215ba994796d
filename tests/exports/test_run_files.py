"""The files of a run on its page: asked for, watched, taken."""

from __future__ import annotations

import gc
import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.models import Event
from exports import actions
from exports.models import DerivedFile, ExportRun, SavedSegment
from exports.offers import Wish
from exports.tasks import derive
from runs.models import Status
from tests.exports import made
from tests.exports.taking import get, press, url


@pytest.fixture
def run(segment: SavedSegment) -> ExportRun:
    """A ready run whose file has a header of its own: the key and one consent column."""
    run = made.ready(segment, rows=1)
    assert run.file is not None
    spec = {**segment.spec, "channels": segment.spec["channels"][:1], "attributes": [], "segments": []}
    ExportRun.objects.filter(pk=run.pk).update(spec=spec)
    return ExportRun.objects.get(pk=run.pk)


def wish(client: Client, run: ExportRun, **words: Any) -> Any:
    return client.post(reverse("exports:derived_create", args=[run.pk]), words)


def files(client: Client, run: ExportRun, mark: str = "") -> Any:
    return client.get(reverse("exports:run_files", args=[run.pk]), {"mark": mark} if mark else {})


def take(client: Client, derived: DerivedFile, run: ExportRun) -> Any:
    """Press Download, and follow to the bytes where it leads there."""
    asked = press(client, run, derived)
    return get(client, run, derived) if asked.status_code == 302 else asked


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_workbook_is_asked_for_watched_and_taken(as_anna: Client, run: ExportRun) -> None:
    page = text(as_anna.get(run.get_absolute_url()))
    assert "made when first asked for" in page
    assert "hx-get=" not in page.partition('id="run-files"')[2].partition(">")[0]
    response = wish(as_anna, run, form="workbook")
    assert response["Location"] == f"{run.get_absolute_url()}#run-files"
    derived = DerivedFile.objects.get()
    watched = files(as_anna, run)
    assert "Being made" in text(watched)
    mark = text(watched).partition("?mark=")[2].partition('"')[0]
    assert files(as_anna, run, mark).status_code == 204
    derive(pk=derived.pk)
    fragment = text(files(as_anna, run, mark))
    assert "Being made" not in fragment
    assert f'action="{url(run, derived, take=True)}"' in fragment
    assert f'popovertarget="take-made-{derived.pk}"' in fragment
    assert "hx-get=" not in fragment.partition('id="run-files"')[2].partition(">")[0], "nothing is asked for any more"


@pytest.mark.django_db(transaction=True)  # the view gives its connection back, and with it a test's own transaction
# Commits knock at a broker, and none is there.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_what_was_made_is_handed_out_and_written_down(as_anna: Client, anna: User, run: ExportRun) -> None:
    derived = actions.derive(run, Wish("workbook"), by=anna)
    derive(pk=derived.pk)
    response = take(as_anna, derived, run)
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    assert [list(row) for row in book["Rows"].values][1:] == [["å1", "maja@example.com"]]
    assert response["Content-Disposition"].endswith('.xlsx"')
    assert response["Cache-Control"] == "private, no-store"
    event = Event.objects.get(action="file.downloaded")
    assert (event.actor, event.facts) == (anna, {"form": "workbook", "people": 1})
    gc.collect()  # the broker's library leaves a socket open, and no other test shall be told of it


def test_only_those_who_may_be_contacted(as_anna: Client, run: ExportRun) -> None:
    wish(as_anna, run, form="csv", rows="contactable", consents=["EmailConsent"])
    derived = DerivedFile.objects.get()
    assert derived.choice == {"consents": ["EmailConsent"], "segments": []}
    derive(pk=derived.pk)
    fragment = text(files(as_anna, run))
    assert "Contactable only, CSV" in fragment
    assert "Rows with something in EmailConsent, and no others." in fragment


def test_what_cannot_be_made_is_said_at_the_field(as_anna: Client, run: ExportRun) -> None:
    nobody = wish(as_anna, run, form="csv", rows="contactable")
    assert nobody.status_code == 422
    assert "Tick at least one: without consent nobody may be contacted." in text(nobody)
    foreign = wish(as_anna, run, form="csv", rows="contactable", consents=["Email"])
    assert foreign.status_code == 422
    assert wish(as_anna, run, form="pdf").status_code == 422
    assert "is the original" in text(wish(as_anna, run, form="csv", rows="all"))
    assert not DerivedFile.objects.exists()


def test_a_failure_is_said_with_a_way_on(as_anna: Client, anna: User, run: ExportRun) -> None:
    derived = actions.derive(run, Wish("workbook"), by=anna)
    over = {"status": Status.FAILED, "finished_at": timezone.now(), "due_at": None}
    DerivedFile.objects.filter(pk=derived.pk).update(code="derived_no_room", **over)
    fragment = text(files(as_anna, run))
    assert "disk was full" in fragment
    assert "Make again" in fragment


def test_remarks_are_counted_on_the_page(as_anna: Client, anna: User, run: ExportRun) -> None:
    for form, remarks in (("workbook", {"cut": 3, "sheets": 2}), ("excel-csv", {"guarded": 1})):
        derived = actions.derive(run, Wish(form), by=anna)
        over = {"status": Status.SUCCEEDED, "finished_at": timezone.now(), "due_at": None, "code": "ready"}
        DerivedFile.objects.filter(pk=derived.pk).update(remarks=remarks, **over)
    fragment = text(files(as_anna, run))
    assert "3 cells were longer than Excel holds, and were cut." in fragment
    assert "On 2 sheets" in fragment
    assert "1 cell would have been a formula, and begins with an apostrophe." in fragment


def test_anothers_files_are_not_there(as_jonas: Client, anna: User, run: ExportRun) -> None:
    derived = actions.derive(run, Wish("workbook"), by=anna)
    derive(pk=derived.pk)
    assert files(as_jonas, run).status_code == 404
    assert wish(as_jonas, run, form="workbook").status_code == 404
    assert take(as_jonas, derived, run).status_code == 404


def test_a_form_is_taken_at_its_own_run_alone(
    as_anna: Client, anna: User, run: ExportRun, segment: SavedSegment
) -> None:
    derived = actions.derive(run, Wish("workbook"), by=anna)
    derive(pk=derived.pk)
    assert take(as_anna, derived, made.ready(segment)).status_code == 404


def test_what_is_not_there_yet_or_any_more_is_not_handed_out(as_anna: Client, anna: User, run: ExportRun) -> None:
    derived = actions.derive(run, Wish("workbook"), by=anna)
    assert take(as_anna, derived, run).status_code == 404
    derive(pk=derived.pk)
    assert run.file is not None
    type(run.file).objects.filter(pk=run.file.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert take(as_anna, derived, run).status_code == 404
    assert wish(as_anna, run, form="excel-csv").status_code == 422
    assert "Files" not in text(files(as_anna, run)).partition("<h2>")[2].partition("</h2>")[0]


def test_it_takes_no_more_queries_for_more_forms(
    as_anna: Client, anna: User, run: ExportRun, django_assert_max_num_queries: Any
) -> None:
    for form in ("workbook", "excel-csv"):
        actions.derive(run, Wish(form), by=anna)
    with django_assert_max_num_queries(12):
        files(as_anna, run)
