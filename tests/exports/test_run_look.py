"""The page of a file's first rows: what it shows, to whom, and what it says where there is nothing to show."""

from __future__ import annotations

import gzip
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Event
from audit.sentences import sentence
from exports import actions, retention
from exports.models import ExportRun, SavedSegment
from runs.models import Status
from tests.exports import looked, made

ROW = "å1,maja@example.com,,maja@example.com,1"
OTHER = 'å2,,46700000001,"=SUM(A1)\tolle@example.com",0'


@pytest.fixture
def run(segment: SavedSegment) -> ExportRun:
    return looked.table(segment, [ROW, OTHER])


def get(client: Client, run: ExportRun, method: str = "get") -> Any:
    return getattr(client, method)(reverse("exports:run_look", args=[run.pk]))


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_the_rows_are_shown_under_the_marks_of_their_columns(as_anna: Client, run: ExportRun) -> None:
    response = get(as_anna, run)
    page = text(response)
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"
    assert "Content-Disposition" not in response
    assert "The first 2 rows of 2." in page
    for kind in ("key", "consent", "attribute", "segment"):
        assert f'<th scope="col" class="col-{kind}' in page
    assert 'class="col-attribute not"' in page  # an address that is no consent
    assert (
        '<th class="n" scope="row">2</th><td class="mono">å1</td><td class="col-consent">maja@example.com</td>' in page
    )
    assert '<td class="col-consent blank">no consent</td>' in page
    assert '=SUM(A1)<span class="mark">⇥</span>olle@example.com' in page
    assert 'tabindex="0" role="region"' in page


def test_the_run_page_leads_there(as_anna: Client, run: ExportRun) -> None:
    assert reverse("exports:run_look", args=[run.pk]) in text(as_anna.get(run.get_absolute_url()))


def test_that_somebody_looked_is_in_the_audit_history(as_anna: Client, anna: User, run: ExportRun) -> None:
    get(as_anna, run)
    event = Event.objects.get(action="file.looked_at")
    assert (event.actor, event.target_key, event.facts) == (anna, f"exports.exportrun:{run.pk}", {"rows": 2})
    assert sentence(event) == f"anna looked at the first 2 rows of the file of {run}"
    assert "example.com" not in str(event.facts)


def test_anonymous(run: ExportRun) -> None:
    assert get(Client(), run)["Location"].startswith("/accounts/login/")


def test_anothers_file_is_not_found(as_jonas: Client, run: ExportRun) -> None:
    assert get(as_jonas, run).status_code == 404
    assert not Event.objects.filter(action="file.looked_at").exists()


def test_a_colleague_with_whom_it_is_shared_looks_and_is_written_down(
    as_jonas: Client, anna: User, jonas: User, run: ExportRun
) -> None:
    actions.share(run, [jonas], by=anna)
    assert "maja@example.com" in text(get(as_jonas, run))
    assert Event.objects.get(action="file.looked_at").actor == jonas
    actions.share(run, [], by=anna)
    assert get(as_jonas, run).status_code == 404


def test_who_may_not_download_may_not_look(as_anna: Client, anna: User, run: ExportRun) -> None:
    group = anna.groups.get()
    group.permissions.remove(group.permissions.get(codename="download_exportrun"))
    assert get(as_anna, run).status_code == 403
    assert "Look at the first rows" not in text(as_anna.get(run.get_absolute_url()))
    assert not Event.objects.filter(action="file.looked_at").exists()


@pytest.mark.parametrize("method", ["post", "head"])
def test_wrong_method(as_anna: Client, run: ExportRun, method: str) -> None:
    assert get(as_anna, run, method).status_code == 405
    assert not Event.objects.filter(action="file.looked_at").exists()


def test_markup_in_a_cell_or_a_title_is_text(as_anna: Client, segment: SavedSegment) -> None:
    evil = "<script>alert(1)</script>"
    run = looked.keep(
        made.ready(segment, rows=1), f"export_key,{evil}\nk,{evil}\n".encode(), header=["export_key", evil], rows=1
    )
    page = text(get(as_anna, run))
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2
    assert evil not in page
    assert "not asked for" in page


