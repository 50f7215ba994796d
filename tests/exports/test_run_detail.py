"""A run's page."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Credential, User
from exports import actions
from exports.models import ExportRun, SavedSegment
from exports.spec import ColumnChoice, TopicChoice
from runs.models import Status
from tests.exports import made
from tests.exports.conftest import Stepper


def html(client: Client, run: ExportRun) -> str:
    response = client.get(run.get_absolute_url())
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_of_a_run_at_the_vendor(as_anna: Client, segment: SavedSegment) -> None:
    for seconds in (246, 540):
        made.ready(segment, ready_at=3 + seconds, finished_at=20 + seconds)
    run = made.preparing(segment)
    page = html(as_anna, run)
    assert f"<title>Preparing at APSIS · Spring newsletter, run {run.pk} · Consent Desk</title>" in page
    assert "<em>Preparing at APSIS</em>" in page
    assert 'class="gauge"' in page
    assert "4 to 9 minutes" in page
    assert "in the last 2 runs" in page
    assert "Asked 3 times" in page
    assert "Close the page" in page
    assert "data-poll>" in page
    assert 'hx-trigger="every 5s"' in page
    assert "APSIS may still finish its side; nothing will be downloaded." in page
    assert page.count("<h1>") == 1


def test_the_first_run_of_a_segment_says_so_in_place_of_a_gauge(as_anna: Client, segment: SavedSegment) -> None:
    page = html(as_anna, made.preparing(segment))
    assert "First run" in page
    assert 'class="gauge"' not in page


def test_a_run_through_the_real_machinery_is_shown_at_every_step(
    as_anna: Client, anna: User, segment: SavedSegment, steps: Stepper
) -> None:
    run = actions.start(segment, by=anna, now=steps.now)
    seen = ["Waiting to start" in html(as_anna, run)]
    run = steps.step(run)
    seen.append("Preparing at APSIS" in html(as_anna, run))
    run = steps.to_the_end(run)
    page = html(as_anna, run)
    assert all(seen)
    assert "Ready and verified at" in page
    assert "to scale" in page
    assert f"{run.file.row_count:,}" in page
    assert run.file.content_sha256 in page
    assert run.file.received_sha256 in page
    assert "data-poll " not in page
    assert reverse("exports:run_download", args=[run.pk, "received"]) in page


def test_the_figures_of_a_ready_run(as_anna: Client, segment: SavedSegment) -> None:
    page = html(as_anna, made.ready(segment))
    assert "You may contact 710 of these 1,000 people." in page
    assert "Email 650, SMS 260, both 200" in page
    assert "<b>650</b> of 1,000 people, 65 %" in page
    assert "290 may not be contacted" in page
    assert "900 of 1,000 say 1" in page
    assert "Key at APSIS" in page
    assert "an address, not consent" in page


def test_a_run_that_nobody_matched(as_anna: Client, segment: SavedSegment) -> None:
    page = html(as_anna, made.ready(segment, rows=0))
    assert "Ready: nobody matched." in page
    assert "nobody is in the segment" in page
    assert "Change the segment" in page


def test_bytes_that_are_gone_leave_their_figures(as_anna: Client, segment: SavedSegment) -> None:
    run = made.ready(segment, kept=timedelta(days=-2))
    assert run.file
    page = html(as_anna, run)
    assert "<title>Removed · " in page
    assert "The file was kept until" in page
    assert "You may contact" not in page
    assert "710" in page
    assert run.file.content_sha256 in page
    assert "Run again with today’s data" in page
    assert reverse("exports:run_download", args=[run.pk, "content"]) not in page


def test_bytes_that_vanished_are_not_offered(as_anna: Client, segment: SavedSegment) -> None:
    run = made.ready(segment)
    assert run.file
    default_storage.delete(run.file.storage_name)
    page = html(as_anna, run)
    assert "The file is no longer here." in page
    assert "download>" not in page


def test_a_failure_says_what_happened_what_it_means_and_what_to_do(as_anna: Client, segment: SavedSegment) -> None:
    run = made.failed(segment)
    page = html(as_anna, run)
    assert "<title>Failed · " in page
    assert "APSIS One could not make this file." in page
    assert "No file was made." in page
    assert "Asking for the same file will not help." in page
    remedies = page.partition("What it means")[2].partition("What has happened")[0]
    assert "Start the run again." not in remedies, "what to do stands in the first remedy already"
    assert "Likely to help" in page
    assert reverse("exports:run_create", args=[segment.pk]) in page
    assert f"run-{run.pk}-c{run.claim_no}" in page
    assert "503 Service Unavailable" in page
    assert "503" not in page.partition("<h1>")[2].partition("</h1>")[0]


def test_a_refused_key_leads_to_the_credentials(as_anna: Client, segment: SavedSegment) -> None:
    page = html(as_anna, made.failed(segment, "key_refused"))
    assert page.count(f'href="{reverse("accounts:credential_list")}"') >= 3  # the rail, the button, the step


def test_a_fault_of_ours_shows_the_reference_that_was_logged(as_anna: Client, segment: SavedSegment) -> None:
    page = html(as_anna, made.failed(segment, "our_fault", facts={"reference": "run-9-c3"}))
    assert "Something broke on our side" in page
    assert "run-9-c3" in page


def test_attempts_are_listed_when_there_was_more_than_one(as_anna: Client, segment: SavedSegment) -> None:
    say = {"say": "APSIS One could not make this file. Nothing is lost."}
    lines = [(3, "requested", {}, "info", 1), (60, "gave_up", say, "bad", 1), (70, "requested", {}, "info", 2)]
    assert "2 attempts" in html(as_anna, made.preparing(segment, lines=lines, attempt=2))
    assert "attempts" not in html(as_anna, made.preparing(segment))


@pytest.mark.parametrize(
    ("code", "facts", "words"),
    [
        ("waiting_in_line", {}, "The line at APSIS, account Nordlys Handel"),
        ("answer_lost", {"again_at": "2026-06-02T14:03:00+00:00"}, "a second request at once could make a second copy"),
        ("retrying", {"say": "Gone. Start again.", "attempt": 2, "of": 3}, "Attempt 2 of 3."),
        ("asking", {}, "APSIS has not answered yet."),
    ],
)
def test_what_a_run_waits_for_is_said(
    as_anna: Client, segment: SavedSegment, code: str, facts: dict[str, object], words: str
) -> None:
    assert words in html(as_anna, made.run(segment, code, facts=facts, started_at=1))


def test_the_line_shows_places_and_names_nobody(
    as_anna: Client, segment: SavedSegment, jonas: User, jonas_key: Credential
) -> None:
    its = actions.save_segment(by=jonas, account=segment.account, name="Secret plan", spec=segment.consent_spec)
    made.preparing(its)
    made.run(its, "waiting_in_line")
    mine = made.run(segment, "waiting_in_line")
    page = html(as_anna, mine)
    rows = re.findall(r"<tr>(.*?)</tr>", page.partition("Runs at APSIS and in line for it")[2], re.S)
    told = [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in rows]
    assert told[1].startswith("Preparing A colleague’s")
    assert told[2:4] == ["Next A colleague’s not yet", "Number 2 This run not yet"]
    assert "Number 2 in line at APSIS" in page
    assert "Secret plan" not in page
    assert "Jonas" not in page


def test_a_place_that_moves_is_news_and_one_that_does_not_is_none(
    as_anna: Client, segment: SavedSegment, django_assert_max_num_queries: Any
) -> None:
    first, mine = (made.run(segment, "waiting_in_line") for _ in range(2))
    polled = re.search(r'hx-get="([^"]+)"', html(as_anna, mine)).group(1).replace("&amp;", "&")
    with django_assert_max_num_queries(4):  # two of them are the session's
        assert as_anna.get(polled).status_code == 204
    ExportRun.objects.filter(pk=first.pk).update(asked_at=timezone.now())
    news = as_anna.get(polled)
    assert news.status_code == 200
    assert "Next in line at APSIS" in news.content.decode()


def test_bytes_on_their_way_are_counted_and_no_total_is_made_up(as_anna: Client, segment: SavedSegment) -> None:
    facts = {"bytes": 12_345_678, "total": 48_100_000, "seconds": 9.0}
    known = html(as_anna, made.preparing(segment, code="fetching", ready_at=60, facts=facts))
    assert "12.3\u00a0MB <small>of 48.1\u00a0MB</small>" in known
    assert "1.4\u00a0MB a second on average" in known
    unknown = html(as_anna, made.preparing(segment, code="fetching", ready_at=60, facts=facts | {"total": None}))
    assert "APSIS does not say how much is to come." in unknown
    early = html(as_anna, made.preparing(segment, code="fetching", ready_at=60, facts={"bytes": 9, "seconds": 0.1}))
    assert "a second on average" not in early


def test_older_hops_are_folded(as_anna: Client, segment: SavedSegment) -> None:
    lines = [(n, "still_preparing", {"count": n}) for n in range(12)]
    page = html(as_anna, made.preparing(segment, lines=lines))
    newest = page.partition('id="run-newest"')[2].partition("</ol>")[0]
    older = page.partition('id="run-older"')[2].partition("</ol>")[0]
    assert newest.count("<li") == 8
    assert older.count("<li") == 4
    assert "Question 11." in newest
    few = html(as_anna, made.preparing(segment))
    assert '<ol class="log" id="run-older"></ol>' in few  # truly empty: the style sheet hides its fold


def test_a_day_of_questions_is_cut_and_the_journey_is_still_whole(as_anna: Client, segment: SavedSegment) -> None:
    lines = [(3, "requested", {}), *((4 + n, "still_preparing", {"count": n}) for n in range(230))]
    page = html(as_anna, made.preparing(segment, lines=lines, ago=400))
    assert "The hops before these are not shown." in page


def test_a_run_that_was_asked_to_stop_says_so(as_anna: Client, anna: User, segment: SavedSegment) -> None:
    run = made.preparing(segment, cancel_asked_at=timezone.now(), cancel_asked_by=anna)
    page = html(as_anna, run)
    assert "<em>Stopping</em>" in page
    assert "Nothing will be downloaded" in page
    assert "Cancel run" not in page


def test_a_cancelled_run_says_what_it_leaves_behind(as_anna: Client, segment: SavedSegment) -> None:
    ended = {"status": Status.CANCELLED, "finished_at": 100, "due_at": None}
    page = html(as_anna, made.preparing(segment, code="cancelled", facts={"asked": True}, **ended))
    assert "its link lives no longer than" in page
    before = html(as_anna, made.run(segment, "cancelled", Status.CANCELLED, facts={"asked": False}))
    assert "Nothing was asked of APSIS" in before


def test_a_wish_to_stop_that_came_too_late_is_remembered(as_anna: Client, segment: SavedSegment) -> None:
    assert "the file was already here" in html(as_anna, made.ready(segment, cancel_asked_at=69))


def test_what_was_asked_is_what_was_frozen(as_anna: Client, anna: User, segment: SavedSegment) -> None:
    run = made.preparing(segment)
    changed = dataclasses.replace(segment.consent_spec, topics=(TopicChoice("t", "A newer topic"),))
    actions.save_segment(by=anna, account=segment.account, name="Renamed", spec=changed, segment=segment)
    page = html(as_anna, run)
    assert "A newer topic" not in page
    assert segment.consent_spec.topics[0].name in page
    assert "version 1" in page
    assert "(now 2)" in page
    assert f'ends in <span class="mono">{run.credential.last_four}</span>' in page


HOSTILE = "<script>alert(1)</script>\u202egnirps" + "x" * 300


def test_hostile_names_do_no_harm(as_anna: Client, segment: SavedSegment) -> None:
    spec = dataclasses.replace(
        segment.consent_spec,
        topics=(TopicChoice("t", HOSTILE, folder="f", folder_name=HOSTILE),),
        segments=(ColumnChoice("s", HOSTILE, column=HOSTILE, discriminator="s"),),
    ).to_json()
    SavedSegment.objects.filter(pk=segment.pk).update(name=HOSTILE[:120], spec=spec)
    segment.refresh_from_db()
    segment.__dict__.pop("consent_spec", None)
    facts = {"say": "A. B.", "status": 599, "call": "poll.consents", "detail": HOSTILE}
    lines = [(1, "trouble", facts, "warn"), (2, "column_missing", {"columns": [HOSTILE]}, "bad")]
    for run in (
        made.preparing(segment, lines=lines),
        made.ready(segment, lines=lines),
        made.failed(segment, "column_missing", facts={"columns": [HOSTILE]}, lines=lines),
    ):
        page = html(as_anna, run)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
        assert "<bdi>&lt;script&gt;alert" in page, "a name is set apart from the direction of its sentence"
    assert "\u2068&lt;script&gt;alert" in html(as_anna, run), "in a sentence too"


def test_no_style_and_no_script_stands_in_the_page(as_anna: Client, segment: SavedSegment) -> None:
    for run in (made.preparing(segment), made.ready(segment), made.failed(segment)):
        content = html(as_anna, run).partition("<main")[2]
        assert "style=" not in content
        assert "<script" not in content
        assert "onclick" not in content


def test_nobody_in_particular_is_led_to_the_gate(client: Client, segment: SavedSegment) -> None:
    response = client.get(made.preparing(segment).get_absolute_url())
    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))


def test_anothers_run_is_not_there(as_jonas: Client, segment: SavedSegment) -> None:
    assert as_jonas.get(made.preparing(segment).get_absolute_url()).status_code == 404


def test_who_has_no_right_to_runs_is_refused(client: Client, maria: User, segment: SavedSegment) -> None:
    client.force_login(maria)
    assert client.get(made.preparing(segment).get_absolute_url()).status_code == 403


def test_it_is_read_only(as_anna: Client, segment: SavedSegment) -> None:
    assert as_anna.post(made.preparing(segment).get_absolute_url()).status_code == 405


def test_a_run_that_never_was(as_anna: Client) -> None:
    assert as_anna.get(reverse("exports:run_detail", args=[987654321])).status_code == 404
