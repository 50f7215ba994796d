"""Handing out the files of a run."""

from __future__ import annotations

import gzip
import tracemalloc
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import Event
from exports import retention
from exports.files import CutShort
from exports.models import Download, ExportFile, ExportRun, Grant, SavedSegment
from exports.receive import CHUNK
from tests.conftest import sign_in
from tests.exports import made
from tests.exports.taking import body, get, press, url
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)  # a download gives its connection back, and a test's with it


def taken(client: Client, run: ExportRun, form: str = "content", **headers: str) -> Any:
    """Press Download and follow to the bytes."""
    response = press(client, run, form)
    assert response["Location"] == url(run, form)
    return get(client, run, form, **headers)


def test_the_content_is_handed_out_unpacked(as_anna: Client, segment: SavedSegment) -> None:
    response = taken(as_anna, made.ready(segment))
    assert body(response) == made.CONTENT
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Length"] == str(len(made.CONTENT))


def test_the_bytes_are_handed_out_as_they_were_received(as_anna: Client, segment: SavedSegment) -> None:
    response = taken(as_anna, made.ready(segment), "received")
    assert gzip.decompress(body(response)) == made.CONTENT
    assert response["Content-Type"] == "application/gzip"
    assert response["Content-Disposition"].endswith('.csv.gz"')


def test_no_cache_and_no_browser_makes_more_of_it_than_a_file(as_anna: Client, segment: SavedSegment) -> None:
    response = taken(as_anna, made.ready(segment))
    assert response["Content-Disposition"].startswith('attachment; filename="apsis_spring-newsletter_v1_')
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, no-store"
    response.close()


@pytest.mark.parametrize("form", ["content", "received"])
def test_a_file_and_its_name_do_not_change_with_the_language(
    as_anna: Client, anna: User, segment: SavedSegment, form: str
) -> None:
    run = made.ready(segment)
    english = taken(as_anna, run, form)
    User.objects.filter(pk=anna.pk).update(language="sv")
    swedish = taken(as_anna, run, form)
    assert (body(swedish), swedish["Content-Disposition"]) == (body(english), english["Content-Disposition"])


def test_a_name_beyond_ascii_is_written_both_ways(as_anna: Client, segment: SavedSegment) -> None:
    SavedSegment.objects.filter(pk=segment.pk).update(name='Vår "kampanj" Ü\r\nX-Evil: 1')
    response = taken(as_anna, made.ready(segment))
    header = response["Content-Disposition"]
    response.close()
    assert 'filename="apsis_var-kampanj-u-x-evil-1_v1_' in header
    assert "filename*=UTF-8''apsis_v%C3%A5r-kampanj-%C3%BC-x-evil-1_v1_" in header
    assert "\n" not in header


def test_the_download_is_in_the_audit_history(as_anna: Client, anna: User, segment: SavedSegment) -> None:
    body(taken(as_anna, made.ready(segment)))
    event = Event.objects.get(action="file.downloaded")
    assert event.actor == anna
    assert event.facts == {"form": "content", "people": 1000}


def test_asking_for_the_headers_alone_hands_out_nothing(as_anna: Client, segment: SavedSegment) -> None:
    run = made.ready(segment)
    press(as_anna, run)
    response = as_anna.head(url(run))
    assert (response.status_code, response.content) == (200, b"")
    assert response["Content-Length"] == str(len(made.CONTENT))
    assert response["Content-Disposition"].startswith("attachment")
    part = as_anna.head(url(run, "received"), headers={"Range": "bytes=0-1"})
    assert part.status_code == 302
    assert not Event.objects.filter(action="file.downloaded").exists()


def test_memory_stays_flat_whatever_the_size(as_anna: Client, segment: SavedSegment) -> None:
    run = made.ready(segment)
    assert run.file
    default_storage.delete(run.file.storage_name)
    with default_storage.open(run.file.storage_name, "wb") as stored, gzip.open(stored, "wb", 1) as packed:
        for _ in range(40):
            packed.write(b"0123456789abcdef" * 65_536)
    response = taken(as_anna, run)
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
    assert press(as_anna, run).status_code == 404


def test_a_run_without_a_file_has_none(as_anna: Client, segment: SavedSegment) -> None:
    assert get(as_anna, made.preparing(segment)).status_code == 404


@pytest.mark.parametrize("form", ["excel", "CONTENT", "content%00", "%2e%2e"])
def test_a_form_that_does_not_exist_is_not_there(as_anna: Client, segment: SavedSegment, form: str) -> None:
    assert as_anna.get(f"/runs/{made.ready(segment).pk}/files/{form}/").status_code == 404


def test_it_is_read_only(as_anna: Client, segment: SavedSegment) -> None:
    assert as_anna.post(url(made.ready(segment))).status_code == 405


