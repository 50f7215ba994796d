"""Sharing a run: to be read by colleagues whom the owner names, and by nobody else, until it is taken back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Event
from audit.sentences import sentence
from exports import actions, listing
from exports.models import DerivedFile, ExportRun, RunShare, SavedSegment
from exports.offers import Wish
from project.actions import deactivate, toll_of_leaving
from runs.models import Status
from tests.conftest import sign_in
from tests.exports import made
from tests.exports.taking import body, get, press, url
from tests.threads import at_once

LEAVES = "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"  # commits knock at no broker


@pytest.fixture
def run(segment: SavedSegment) -> ExportRun:
    return made.ready(segment)


@pytest.fixture
def shared(run: ExportRun, anna: User, jonas: User) -> ExportRun:
    """Anna's run, shared with Jonas."""
    actions.share(run, [jonas], by=anna)
    return run


def page(run: ExportRun) -> str:
    return reverse("exports:run_share", args=[run.pk])


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def listed(client: Client, **query: str) -> list[int]:
    return [row.run.pk for row in client.get(reverse("exports:run_list"), query).context["rows"]]


# ── Whom it is shared with ───────────────────────────────────────────────────────────────────────────────────


def test_one_chooses_among_those_who_work_with_runs(
    as_anna: Client, jonas: User, maria: User, karin: User, run: ExportRun
) -> None:
    gone = User.objects.create_user("gone", "gone@example.com", is_active=False)
    gone.groups.add(Group.objects.get(name="Marketer"))
    choices = as_anna.get(page(run)).context["form"]["people"].field.queryset
    assert list(choices) == [jonas]
    for nobody in (maria, gone, run.owner):
        assert as_anna.post(page(run), {"people": [nobody.pk]}).status_code == 422
    assert not RunShare.objects.exists()


def test_who_is_alone_is_told_so(as_anna: Client, run: ExportRun) -> None:
    assert "Nobody else works with runs on this desk." in text(as_anna.get(page(run)))


def test_a_run_is_shared_and_taken_back(as_anna: Client, as_jonas: Client, jonas: User, run: ExportRun) -> None:
    assert f'href="{page(run)}"' in text(as_anna.get(run.get_absolute_url()))
    assert as_anna.post(page(run), {"people": [jonas.pk]})["Location"] == run.get_absolute_url()
    assert "Shared with <bdi>jonas</bdi>" in text(as_anna.get(run.get_absolute_url()))
    assert "checked" in text(as_anna.get(page(run)))
    assert as_jonas.get(run.get_absolute_url()).status_code == 200
    as_anna.post(page(run), {"people": [jonas.pk]})
    as_anna.post(page(run))
    assert as_jonas.get(run.get_absolute_url()).status_code == 404
    told = [sentence(event) for event in Event.objects.filter(action__contains="shared").order_by("pk")]
    assert told == [f"anna shared {run} with jonas", f"anna no longer shares {run} with jonas"]


def test_what_brought_no_file_is_not_shared(as_anna: Client, anna: User, jonas: User, segment: SavedSegment) -> None:
    for run in (made.preparing(segment), made.failed(segment)):
        for response in (as_anna.get(page(run)), as_anna.post(page(run), {"people": [jonas.pk]})):
            assert response["Location"] == run.get_absolute_url()
        assert "A run can be shared once it has brought its file." in text(as_anna.get(run.get_absolute_url()))
        with pytest.raises(ValueError, match="Only a run that brought its file"):
            actions.share(run, [jonas], by=anna)
    assert not RunShare.objects.exists()


def test_who_left_can_still_be_taken_off(as_anna: Client, jonas: User, shared: ExportRun) -> None:
    User.objects.filter(pk=jonas.pk).update(is_active=False)
    assert list(as_anna.get(page(shared)).context["form"]["people"].field.queryset) == [jonas]
    assert as_anna.post(page(shared)).status_code == 302
    assert not RunShare.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_five_presses_at_once_share_once(anna: User, jonas: User, run: ExportRun) -> None:
    at_once(5, lambda _number: actions.share(run, [jonas], by=anna))
    assert RunShare.objects.count() == 1
    assert Event.objects.filter(action="run.shared").count() == 1


# ── What it gives ────────────────────────────────────────────────────────────────────────────────────────────


