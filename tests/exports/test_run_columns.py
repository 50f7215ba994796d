"""Figures per column on a page of their own: asked for, counted by a worker, watched, kept longer than the file."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.models import Event
from audit.sentences import sentence
from exports import actions, retention, surveying
from exports.actions import NotOffered
from exports.models import ExportRun, SavedSegment, Survey
from exports.tasks import survey
from runs import shutdown
from runs.claims import claim
from runs.models import StaleRun, Status
from tests.exports import looked, made

LINES = ["k1,maja@example.com,,maja@example.com,1", 'k2,,46700000001,"=1+1, olle",0', "k3,,,,1"]


@pytest.fixture
def run(segment: SavedSegment) -> ExportRun:
    return looked.table(segment, LINES)


def ask(client: Client, run: ExportRun, name: str = "run_columns", method: str = "get", **data: Any) -> Any:
    return getattr(client, method)(reverse(f"exports:{name}", args=[run.pk]), data)


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def counted(run: ExportRun, by: User) -> Survey:
    asked = actions.survey(run, by=by)
    survey(pk=asked.pk)
    asked.refresh_from_db()
    return asked


def test_it_is_asked_for_watched_and_shown(as_anna: Client, run: ExportRun) -> None:
    page = text(ask(as_anna, run))
    assert "Count what stands in each column" in page
    assert "hx-get=" not in page
    assert ask(as_anna, run, "run_survey", "post")["Location"] == reverse("exports:run_columns", args=[run.pk])
    asked = Survey.objects.get()
    watched = text(ask(as_anna, run, "run_survey_live"))
    assert "Being counted" in watched
    mark = watched.partition("?mark=")[2][:8]
    assert ask(as_anna, run, "run_survey_live", mark=mark).status_code == 204
    survey(pk=asked.pk)
    done = text(ask(as_anna, run, "run_survey_live", mark=mark))
    assert "hx-get=" not in done
    assert "1 of 3" in done
    assert "3, all different" in done
    assert "e-mail 1" in done
    assert "1 cell begins as a formula does." in done
    assert "maja@" not in done


def test_the_figures_are_those_of_the_file_and_hold_no_text(run: ExportRun, anna: User) -> None:
    done = counted(run, anna)
    assert (done.status, done.code) == (Status.SUCCEEDED, "ready")
    key, email, mobile, attribute, segment = done.columns
    assert (key["filled"], key["distinct"], key["longest"]) == (3, 3, 2)
    assert (email["filled"], email["empty"], email["emails"]) == (1, 2, 1)
    assert (mobile["phones"], mobile["distinct"]) == (1, 1)
    assert (attribute["formulas"], attribute["longest"]) == (1, len("maja@example.com"))
    assert segment["distinct"] == 2
    assert not any(word in json.dumps(done.columns) for word in ("maja", "olle", "4670"))


def test_an_attribute_full_of_addresses_says_that_it_is_no_consent(
    as_anna: Client, anna: User, segment: SavedSegment
) -> None:
    run = looked.keep(
        made.ready(segment, rows=1), b"export_key,Note\nk,maja@example.com\n", header=["export_key", "Note"], rows=1
    )
    counted(run, anna)
    assert "addresses, not consent" in text(ask(as_anna, run))


def test_it_is_counted_once_whoever_asks(run: ExportRun, anna: User) -> None:
    first = counted(run, anna)
    assert actions.survey(run, by=anna) == first
    event = Event.objects.get(action="file.surveyed")
    assert (event.actor, event.target_key) == (anna, f"exports.exportrun:{run.pk}")
    assert "counted what stands in the columns" in sentence(event)


def test_two_presses_at_once_make_one(run: ExportRun, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    first = actions.survey(run, by=anna)
    # The other press has looked before the first was written.
    monkeypatch.setattr(type(Survey.objects.wanted()), "first", lambda self: None)
    assert actions.survey(run, by=anna).pk == first.pk


def test_a_worker_that_died_is_followed_by_another(run: ExportRun, anna: User) -> None:
    asked = actions.survey(run, by=anna)
    dead = claim(Survey.objects.all(), asked.pk, queue="files", now=timezone.now())
    assert dead is not None
    survey(pk=asked.pk)
    asked.refresh_from_db()
    assert asked.status == Status.QUEUED  # somebody has it
    Survey.objects.filter(pk=asked.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    survey(pk=asked.pk)
    asked.refresh_from_db()
    assert asked.status == Status.SUCCEEDED
    with pytest.raises(StaleRun):  # the dead one, should it wake up
        surveying.make(dead, timezone.now)


def test_a_worker_that_stops_hands_it_on(run: ExportRun, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(shutdown, "is_near", lambda: True)
        patched.setattr("runs.nudges.send", lambda run: True)
        half = counted(run, anna)
    assert (half.status, half.lease_until) == (Status.RUNNING, None)
    survey(pk=half.pk)
    half.refresh_from_db()
    assert half.status == Status.SUCCEEDED


@pytest.mark.parametrize(
    ("stored", "code"),
    [
        (None, "original_gone"),
        (b"no gzip", "original_damaged"),
        (looked.packed(b"export_key,EmailConsent\nk,a@example.com\n"), "original_damaged"),
        (looked.packed(b'a,b,c,d,e\n"1,2\n'), "original_damaged"),
        (looked.packed(b"a,b,c,d,e\n1,2,3,4,5\n"), "original_damaged"),  # whole, with fewer rows
        (looked.packed(b"a,b\n1,2\n1,2\n1,2\n"), "original_damaged"),  # with fewer columns
    ],
)
def test_a_file_that_is_not_the_verified_one_is_not_counted(
    as_anna: Client, run: ExportRun, anna: User, stored: bytes | None, code: str
) -> None:
    looked.spoil(run, stored)
    failed = counted(run, anna)
    assert (failed.status, failed.code, failed.columns) == (Status.FAILED, code, [])
    page = text(ask(as_anna, run))
    assert "Count again" in page
    assert ("not the one that was verified" in page) == (code == "original_damaged")
    assert actions.survey(run, by=anna) != failed


def test_a_bug_is_shown_with_a_reference(
    as_anna: Client, run: ExportRun, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(pieces: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr("exports.survey.take", breaks)
    failed = counted(run, anna)
    assert (failed.status, failed.code) == (Status.FAILED, "our_fault")
    assert failed.facts["reference"] in text(ask(as_anna, run))


def test_the_figures_stay_when_the_file_goes(as_anna: Client, run: ExportRun, anna: User) -> None:
    counted(run, anna)
    retention.remove(run, by=anna)
    page = text(ask(as_anna, ExportRun.objects.get(pk=run.pk)))
    assert "3, all different" in page


def test_what_was_not_counted_in_time_says_so(as_anna: Client, run: ExportRun, anna: User) -> None:
    retention.remove(run, by=anna)
    page = text(ask(as_anna, run))
    assert "not counted while the file was here" in page
    assert '<button class="btn btn-1">' not in page
    with pytest.raises(NotOffered):
        actions.survey(ExportRun.objects.get(pk=run.pk), by=anna)
    followed = as_anna.post(reverse("exports:run_survey", args=[run.pk]), follow=True)
    assert "nothing in it can be counted" in text(followed)


def test_runs_without_rows_say_why(as_anna: Client, segment: SavedSegment) -> None:
    assert "not here yet" in text(ask(as_anna, made.preparing(segment)))
    assert "Nobody is in this file." in text(ask(as_anna, looked.table(segment, [])))
    assert ask(as_anna, made.failed(segment)).status_code == 409
    assert ask(as_anna, made.failed(segment), "run_survey_live").status_code == 404


@pytest.mark.parametrize("name", ["run_columns", "run_survey_live"])
def test_anonymous_another_and_wrong_method(as_jonas: Client, run: ExportRun, name: str) -> None:
    assert ask(Client(), run, name)["Location"].startswith("/accounts/login/")
    assert ask(as_jonas, run, name).status_code == 404
    assert ask(as_jonas, run, name, "post").status_code == 405


def test_another_cannot_have_it_counted(as_jonas: Client, run: ExportRun) -> None:
    assert ask(as_jonas, run, "run_survey", "post").status_code == 404
    assert not Survey.objects.exists()


def test_who_may_not_download_has_nothing_counted(as_anna: Client, anna: User, run: ExportRun) -> None:
    group = anna.groups.get()
    group.permissions.remove(group.permissions.get(codename="download_exportrun"))
    assert ask(as_anna, run, "run_survey", "post").status_code == 403
    assert "<form" not in text(ask(as_anna, run)).partition('id="survey"')[2].partition("</section>")[0]
