"""Handing out the files of a run."""

from __future__ import annotations

import gzip
import tracemalloc
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Event
from exports.models import ExportRun, SavedSegment
from tests.exports import made


def get(client: Client, run: ExportRun, form: str = "content", method: str = "get") -> Any:
    return getattr(client, method)(reverse("exports:run_download", args=[run.pk, form]))


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_the_content_is_handed_out_unpacked(as_anna: Client, segment: SavedSegment) -> None:
    response = get(as_anna, made.ready(segment))
    assert body(response) == made.CONTENT
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Length"] == str(len(made.CONTENT))


def test_the_bytes_are_handed_out_as_they_were_received(as_anna: Client, segment: SavedSegment) -> None:
    response = get(as_anna, made.ready(segment), "received")
    assert gzip.decompress(body(response)) == made.CONTENT
    assert response["Content-Type"] == "application/gzip"
    assert response["Content-Disposition"].endswith('.csv.gz"')


def test_no_cache_and_no_browser_makes_more_of_it_than_a_file(as_anna: Client, segment: SavedSegment) -> None:
    response = get(as_anna, made.ready(segment))
    assert response["Content-Disposition"].startswith('attachment; filename="apsis_spring-newsletter_v1_')
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, no-store"


def test_a_name_beyond_ascii_is_written_both_ways(as_anna: Client, segment: SavedSegment) -> None:
    SavedSegment.objects.filter(pk=segment.pk).update(name='Vår "kampanj" Ü\r\nX-Evil: 1')
    header = get(as_anna, made.ready(segment))["Content-Disposition"]
    assert 'filename="apsis_var-kampanj-u-x-evil-1_v1_' in header
    assert "filename*=UTF-8''apsis_v%C3%A5r-kampanj-%C3%BC-x-evil-1_v1_" in header
    assert "\n" not in header


@pytest.mark.django_db(transaction=True)  # the view gives its connection back, and with it a test's own transaction
def test_the_download_is_in_the_audit_history(as_anna: Client, anna: User, segment: SavedSegment) -> None:
    body(get(as_anna, made.ready(segment)))
    event = Event.objects.get(action="file.downloaded")
    assert event.actor == anna
    assert event.facts == {"form": "content", "rows": 1000}


def test_asking_for_the_headers_alone_hands_out_nothing(as_anna: Client, segment: SavedSegment) -> None:
    response = get(as_anna, made.ready(segment), method="head")
    assert (response.status_code, response.content) == (200, b"")
    assert response["Content-Length"] == str(len(made.CONTENT))
    assert response["Content-Disposition"].startswith("attachment")
    assert not Event.objects.filter(action="file.downloaded").exists()


def test_memory_stays_flat_whatever_the_size(as_anna: Client, segment: SavedSegment) -> None:
    run = made.ready(segment)
    assert run.file
    default_storage.delete(run.file.storage_name)
    with default_storage.open(run.file.storage_name, "wb") as stored, gzip.open(stored, "wb", 1) as packed:
        for _ in range(40):
            packed.write(b"0123456789abcdef" * 65_536)
    response = get(as_anna, run)
    tracemalloc.start()
    try:
        total = sum(map(len, response.streaming_content))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == 40 * 1024 * 1024
    assert peak < 12 * 1024 * 1024


def test_nobody_in_particular_is_led_to_the_gate(client: Client, segment: SavedSegment) -> None:
    assert get(client, made.ready(segment)).status_code == 302


def test_anothers_file_is_not_there(as_jonas: Client, segment: SavedSegment) -> None:
    assert get(as_jonas, made.ready(segment)).status_code == 404
    assert not Event.objects.filter(action="file.downloaded").exists()


def test_who_has_no_right_to_files_is_refused(client: Client, maria: User, segment: SavedSegment) -> None:
    client.force_login(maria)
    assert get(client, made.ready(segment)).status_code == 403


def test_an_expired_file_is_not_there(as_anna: Client, segment: SavedSegment) -> None:
    assert get(as_anna, made.ready(segment, kept=timedelta(seconds=-1))).status_code == 404


def test_a_file_whose_bytes_vanished_is_not_there(as_anna: Client, segment: SavedSegment) -> None:
    run = made.ready(segment)
    assert run.file
    default_storage.delete(run.file.storage_name)
    assert get(as_anna, run).status_code == 404


def test_a_run_without_a_file_has_none(as_anna: Client, segment: SavedSegment) -> None:
    assert get(as_anna, made.preparing(segment)).status_code == 404


@pytest.mark.parametrize("form", ["excel", "CONTENT", "content%00", "%2e%2e"])
def test_a_form_that_does_not_exist_is_not_there(as_anna: Client, segment: SavedSegment, form: str) -> None:
    assert as_anna.get(f"/runs/{made.ready(segment).pk}/files/{form}/").status_code == 404


def test_it_is_read_only(as_anna: Client, segment: SavedSegment) -> None:
    assert get(as_anna, made.ready(segment), method="post").status_code == 405