def test_it_stands_among_their_runs_with_the_name_of_who_shared_it(as_jonas: Client, shared: ExportRun) -> None:
    response = as_jonas.get(reverse("exports:run_list"))
    assert [row.run for row in response.context["rows"]] == [shared]
    assert "anna shared" in text(response)
    assert "Shared with you 1" in text(response)
    detail = text(as_jonas.get(shared.get_absolute_url()))
    assert "anna shared this run with you, to read and to download." in detail


@pytest.mark.django_db(transaction=True)
def test_its_files_are_theirs_to_take_in_their_own_name(
    as_jonas: Client, as_anna: Client, jonas: User, shared: ExportRun
) -> None:
    press(as_jonas, shared, "received", said="quality check")
    body(get(as_jonas, shared, "received"))
    event = Event.objects.get(action="file.downloaded")
    assert (event.actor, event.facts["purpose"]) == (jonas, "quality check")
    assert "Downloaded once, by jonas" in text(as_anna.get(shared.get_absolute_url()))
    assert as_jonas.get(reverse("exports:run_look", args=[shared.pk])).status_code in (200, 409)
    assert as_jonas.get(reverse("exports:run_live", args=[shared.pk])).status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings(*LEAVES)
def test_a_form_that_they_have_made_is_there_for_both(as_jonas: Client, jonas: User, shared: ExportRun) -> None:
    create = reverse("exports:derived_create", args=[shared.pk])
    assert as_jonas.post(create, {"form": "excel-csv"}).status_code == 302
    derived = DerivedFile.objects.get()
    assert derived.owner == jonas
    assert actions.derive(shared, Wish("excel-csv"), by=shared.owner) == derived
    assert DerivedFile.objects.visible_to(shared.owner).get() == derived


# ── What it does not give ────────────────────────────────────────────────────────────────────────────────────


def test_nothing_can_be_changed_by_them(as_jonas: Client, anna: User, jonas: User, segment: SavedSegment) -> None:
    run = made.ready(segment)
    actions.share(run, [jonas], by=anna)
    assert as_jonas.get(run.get_absolute_url()).status_code == 200
    for name, key in (
        ("run_cancel", run.pk),
        ("run_remove", run.pk),
        ("run_share", run.pk),
        ("run_create", segment.pk),
        ("segment_edit", segment.pk),
    ):
        assert as_jonas.post(reverse(f"exports:{name}", args=[key])).status_code == 404, name
    run.refresh_from_db()
    assert run.cancel_asked_at is None
    assert run.file is not None
    assert run.file.removed_at is None
    assert as_jonas.get(segment.get_absolute_url()).status_code == 404


def test_the_page_offers_them_nothing_that_is_the_owners(
    as_anna: Client, as_jonas: Client, anna: User, jonas: User, segment: SavedSegment
) -> None:
    run = made.ready(segment)
    actions.share(run, [jonas], by=anna)
    ExportRun.objects.filter(pk=run.pk).update(key_ends_in="k7Q2")
    its = [
        reverse("exports:run_create", args=[segment.pk]),
        reverse("exports:run_cancel", args=[run.pk]),
        reverse("exports:run_remove", args=[run.pk]),
        page(run),
        segment.get_absolute_url(),
        "k7Q2",
    ]
    owners, theirs = text(as_anna.get(run.get_absolute_url())), text(as_jonas.get(run.get_absolute_url()))
    assert any(word in owners for word in its)
    assert "k7Q2" in owners
    assert [word for word in its if word in theirs] == []


def test_a_run_that_is_not_shared_stays_closed(as_jonas: Client, segment: SavedSegment, shared: ExportRun) -> None:
    other = made.ready(segment)
    assert as_jonas.get(other.get_absolute_url()).status_code == 404
    assert listed(as_jonas) == [shared.pk]


@pytest.mark.django_db(transaction=True)
def test_leave_to_download_ends_with_the_share(as_jonas: Client, anna: User, shared: ExportRun) -> None:
    press(as_jonas, shared, "received")
    actions.share(shared, [], by=anna)
    assert get(as_jonas, shared, "received").status_code == 404
    assert get(as_jonas, shared, "received", Range="bytes=5-").status_code == 404
    assert as_jonas.get(url(shared, take=True)).status_code == 404


