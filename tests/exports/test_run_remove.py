"""Removing a run's file before its time: asked twice, told to everybody, and not undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Event
from audit.sentences import sentence
from exports.models import ExportFile, ExportRun, SavedSegment
from tests.conftest import sign_in
from tests.exports import made
from tests.exports.taking import body, get, press

pytestmark = pytest.mark.django_db(transaction=True)  # bytes go when the row is committed


@pytest.fixture
def run(segment: SavedSegment) -> ExportRun:
    return made.ready(segment)


def url(run: ExportRun) -> str:
    return reverse("exports:run_remove", args=[run.pk])


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def is_kept(run: ExportRun) -> bool:
    assert run.file
    return default_storage.exists(run.file.storage_name)


def test_the_page_says_what_goes_and_what_stays(as_anna: Client, run: ExportRun) -> None:
    assert f'href="{url(run)}"' in text(as_anna.get(run.get_absolute_url()))
    page = text(as_anna.get(url(run)))
    assert "Remove the file now?" in page
    assert "Its 1,000 rows and everything made of them are deleted from this desk" in page
    assert "not reached" not in page
    press(as_anna, run)
    body(get(as_anna, run))
    assert "Downloaded once, by anna: copies that were downloaded are not reached." in text(as_anna.get(url(run)))
    assert is_kept(run)


def test_a_press_removes_it_and_the_record_stays(as_anna: Client, anna: User, run: ExportRun) -> None:
    response = as_anna.post(url(run))
    assert response["Location"] == run.get_absolute_url()
    assert not is_kept(run)
    page = text(as_anna.get(run.get_absolute_url()))
    assert "anna removed the file" in page
    assert "Nobody has downloaded it yet." in page
    assert "Run again with today" in page
    assert url(run) not in page
    assert press(as_anna, run).status_code == 404
    event = Event.objects.get(action="file.removed")
    assert event.actor == anna
    assert sentence(event).startswith(f"anna removed the file of {run}")


def test_what_is_gone_is_not_removed_again(as_anna: Client, run: ExportRun) -> None:
    as_anna.post(url(run))
    assert "This run has no file here." in text(as_anna.get(url(run)))
    response = as_anna.post(url(run), follow=True)
    assert "This run has no file here, so nothing has changed." in text(response)
    assert Event.objects.filter(action="file.removed").count() == 1


def test_a_run_without_a_file_has_nothing_to_remove(as_anna: Client, segment: SavedSegment) -> None:
    run = made.preparing(segment)
    assert "There is nothing to remove." in text(as_anna.get(url(run)))
    assert as_anna.post(url(run)).status_code == 302


def test_what_expired_needs_nobody(as_anna: Client, run: ExportRun) -> None:
    assert run.file
    ExportFile.objects.update(expires_at=run.file.made_at - timedelta(days=1))
    assert "There is nothing to remove." in text(as_anna.get(url(run)))


def test_nobody_in_particular_is_led_to_the_gate(client: Client, run: ExportRun) -> None:
    assert client.post(url(run))["Location"].startswith("/accounts/login/")
    assert is_kept(run)


def test_anothers_file_stays(as_jonas: Client, run: ExportRun) -> None:
    assert as_jonas.get(url(run)).status_code == 404
    assert as_jonas.post(url(run)).status_code == 404
    assert is_kept(run)


def test_who_works_with_no_runs_is_refused(maria: User, run: ExportRun) -> None:
    assert sign_in(Client(), maria).post(url(run)).status_code == 403
    assert is_kept(run)


def test_it_is_not_put(as_anna: Client, run: ExportRun) -> None:
    assert as_anna.put(url(run)).status_code == 405
