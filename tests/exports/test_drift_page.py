"""What changed between two runs on its page: chosen in a segment's history, watched, read, taken, shared."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Credential, User
from exports import actions, drifted, retention
from exports.models import Drift, ExportRun, Grant, SavedSegment
from exports.spec import ColumnChoice, ConsentSpec
from runs.models import Status
from tests.exports import drifted as demo
from tests.exports import looked, made

Pair = tuple[ExportRun, ExportRun]
PAGES = ("drift_detail", "drift_live", "drift_take", "drift_download")


@pytest.fixture(autouse=True)
def friday() -> Iterator[None]:
    with time_machine.travel(datetime.fromisoformat("2026-11-27T12:00:00+01:00")):
        yield


@pytest.fixture
def two(segment: SavedSegment, as_anna: Client) -> Pair:
    return demo.pair(segment)


@pytest.fixture
def drift(two: Pair, anna: User) -> Drift:
    return demo.compared(two, anna)


def ask(client: Client, drift: Drift, name: str = "drift_detail", method: str = "get", **data: Any) -> Any:
    return getattr(client, method)(reverse(f"exports:{name}", args=[drift.pk]), data)


def text(response: Any) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def choose(client: Client, segment: SavedSegment, **data: Any) -> Any:
    return client.post(reverse("exports:drift_create", args=[segment.pk]), data)


def history(client: Client, segment: SavedSegment) -> str:
    return text(client.get(reverse("exports:segment_history", args=[segment.pk])))


# ── Choosing two ─────────────────────────────────────────────────────────────────────────────────────────────


def test_two_runs_are_chosen_in_the_history_and_compared(as_anna: Client, segment: SavedSegment, two: Pair) -> None:
    page = history(as_anna, segment)
    assert f'<option value="{two[1].pk}" selected>Run {two[1].pk}, 27 November' in page.partition('name="newer"')[2]
    assert f'<option value="{two[0].pk}" selected>Run {two[0].pk}, 20 November' in page.partition('name="older"')[2]
    response = choose(as_anna, segment, older=two[0].pk, newer=two[1].pk)
    drift = Drift.objects.get()
    assert response["Location"] == drift.get_absolute_url()
    assert (drift.older, drift.newer, drift.status) == (*two, Status.QUEUED)
    assert "Comparing Friday 20 November and Friday 27 November" in history(as_anna, segment)


@pytest.mark.parametrize("same", [True, False])
def test_what_cannot_be_chosen_is_said_beside_it(
    as_anna: Client, segment: SavedSegment, two: Pair, same: bool, anna: User
) -> None:
    other = actions.duplicate_segment(segment, by=anna, name="Another")
    elsewhere = looked.table(other, demo.NEWER)
    response = choose(as_anna, segment, older=two[0].pk, newer=two[0].pk if same else elsewhere.pk)
    assert response.status_code == 422
    assert ("This is the same run" if same else "Select a valid choice") in text(response)
    assert choose(as_anna, segment).status_code == 422
    assert choose(as_anna, segment, older="x", newer=10**30).status_code == 422
    assert not Drift.objects.exists()


def test_what_the_files_do_not_allow_is_said_above_the_form(as_anna: Client, segment: SavedSegment, two: Pair) -> None:
    assert two[1].file is not None
    two[1].file.header = ["EmailConsent"]
    two[1].file.save()
    response = choose(as_anna, segment, older=two[0].pk, newer=two[1].pk)
    assert response.status_code == 422
    assert "no such column in common" in text(response)


def test_with_fewer_than_two_files_there_is_nothing_to_compare(
    as_anna: Client, segment: SavedSegment, anna: User
) -> None:
    assert "nothing to compare yet" in history(as_anna, segment)
    two = demo.pair(segment)
    made.failed(segment)
    retention.remove(two[0], by=anna)
    page = history(as_anna, segment)
    assert "nothing to compare yet" in page
    assert "/history/compare/" not in page


def test_anothers_segment_is_404_and_nobodys_sends_to_sign_in(
    client: Client, as_jonas: Client, segment: SavedSegment, two: Pair
) -> None:
    both = {"older": two[0].pk, "newer": two[1].pk}
    assert choose(as_jonas, segment, **both).status_code == 404
    assert choose(Client(), segment, **both)["Location"].startswith("/accounts/login/")
    assert as_jonas.get(reverse("exports:drift_create", args=[segment.pk])).status_code == 405
    assert not Drift.objects.exists()


def test_who_may_not_download_compares_nothing(
    as_anna: Client, anna: User, segment: SavedSegment, drift: Drift
) -> None:
    group = anna.groups.get()
    group.permissions.remove(group.permissions.get(codename="download_exportrun"))
    assert choose(as_anna, segment, older=drift.older.pk, newer=drift.newer.pk).status_code == 403
    assert "/history/compare/" not in history(as_anna, segment)
    page = text(ask(as_anna, drift))
    assert "lost Email consent" in page
    assert "popovertarget" not in page
    assert "/again/" not in page


# ── The page ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_sentence_comes_first_and_then_the_figures(as_anna: Client, drift: Drift) -> None:
    response = ask(as_anna, drift)
    page = text(response)
    assert "Since Friday 20 November, 1 person lost Email consent and 1 gained it." in page.partition("<h1")[2]
    assert "And 1 person lost SMS consent and nobody gained it." in page
    assert "3 people are in both files, 1 came and 1 left." in page
    assert "1 key stands more than once in a file, in 2 rows before and 0 now." in page
    assert "Rows without a key are not compared: 0 before, 1 now." in page
    assert "7 lines, " in page
    assert "did not ask for the same" not in page
    assert "@example.com" not in page.partition('id="work"')[2].partition("</main>")[0]


def counts(email: dict[str, int], sms: dict[str, int]) -> dict[str, Any]:
    nothing = dict.fromkeys(("before", "lost", "gained", "left", "came", "moved", "now"), 0)
    clear = {"blank": 0, "again": 0}
    return {
        "both": 1200, "left": 0, "came": 1, "keys_again": 0, "rows": [1200, 1201],
        "unclear": [clear, clear], "channels": [nothing | email, nothing | sms],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("email", "sms", "so", "soft"),
    [
        ({}, {}, "Since Friday 20 November, nobody lost or gained consent.", ""),
        (
            {"lost": 41, "gained": 1200},
            {},
            "Since Friday 20 November, 41 people lost Email consent and 1,200 gained it.",
            "And nobody lost or gained SMS consent.",
        ),
        (
            {"gained": 1},
            {"lost": 2},
            "Since Friday 20 November, 1 person gained Email consent and nobody lost it.",
            "And 2 people lost SMS consent and nobody gained it.",
        ),
        (
            {},
            {"lost": 1, "gained": 1},
            "Since Friday 20 November, 1 person lost SMS consent and 1 gained it.",
            "And nobody lost or gained Email consent.",
        ),
    ],
)
def test_the_sentence_names_first_where_something_happened(
    drift: Drift, email: dict[str, int], sms: dict[str, int], so: str, soft: str
) -> None:
    drift.counts = counts(email, sms)
    told = drifted.of(drift, now=timezone.now())
    assert (told.so, told.soft) == (so, soft)
    assert told.lead == "1,200 people are in both files, 1 came and 0 left."
    assert told.remarks == []


def test_the_sentence_says_between_when(drift: Drift) -> None:
    def told(older: float, newer: float) -> str:
        for run, days in ((drift.older, older), (drift.newer, newer)):
            run.requested_at = timezone.now() - timedelta(days=days)
        return drifted.of(drift, now=timezone.now()).so

    assert told(7, 2).startswith("Between Friday 20 November and Wednesday 25 November, 1 person")
    assert told(0.25, 0).startswith("On Friday 27 November, between 06:00 and 12:00, 1 person")
    assert told(0, 0).startswith(f"Between run {drift.older.pk} and run {drift.newer.pk}, 1 person")
    assert told(400, 0).startswith("Since Thursday 23 October 2025, 1 person")


def test_what_the_runs_asked_for_otherwise_is_listed(as_anna: Client, two: Pair, anna: User) -> None:
    spec = two[0].consent_spec
    fax = ColumnChoice("fax", "Fax", column="FaxOk")
    older = replace(spec, channels=(*spec.channels, fax), time_zone="UTC", exclude_unsubscribed=True)
    ExportRun.objects.filter(pk=two[0].pk).update(spec=older.to_json())
    page = text(ask(as_anna, actions.compare(ExportRun.objects.get(pk=two[0].pk), two[1], by=anna)))
    assert "did not ask for the same" in page  # while it is being compared, too
    assert "Took out channel Fax" in page
    assert "Time zone UTC became Europe/Stockholm" in page


def test_what_cannot_be_told_from_such_files_is_said(as_anna: Client, drift: Drift) -> None:
    spec = drift.older.consent_spec
    fax = ColumnChoice("fax", "Fax", column="FaxOk")
    older: ConsentSpec = replace(spec, channels=(*spec.channels, fax), exclude_unsubscribed=True)
    ExportRun.objects.filter(pk=drift.older.pk).update(spec=older.to_json())
    page = text(ask(as_anna, drift))
    assert "not compared: Fax." in page
    assert "Who lost their last one is among those who left" in page


def test_it_is_watched_while_it_is_found_out(as_anna: Client, two: Pair, anna: User) -> None:
    waiting = actions.compare(*two, by=anna)
    page = text(ask(as_anna, waiting))
    assert "Two runs are being compared." in page
    assert "Waiting for a worker" in page
    mark = drifted.of(waiting, now=timezone.now()).mark
    assert f"/live/?mark={mark}" in page
    assert ask(as_anna, waiting, "drift_live", mark=mark).status_code == 204
    for code, said in (("reading", "Read 1.0 MB of 2.0 MB"), ("comparing", "Writing down who changed")):
        facts = {"bytes": 1_000_000, "total": 2_000_000}
        Drift.objects.filter(pk=waiting.pk).update(status=Status.RUNNING, code=code, facts=facts, version=3)
        assert said in text(ask(as_anna, waiting, "drift_live", mark=mark))
    demo.compare(pk=waiting.pk)
    fragment = text(ask(as_anna, waiting, "drift_live", mark=mark))
    assert "lost Email consent" in fragment
    assert "hx-get" not in fragment


@pytest.mark.parametrize("code", [*drifted.TROUBLES, "our_fault"])
def test_a_failure_says_why_and_can_be_tried_again(as_anna: Client, drift: Drift, code: str) -> None:
    Drift.objects.filter(pk=drift.pk).update(
        status=Status.FAILED, code=code, facts={"reference": "drift-1-c1"}, counts={}
    )
    page = text(ask(as_anna, drift))
    assert "These two runs were not compared." in page
    assert str(drifted.TROUBLES.get(code, "drift-1-c1")) in page
    response = ask(as_anna, drift, "drift_again", "post", joined_on="")
    assert response["Location"] == Drift.objects.exclude(pk=drift.pk).get().get_absolute_url()


def test_after_a_failure_with_its_files_gone_there_is_no_button(as_anna: Client, drift: Drift, anna: User) -> None:
    Drift.objects.filter(pk=drift.pk).update(status=Status.FAILED, code="stopped", counts={})
    retention.remove(drift.older, by=anna)
    page = text(ask(as_anna, drift))
    assert "Comparing was stopped" in page
    assert "/again/" not in page
    followed = as_anna.post(reverse("exports:drift_again", args=[drift.pk]), {"joined_on": ""}, follow=True)
    assert "they cannot be compared" in text(followed)


def test_the_figures_stay_when_a_file_goes_and_the_people_do_not(as_anna: Client, drift: Drift, anna: User) -> None:
    retention.remove(drift.newer, by=anna)
    page = text(ask(as_anna, drift))
    assert "1 person lost Email consent" in page
    assert "who changed has gone with it" in page
    assert "popovertarget" not in page
    assert ask(as_anna, drift, "drift_take").status_code == 404
    assert ask(as_anna, drift, "drift_download").status_code == 404


def test_where_nobody_changed_there_is_nothing_to_download(as_anna: Client, segment: SavedSegment, anna: User) -> None:
    drift = demo.compared(demo.pair(segment, demo.OLDER, demo.OLDER), anna)
    page = text(ask(as_anna, drift))
    assert "nobody lost or gained consent" in page
    assert "popovertarget" not in page


def test_another_column_tells_people_apart(as_anna: Client, drift: Drift) -> None:
    assert "told apart by their export key" in text(ask(as_anna, drift))
    email = drift.newer.consent_spec.attributes[0].discriminator
    followed = as_anna.post(reverse("exports:drift_again", args=[drift.pk]), {"joined_on": email}, follow=True)
    assert "told apart by Email" in text(followed)
    refused = ask(as_anna, drift, "drift_again", "post", joined_on="com.apsis1.attributes.mobile")
    assert refused.status_code == 422
    assert Drift.objects.count() == 2


def test_the_history_lists_what_was_found_out(as_anna: Client, segment: SavedSegment, drift: Drift) -> None:
    page = history(as_anna, segment)
    assert f'<a href="{drift.get_absolute_url()}">Since Friday 20 November, 1 person lost Email consent' in page


def test_both_runs_lead_to_what_changed(as_anna: Client, segment: SavedSegment, drift: Drift) -> None:
    for run in (drift.older, drift.newer):
        page = text(as_anna.get(run.get_absolute_url()))
        assert f'<a href="{drift.get_absolute_url()}">Since Friday' in page
        assert f"/segments/{segment.pk}/history/#compare" in page


def test_more_comparisons_cost_the_history_no_more_queries(
    as_anna: Client, segment: SavedSegment, drift: Drift, anna: User, django_assert_max_num_queries: Any
) -> None:
    def queries() -> int:
        with django_assert_max_num_queries(100) as counted:
            history(as_anna, segment)
        return len(counted)

    before = queries()
    third = looked.table(segment, demo.OLDER)
    demo.compared((drift.older, third), anna)
    demo.compared((drift.newer, third), anna)
    assert queries() == before


def test_many_lines_ask_for_a_purpose(as_anna: Client, drift: Drift, settings: Any) -> None:
    settings.PURPOSE_ABOVE_ROWS = 3
    assert ask(as_anna, drift, "drift_take", "post").status_code == 422
    assert not Grant.objects.exists()


# ── Whose it is ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", PAGES)
def test_anonymous_another_and_wrong_method(as_jonas: Client, drift: Drift, name: str) -> None:
    assert ask(Client(), drift, name)["Location"].startswith("/accounts/login/")
    assert ask(as_jonas, drift, name).status_code == 404
    if name != "drift_take":
        assert ask(as_jonas, drift, name, "post").status_code == 405


def test_another_cannot_have_them_compared_again(as_jonas: Client, drift: Drift) -> None:
    assert ask(as_jonas, drift, "drift_again", "post", joined_on="").status_code == 404
    assert ask(as_jonas, drift, "drift_again").status_code == 405


def test_it_is_shared_with_both_runs_and_not_with_one(as_jonas: Client, drift: Drift, anna: User, jonas: User) -> None:
    actions.share(drift.newer, [jonas], by=anna)
    assert ask(as_jonas, drift).status_code == 404
    assert "What changed between" not in text(as_jonas.get(drift.newer.get_absolute_url()))
    actions.share(drift.older, [jonas], by=anna)
    link = f'<a href="{drift.get_absolute_url()}">Since Friday 20 November, 1 person lost Email consent'
    assert link in text(as_jonas.get(drift.newer.get_absolute_url()))
    page = text(ask(as_jonas, drift))
    assert "lost Email consent" in page
    assert f"/segments/{drift.newer.segment_id}/" not in page
    ask(as_jonas, drift, "drift_take", "post")
    actions.share(drift.older, [], by=anna)
    assert ask(as_jonas, drift, "drift_download").status_code == 404


def test_one_that_is_not_there_is_404(as_anna: Client, annas_key: Credential) -> None:
    assert as_anna.get("/changes/4711/").status_code == 404