def test_who_may_not_work_with_runs_any_more_sees_none(as_jonas: Client, jonas: User, shared: ExportRun) -> None:
    jonas.groups.clear()
    assert as_jonas.get(shared.get_absolute_url()).status_code == 403


@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings(*LEAVES)
def test_who_leaves_takes_nobody_elses_run_along(anna: User, jonas: User, karin: User, segment: SavedSegment) -> None:
    run, going = made.ready(segment), made.preparing(segment)
    actions.share(run, [jonas], by=anna)
    assert toll_of_leaving(jonas).runs == 0
    assert deactivate(jonas, heir=None, by=karin).runs == 0
    going.refresh_from_db()
    assert going.status == Status.RUNNING
    assert going.cancel_asked_at is None


def test_home_and_the_rail_count_ones_own(as_jonas: Client, anna: User, jonas: User, segment: SavedSegment) -> None:
    made.preparing(segment)
    made.failed(segment)
    actions.share(made.ready(segment), [jonas], by=anna)
    home = as_jonas.get("/")
    assert home.context["working"].count == home.context["ready"].count == home.context["failed"].count == 0
    assert home.context["shared"].count == 1
    assert home.context["rail"]["runs"] == 0


# ── Lists ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_ones_own_and_shared_runs_are_one_list(
    as_anna: Client, as_jonas: Client, anna: User, jonas: User, segment: SavedSegment
) -> None:
    SavedSegment.objects.filter(pk=segment.pk).update(owner=jonas)
    segment.owner.credentials.update(owner=jonas)
    segment.refresh_from_db()
    first, annas, failed, last = made.ready(segment), made.ready(segment), made.failed(segment), made.ready(segment)
    ExportRun.objects.filter(pk=annas.pk).update(owner=anna)
    actions.share(ExportRun.objects.get(pk=annas.pk), [jonas], by=anna)
    hidden = made.ready(segment)
    ExportRun.objects.filter(pk=hidden.pk).update(owner=anna)  # and not shared
    everything = [run.pk for run in (last, failed, annas, first)]
    assert listed(as_jonas) == everything
    assert listed(as_jonas, state="shared") == [annas.pk]
    assert listed(as_jonas, state="ready") == [last.pk, annas.pk, first.pk]
    assert listed(as_jonas, state="failed") == [failed.pk]
    assert listed(as_jonas, q="spring") == everything
    assert listed(as_jonas, q="winter") == []
    assert listed(as_jonas, q="spring", state="shared") == [annas.pk]
    chips = as_jonas.get(reverse("exports:run_list"), {"q": "spring"}).context["chips"]
    assert [chip.label for chip in chips] == ["Ready 3", "Failed 1", "Shared with you 1"]
    assert listed(as_anna, state="shared") == []


def test_pages_and_counts_hold_over_both(
    as_jonas: Client, anna: User, jonas: User, segment: SavedSegment, django_assert_max_num_queries: Any
) -> None:
    runs = [made.ready(segment) for _ in range(60)]
    for run in runs[::2]:
        actions.share(run, [jonas], by=anna)
    ExportRun.objects.filter(pk__in=[run.pk for run in runs[1::2]]).update(owner=jonas)
    with django_assert_max_num_queries(10):
        first = listed(as_jonas)
    assert [*first, *listed(as_jonas, page="2"), *listed(as_jonas, page="3")] == [run.pk for run in reversed(runs)]
    assert len(first) == listing.PAGE


# ── As any view ──────────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_in_particular_is_led_to_the_gate(client: Client, run: ExportRun) -> None:
    assert client.get(page(run))["Location"].startswith("/accounts/login/")


def test_anothers_run_is_not_there(as_jonas: Client, jonas: User, run: ExportRun) -> None:
    assert as_jonas.get(page(run)).status_code == 404
    assert as_jonas.post(page(run), {"people": [jonas.pk]}).status_code == 404
    assert not RunShare.objects.exists()


def test_who_works_with_no_runs_is_refused(maria: User, run: ExportRun) -> None:
    assert sign_in(Client(), maria).get(page(run)).status_code == 403


def test_it_is_not_put(as_anna: Client, run: ExportRun) -> None:
    assert as_anna.put(page(run)).status_code == 405
