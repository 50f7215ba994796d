"""Asking a run to stop."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Event
from exports import actions
from exports.models import ExportRun, SavedSegment
from runs.models import Status
from tests.exports import made
from tests.exports.conftest import Stepper


def cancel(client: Client, run: ExportRun) -> int:
    return client.post(reverse("exports:run_cancel", args=[run.pk])).status_code


def test_a_run_is_stopped_at_its_next_step(as_anna: Client, anna: User, segment: SavedSegment, steps: Stepper) -> None:
    run = steps.step(actions.start(segment, by=anna, now=steps.now))
    response = as_anna.post(reverse("exports:run_cancel", args=[run.pk]))
    assert response.status_code == 302
    assert response.url == run.get_absolute_url()
    page = as_anna.get(response.url).content.decode()
    assert "<em>Stopping</em>" in page
    run = steps.step(run)
    assert (run.status, run.file) == (Status.CANCELLED, None)
    page = as_anna.get(run.get_absolute_url()).content.decode()
    assert "Cancelled at" in page
    assert "No file was fetched." in page
    assert set(Event.objects.values_list("action", flat=True)) >= {"run.cancel_asked", "run.cancelled"}


def test_asking_twice_is_asking_once(as_anna: Client, segment: SavedSegment) -> None:
    run = made.preparing(segment)
    assert cancel(as_anna, run) == cancel(as_anna, run) == 302
    assert Event.objects.filter(action="run.cancel_asked").count() == 1


def test_a_run_that_is_over_stays_as_it_is_and_the_page_says_so(as_anna: Client, segment: SavedSegment) -> None:
    run = made.ready(segment)
    response = as_anna.post(reverse("exports:run_cancel", args=[run.pk]), follow=True)
    assert "over before you cancelled it" in response.content.decode()
    run.refresh_from_db()
    assert (run.status, run.cancel_asked_at) == (Status.SUCCEEDED, None)


def test_nobody_in_particular_is_led_to_the_gate(client: Client, segment: SavedSegment) -> None:
    run = made.preparing(segment)
    assert cancel(client, run) == 302
    run.refresh_from_db()
    assert run.cancel_asked_at is None


def test_anothers_run_is_not_there(as_jonas: Client, segment: SavedSegment) -> None:
    run = made.preparing(segment)
    assert cancel(as_jonas, run) == 404
    run.refresh_from_db()
    assert run.cancel_asked_at is None


def test_who_has_no_right_to_it_is_refused(client: Client, maria: User, segment: SavedSegment) -> None:
    client.force_login(maria)
    assert cancel(client, made.preparing(segment)) == 403


def test_a_link_cannot_stop_a_run(as_anna: Client, segment: SavedSegment) -> None:
    assert as_anna.get(reverse("exports:run_cancel", args=[made.preparing(segment).pk])).status_code == 405


def test_another_site_cannot_stop_a_run(anna: User, segment: SavedSegment) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)
    assert cancel(client, made.preparing(segment)) == 403


def test_a_run_that_never_was(as_anna: Client) -> None:
    assert as_anna.post(reverse("exports:run_cancel", args=[987654321])).status_code == 404