# ── Leave to download ────────────────────────────────────────────────────────────────────────────────────────


def test_without_leave_one_is_led_to_the_page_that_asks(as_anna: Client, segment: SavedSegment) -> None:
    run = made.ready(segment)
    for method in (as_anna.get, as_anna.head):
        response = method(url(run))
        assert (response.status_code, response["Location"]) == (302, url(run, take=True))
    assert not Event.objects.filter(action="file.downloaded").exists()


def test_leave_is_for_one_form_of_one_file(as_anna: Client, segment: SavedSegment) -> None:
    run, other = made.ready(segment), made.ready(segment)
    press(as_anna, run)
    assert get(as_anna, run, "received").status_code == 302
    assert get(as_anna, other).status_code == 302


def test_leave_is_for_one_session(as_anna: Client, anna: User, segment: SavedSegment) -> None:
    run = made.ready(segment)
    body(taken(as_anna, run))
    elsewhere = sign_in(Client(), anna)
    assert get(elsewhere, run).status_code == 302
    body(taken(elsewhere, run))
    as_anna.post("/accounts/logout/")
    sign_in(as_anna, anna)
    assert get(as_anna, run).status_code == 302


def test_the_keys_of_sessions_are_not_kept(as_anna: Client, segment: SavedSegment) -> None:
    press(as_anna, made.ready(segment))
    kept = Grant.objects.get().session
    assert len(kept) == 64
    assert str(as_anna.session.session_key) not in kept


def test_leave_that_another_got_in_the_same_browser_is_no_leave(
    as_anna: Client, jonas: User, segment: SavedSegment
) -> None:
    run = made.ready(segment)
    press(as_anna, run)
    Grant.objects.update(person=jonas)
    assert get(as_anna, run).status_code == 302


def test_leave_ends_with_the_file(as_anna: Client, segment: SavedSegment) -> None:
    run = made.ready(segment)
    body(taken(as_anna, run, "received"))
    ExportFile.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert get(as_anna, run, "received").status_code == 404
    assert get(as_anna, run, "received", Range="bytes=5-").status_code == 404


# ── Parts ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def run(as_anna: Client, segment: SavedSegment) -> ExportRun:
    """A run whose file Anna has leave to download as it was received."""
    run = made.ready(segment)
    press(as_anna, run, "received")
    return run


@pytest.fixture
def whole(run: ExportRun) -> bytes:
    """Its bytes as they were received."""
    assert run.file
    with default_storage.open(run.file.storage_name) as file:
        return bytes(file.read())


