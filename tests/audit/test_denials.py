"""Attempts that came to nothing are in the audit history, and the answers are what they would be without it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError, transaction
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory

from accounts.models import Credential, User
from audit import actions, denials
from audit.models import Event
from audit.sentences import sentence
from exports.models import ExportRun
from tests.exports.test_segment_list import run_of, save


@pytest.fixture
def annas_run(annas_key: Credential) -> ExportRun:
    return run_of(save(annas_key, "Spring"), annas_key, "succeeded")


def test_anothers_run_and_segment_are_404_and_written_down(as_jonas: Client, jonas: User, annas_run: ExportRun) -> None:
    for url, of in ((f"/runs/{annas_run.pk}/", annas_run), (f"/segments/{annas_run.segment_id}/", annas_run.segment)):
        before = Event.objects.count()
        assert as_jonas.get(url).status_code == 404
        told = Event.objects.get(action="access.denied", target=str(of))
        assert told.actor == jonas
        assert told.target_key == f"{of._meta.label_lower}:{of.pk}"
        assert sentence(told) == f"jonas was refused {of}: it is not theirs"
        assert Event.objects.count() == before + 1


def test_what_is_nobodys_is_404_and_no_event(as_jonas: Client, annas_run: ExportRun) -> None:
    assert as_jonas.get("/runs/4711/").status_code == 404
    assert as_jonas.get("/runs/99999999999999999999999/").status_code == 404
    assert not Event.objects.filter(action="access.denied").exists()


def test_ones_own_is_no_event(as_anna: Client, annas_run: ExportRun) -> None:
    assert as_anna.get(f"/runs/{annas_run.pk}/").status_code == 200
    assert not Event.objects.filter(action__startswith="access.").exists()


def test_a_page_that_is_not_for_somebody_is_written_down(karin: User) -> None:
    client = Client()
    client.force_login(karin)
    assert client.get("/runs/").status_code == 403
    told = Event.objects.get(action="access.forbidden")
    assert (told.actor, told.target, told.facts) == (karin, "/runs/", {"method": "GET"})
    assert sentence(told) == "karin was refused the page /runs/"


def test_somebody_who_is_not_signed_in_is_only_led_to_the_gate(client: Client, db: None) -> None:
    client.get("/runs/")
    client.get("/admin/audit/event/")
    assert not Event.objects.exists()


def test_a_broken_transaction_does_not_change_the_answer(
    rf: RequestFactory, anna: User, jonas: User, annas_run: ExportRun, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(actions, "record", fail)
    request = rf.get("/")
    request.user = jonas
    with pytest.raises(Http404), transaction.atomic():
        denials.own_or_404(request, ExportRun.objects.visible_to(jonas), pk=annas_run.pk)
    answer = denials.refusals(lambda request: HttpResponse(status=403))(request)
    assert answer.status_code == 403
    assert caplog.text.count("could not be written to the audit history") == 2
    assert ExportRun.objects.filter(pk=annas_run.pk).exists()


def test_too_many_tries_are_written_down_once_a_minute(rf: RequestFactory, anna: User) -> None:
    cache.clear()
    request = rf.get("/")
    request.user = anna
    answer = denials.refusals(lambda request: HttpResponse(status=429))
    for _ in range(5):
        assert answer(request).status_code == 429
    assert Event.objects.filter(action="session.throttled").count() == 1