def test_more_rows_cost_no_more_questions(
    as_anna: Client, segment: SavedSegment, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    few, many = looked.table(segment, [ROW]), looked.table(segment, [ROW] * 200)
    with CaptureQueriesContext(connection) as one:
        get(as_anna, few)
    with django_assert_num_queries(len(one)):
        page = text(get(as_anna, many))
    assert "The first 50 rows of 200." in page


# ── Nothing to look at ───────────────────────────────────────────────────────────────────────────────────────


def nothing(response: Any, title: str, status: int) -> str:
    page = text(response)
    assert response.status_code == status
    assert f"<h1>{title}</h1>" in page
    assert "<table" not in page
    assert not Event.objects.filter(action="file.looked_at").exists()
    return page


def test_a_run_on_its_way(as_anna: Client, segment: SavedSegment) -> None:
    page = nothing(get(as_anna, made.preparing(segment)), "This run’s file is not here yet.", 409)
    assert "Run again" not in page


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_a_run_without_a_file(as_anna: Client, segment: SavedSegment, status: str) -> None:
    run = made.failed(segment) if status == Status.FAILED else made.run(segment, "cancelled", status)
    assert "Run again" in nothing(get(as_anna, run), "This run brought no file.", 409)


def test_an_expired_file(as_anna: Client, segment: SavedSegment) -> None:
    run = made.ready(segment, kept=timedelta(seconds=-1))
    response = get(as_anna, run)
    assert response.status_code == 410
    assert "Run again" in text(response)
    assert "<table" not in text(response)


def test_a_removed_file(as_anna: Client, anna: User, run: ExportRun) -> None:
    retention.remove(run, by=anna)
    response = get(as_anna, run)
    assert response.status_code == 410
    assert "anna" in text(response)
    assert "maja@" not in text(response)


def test_an_empty_file(as_anna: Client, segment: SavedSegment) -> None:
    nothing(get(as_anna, looked.table(segment, [])), "Nobody is in this file.", 200)


PACKED = gzip.compress(b"export_key,EmailConsent\n" + b"k,a@example.com\n" * 5000, mtime=0)


@pytest.mark.parametrize(
    ("stored", "why", "says"),
    [
        (None, "missing", "Its bytes are not where this desk keeps them."),
        (b"no gzip at all", "packed", "It cannot be unpacked"),
        (PACKED[:30], "packed", "It cannot be unpacked"),
        (PACKED, "other", "not those that were verified"),
        (gzip.compress(b"", mtime=0), "other", "not those that were verified"),
        (gzip.compress(b"\xff\xfe", mtime=0), "other", "not those that were verified"),
    ],
    ids=["gone", "never packed", "cut", "other rows", "nothing in it", "no text"],
)
def test_a_damaged_file_is_named_and_not_shown(
    as_anna: Client, run: ExportRun, caplog: pytest.LogCaptureFixture, stored: bytes | None, why: str, says: str
) -> None:
    looked.spoil(run, stored)
    with caplog.at_level(logging.ERROR):
        page = nothing(get(as_anna, run), "The file is damaged on this desk’s disk.", 409)
    assert says in page
    assert f"file-of-run-{run.pk}" in page
    assert "a@example.com" not in page
    [record] = [record for record in caplog.records if record.msg == "file damaged"]
    assert (record.why, record.run) == (why, run.pk)  # type: ignore[attr-defined]
    assert record.exc_info is None  # a trace could quote a cell


def test_a_file_that_was_cut_on_the_disk(as_anna: Client, segment: SavedSegment) -> None:
    run = looked.table(segment, [ROW, OTHER, ROW], is_packed=False)
    content = ",".join(run.file.header) + f"\r\n{ROW}\r\n"  # type: ignore[union-attr]
    looked.spoil(run, content.encode())
    assert "not those that were verified" in nothing(get(as_anna, run), "The file is damaged on this desk’s disk.", 409)


def test_a_file_of_other_titles(as_anna: Client, run: ExportRun) -> None:
    looked.spoil(run, gzip.compress(f"a,b,c,d,e\r\n{ROW}\r\n{OTHER}\r\n".encode()))
    page = nothing(get(as_anna, run), "The file is damaged on this desk’s disk.", 409)
    assert "maja@" not in page


def test_a_disk_that_does_not_read(as_anna: Client, run: ExportRun, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(file: Any) -> Any:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("exports.files.content", broken)
    assert "would not read it" in nothing(get(as_anna, run), "The file is damaged on this desk’s disk.", 409)
