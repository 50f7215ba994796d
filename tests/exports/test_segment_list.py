"""The list of saved segments: searched, filtered, each with how its last run went."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Credential
from exports import actions
from exports.models import ExportFile, ExportRun, SavedSegment
from exports.spec import ColumnChoice, ConsentSpec
from runs.models import Status

URL, ROWS = "/segments/", "/segments/rows/"
SPEC = ConsentSpec(segments=(ColumnChoice("s", "S", column="S"),))


def save(key: Credential, name: str) -> SavedSegment:
    return actions.save_segment(by=key.owner, account=key.account, name=name, spec=SPEC)


def run_of(segment: SavedSegment, key: Credential, status: str, *, minutes: int = 6, rows: int = 48_310) -> ExportRun:
    """Write a run that went so, without taking its steps."""
    now = timezone.now()
    over = status not in (Status.QUEUED, Status.RUNNING)
    code = {Status.SUCCEEDED: "ready", Status.FAILED: "never_ready"}.get(Status(status), "cancelled")
    return ExportRun.objects.create(
        owner=key.owner,
        account=key.account,
        segment=segment,
        version_no=segment.version_no,
        credential=key,
        spec=segment.spec,
        spec_digest=segment.consent_spec.digest,
        status=status,
        code=code if over else "preparing",
        facts={"rows": rows, "contactable": rows // 2} if status == Status.SUCCEEDED else {},
        created_at=now - timedelta(minutes=minutes),
        changed_at=now,
        finished_at=now if over else None,
        due_at=None if over else now,
        file=_file(rows) if status == Status.SUCCEEDED else None,
    )


def _file(rows: int) -> ExportFile:
    now = timezone.now()
    return ExportFile.objects.create(
        storage_name=f"{ExportFile.objects.count()}.csv",
        media_type="text/csv",
        received_length=1,
        received_sha256="0" * 64,
        content_length=1,
        content_sha256="0" * 64,
        row_count=rows,
        header=["export_key"],
        counts={"rows": rows, "contactable": rows // 2, "consented": {}, "members": {}, "member_of_any": 0},
        made_at=now,
        expires_at=now + timedelta(days=7),
    )


def words(client: Client, url: str = URL) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def names(client: Client, url: str) -> list[str]:
    return [unescape(name) for name in re.findall(r'<th scope="row">.*?<bdi>(.*?)</bdi>', words(client, url))]


def test_a_row_says_how_the_last_run_went_and_what_it_brought(as_anna: Client, annas_key: Credential) -> None:
    run = run_of(save(annas_key, "Spring newsletter"), annas_key, "succeeded")
    page = words(as_anna)
    assert "48,310 rows, 6 min" in page
    assert "24,155 of 48,310" in page
    assert "Nordlys Handel, version 1" in page
    assert f'href="/runs/{run.pk}/"' in page
    assert 'st-ready"' in page
    for act in ("/history/", "/duplicate/", "/run/"):
        assert f"/segments/{run.segment_id}{act}" in page


def test_rows_come_from_the_last_run_that_brought_any(as_anna: Client, annas_key: Credential) -> None:
    segment = save(annas_key, "Spring newsletter")
    run_of(segment, annas_key, "succeeded", rows=1_234)
    run_of(segment, annas_key, "failed")
    page = words(as_anna)
    assert 'st-fail"' in page
    assert "1,234 rows" in page


def test_one_that_is_on_its_way_is_watched_unless_the_segment_has_changed(
    as_anna: Client, annas_key: Credential
) -> None:
    segment = save(annas_key, "Spring newsletter")
    run_of(segment, annas_key, "running")
    assert "Watch" in words(as_anna)
    actions.save_segment(
        by=annas_key.owner, account=annas_key.account, name="Spring newsletter", spec=ConsentSpec(), segment=segment
    )
    assert "Watch" not in words(as_anna)


def test_anonymous_is_sent_to_sign_in(client: Client, db: None) -> None:
    for url in (URL, ROWS):
        assert client.get(url)["Location"] == f"/accounts/login/?next={url}"


def test_anothers_segments_and_runs_are_not_there(as_jonas: Client, annas_key: Credential) -> None:
    save(annas_key, "Spring newsletter")
    assert "Spring newsletter" not in words(as_jonas)


def test_only_reading(as_anna: Client) -> None:
    for url in (URL, ROWS):
        assert as_anna.post(url).status_code == 405


@pytest.fixture
def five(annas_key: Credential) -> None:
    for name, status in (
        ("A ready", "succeeded"),
        ("B failed", "failed"),
        ("C moving", "running"),
        ("D off", "cancelled"),
    ):
        run_of(save(annas_key, name), annas_key, status)
    save(annas_key, "E new, 50% & more")


@pytest.mark.parametrize("url", [URL, ROWS])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["A ready", "B failed", "C moving", "D off", "E new, 50% & more"]),
        ("?last=ready", ["A ready"]),
        ("?last=failed", ["B failed"]),
        ("?last=working", ["C moving"]),
        ("?last=cancelled", ["D off"]),
        ("?last=never", ["E new, 50% & more"]),
        ("?q=e", ["A ready", "B failed", "E new, 50% & more"]),
        ("?q=e&last=failed", ["B failed"]),
        ("?q=50%25+%26", ["E new, 50% & more"]),
        ("?q=nothing", []),
        ("?last=nonsense", ["A ready", "B failed", "C moving", "D off", "E new, 50% & more"]),
        ("?page=nonsense", ["A ready", "B failed", "C moving", "D off", "E new, 50% & more"]),
        ("?q=%00", ["A ready", "B failed", "C moving", "D off", "E new, 50% & more"]),
    ],
)
def test_search_and_filter_stand_in_the_address(
    as_anna: Client, five: None, url: str, query: str, found: list[str]
) -> None:
    assert names(as_anna, url + query) == found


def test_chips_are_addresses_that_keep_the_search(as_anna: Client, five: None) -> None:
    chips = {chip.label: chip for chip in as_anna.get(f"{URL}?q=e&last=failed").context["chips"]}
    assert chips["Failed last time 1"].is_on
    assert chips["Failed last time 1"].href == "/segments/?q=e"
    assert chips["Ready last time 1"].href == "/segments/?q=e&last=ready"
    assert chips["Ready last time 1"].fragment == "/segments/rows/?q=e&last=ready"
    assert "Cancelled last time 0" not in chips


def test_the_fragment_is_the_list_alone_and_typing_moves_the_address(as_anna: Client, five: None) -> None:
    typed = as_anna.get(f"{ROWS}?q=e&last=", headers={"HX-Request": "true", "HX-Trigger": "search"})
    assert typed["HX-Replace-Url"] == "/segments/?q=e"
    assert "<html" not in typed.content.decode()
    assert 'hx-swap-oob="true"' in typed.content.decode()
    pressed = as_anna.get(f"{ROWS}?last=failed", headers={"HX-Request": "true"})
    assert "HX-Replace-Url" not in pressed  # the chip pushes its own address


def test_first_use_is_one_sentence_and_a_button(as_anna: Client) -> None:
    page = words(as_anna)
    assert "No saved segments yet." in page
    assert page.count("btn-1") == 1
    assert "<table" not in page


def test_filtered_to_nothing_names_the_filter(as_anna: Client, five: None) -> None:
    page = words(as_anna, f"{URL}?q=zebra&last=failed")
    assert "None of your 5 saved segments has “zebra” in its name and failed last time" in page
    assert "Clear filters" in page
    assert "<table" not in page


def test_hostile_names_stay_text(as_anna: Client, annas_key: Credential) -> None:
    save(annas_key, "<script>alert(1)</script>\u202e")
    assert "<script>alert(1)" not in words(as_anna)
    assert "<script>alert(1)" not in words(as_anna, f"{URL}?q=<script>alert(1)</script>zz")


def test_it_needs_no_more_queries_with_more_rows(
    as_anna: Client, annas_key: Credential, django_assert_max_num_queries: Any
) -> None:
    def fill(first: int, last: int) -> None:
        for number in range(first, last):
            segment = save(annas_key, f"Segment {number}")
            run_of(segment, annas_key, "succeeded")
            run_of(segment, annas_key, "failed")

    fill(0, 3)
    with django_assert_max_num_queries(30) as few:
        words(as_anna)
    fill(3, 30)
    with django_assert_max_num_queries(len(few.captured_queries)):
        words(as_anna)


def test_a_long_list_has_pages(as_anna: Client, annas_key: Credential) -> None:
    for number in range(27):
        save(annas_key, f"Segment {number:02}")
    assert len(names(as_anna, URL)) == 25
    assert names(as_anna, f"{URL}?page=2") == ["Segment 25", "Segment 26"]
    assert "1 to 25" in words(as_anna)