def test_stored_bytes_say_that_they_come_in_parts(as_anna: Client, run: ExportRun, whole: bytes) -> None:
    response = get(as_anna, run, "received")
    assert body(response) == whole
    assert run.file
    assert response["ETag"] == f'"{run.file.received_sha256}"'
    assert response["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(("asked", "cut"), [("0-", slice(0, None)), ("5-9", slice(5, 10)), ("-7", slice(-7, None))])
def test_a_part_is_handed_out(as_anna: Client, run: ExportRun, whole: bytes, asked: str, cut: slice) -> None:
    response = get(as_anna, run, "received", Range=f"bytes={asked}")
    part = body(response)
    assert (response.status_code, part) == (206, whole[cut])
    first = range(len(whole))[cut][0]
    assert response["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{len(whole)}"
    assert response["Content-Length"] == str(len(part))
    assert response["Content-Disposition"].endswith('.csv.gz"')
    assert response["Cache-Control"] == "private, no-store"


def test_several_parts_are_answered_with_the_whole(as_anna: Client, run: ExportRun, whole: bytes) -> None:
    response = get(as_anna, run, "received", Range="bytes=0-1, 5-9")
    assert (response.status_code, body(response)) == (200, whole)


@pytest.mark.parametrize("asked", ["bytes=100000-", "bytes=-0", "bytes=100000-, 200000-"])
def test_what_lies_behind_the_end_cannot_be_had(as_anna: Client, run: ExportRun, whole: bytes, asked: str) -> None:
    response = get(as_anna, run, "received", Range=asked)
    assert (response.status_code, response.content) == (416, b"")
    assert response["Content-Range"] == f"bytes */{len(whole)}"
    assert not Event.objects.filter(action="file.downloaded").exists()


def test_a_part_of_what_was_seen_before_is_one(as_anna: Client, run: ExportRun, whole: bytes) -> None:
    assert run.file
    same = get(as_anna, run, "received", Range="bytes=5-", If_Range=f'"{run.file.received_sha256}"')
    assert (same.status_code, body(same)) == (206, whole[5:])


@pytest.mark.parametrize("seen", ['"another"', "W/{}", "Thu, 26 Nov 2026 03:00:00 GMT", ""])
def test_a_part_of_something_else_is_the_whole(as_anna: Client, run: ExportRun, whole: bytes, seen: str) -> None:
    assert run.file
    other = get(as_anna, run, "received", Range="bytes=5-", If_Range=seen.format(f'"{run.file.received_sha256}"'))
    assert (other.status_code, body(other)) == (200, whole)


def test_what_is_there_already_is_not_sent_again(as_anna: Client, run: ExportRun) -> None:
    assert run.file
    same = get(as_anna, run, "received", If_None_Match=f'"{run.file.received_sha256}"')
    assert same.status_code == 304
    assert same["Cache-Control"] == "private, no-store"
    assert get(as_anna, run, "received", If_Match='"another"', Range="bytes=5-").status_code == 412
    assert not Event.objects.filter(action="file.downloaded").exists()


def test_what_is_unpacked_on_its_way_comes_whole(as_anna: Client, segment: SavedSegment) -> None:
    response = taken(as_anna, made.ready(segment), Range="bytes=5-")
    assert (response.status_code, body(response)) == (200, made.CONTENT)
    assert response["Accept-Ranges"] == "none"


def test_what_came_unpacked_comes_in_parts(as_anna: Client, segment: SavedSegment) -> None:
    run = made.ready(segment)
    assert run.file
    default_storage.delete(run.file.storage_name)
    default_storage.save(run.file.storage_name, ContentFile(made.CONTENT))
    ExportFile.objects.update(encoding="")
    response = taken(as_anna, run, Range="bytes=5-")
    assert (response.status_code, body(response)) == (206, made.CONTENT[5:])


def test_a_part_that_disappeared_breaks_off(as_anna: Client, run: ExportRun, whole: bytes) -> None:
    ExportFile.objects.update(received_length=len(whole) + 1)
    with pytest.raises(CutShort):
        body(get(as_anna, run, "received"))


def test_who_has_the_file_open_when_it_is_removed_gets_it_whole_and_then_nothing(
    as_anna: Client, anna: User, run: ExportRun, whole: bytes
) -> None:
    under_way = get(as_anna, run, "received")
    retention.remove(ExportRun.objects.get(pk=run.pk), by=anna)
    assert run.file
    assert not default_storage.exists(run.file.storage_name)
    assert body(under_way) == whole
    assert get(as_anna, run, "received", Range="bytes=5-").status_code == 404


# ── What counts as a download ────────────────────────────────────────────────────────────────────────────────


def events() -> int:
    return Event.objects.filter(action="file.downloaded").count()


def test_what_is_resumed_is_the_same_download(as_anna: Client, run: ExportRun, whole: bytes) -> None:
    first = get(as_anna, run, "received")
    first.close()  # before a byte was sent
    for part in ("bytes=5-9", "bytes=10-", "bytes=-3"):
        body(get(as_anna, run, "received", Range=part))
    download = Download.objects.get()
    assert download.bytes_sent == 5 + len(whole) - 10 + 3
    assert events() == 1


@pytest.mark.parametrize("again", [{}, {"Range": "bytes=0-"}, {"Range": "bytes=-100000"}])
def test_what_begins_again_is_another_download(as_anna: Client, run: ExportRun, again: dict[str, str]) -> None:
    body(get(as_anna, run, "received"))
    body(get(as_anna, run, "received", **again))
    assert Download.objects.count() == events() == 2


def test_nobody_takes_a_file_unseen_by_leaving_out_its_first_byte(as_anna: Client, run: ExportRun) -> None:
    body(get(as_anna, run, "received", Range="bytes=1-"))
    assert events() == 1
    body(get(as_anna, run, "received", Range="bytes=0-0"))
    assert events() == 1, "the beginning belongs to the rest of it"
    body(get(as_anna, run, "received", Range="bytes=0-0"))
    assert events() == 2


def test_what_was_sent_is_counted_when_it_breaks_off(as_anna: Client, segment: SavedSegment) -> None:
    run = made.ready(segment)
    assert run.file
    default_storage.delete(run.file.storage_name)
    default_storage.save(run.file.storage_name, ContentFile(b"x" * 3 * CHUNK))
    ExportFile.objects.update(received_length=3 * CHUNK)
    response = taken(as_anna, run, "received")
    pieces = iter(response.streaming_content)
    next(pieces), next(pieces)
    response.close()
    assert Download.objects.get().bytes_sent == CHUNK, "the second has not left yet"


def test_parts_asked_for_at_once_are_one_download(as_anna: Client, run: ExportRun) -> None:
    cookies = as_anna.cookies

    def ask(number: int) -> int:
        client = Client()
        client.cookies = cookies
        response = get(client, run, "received", Range=f"bytes={number * 5}-")
        body(response)
        return int(response.status_code)

    assert set(at_once(8, ask)) == {206}
    assert Download.objects.count() == events() == 1
