"""Leavers: one form ends sessions, erases keys, stops runs and hands on what they saved."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import sessions
from accounts.models import Credential, Session, User
from audit.models import Event
from exports import actions
from exports.models import ExportRun, SavedSegment
from runs.models import Status
from tests.exports.conftest import Stepper


@pytest.fixture
def as_karin(karin: User) -> Client:
    client = Client()
    client.force_login(karin)
    return client


@pytest.fixture
def url(anna: User) -> str:
    return f"/admin/people/{anna.pk}/deactivate/"


@pytest.fixture
def run(segment: SavedSegment, steps: Stepper) -> ExportRun:
    return actions.start(segment, by=segment.owner, now=steps.now)


def test_everything_happens_at_once(
    as_karin: Client, as_anna: Client, url: str, anna: User, jonas: User, run: ExportRun, segment: SavedSegment
) -> None:
    page = " ".join(as_karin.get(url).content.decode().split())
    for words in ("1 open session ends.", "1 key is erased here.", "1 unfinished run is stopped.", "1 goes to whom"):
        assert words in page
    assert as_karin.post(url, {"heir": jonas.pk}).status_code == 302
    anna.refresh_from_db()
    run.refresh_from_db()
    segment.refresh_from_db()
    assert not anna.is_active
    assert not Credential.objects.kept().exists()
    assert (run.status, run.code, run.owner) == (Status.FAILED, "person_left", anna)
    assert (segment.owner, segment.name) == (jonas, "Spring newsletter")
    assert list(sessions.of(anna)) == []
    assert as_anna.get("/")["Location"].startswith("/accounts/login/")
    event = Event.objects.get(action="person.deactivated")
    assert event.actor_name == "karin"
    assert event.facts == {"sessions": 1, "credentials": 1, "runs": 1, "segments": 1, "heir": "jonas"}
    assert Event.objects.filter(action="segment.handed_over", actor_name="karin").count() == 1


def test_a_session_does_not_come_back_with_its_person(as_karin: Client, as_anna: Client, url: str, anna: User) -> None:
    as_karin.post(url)
    assert as_karin.post(f"/admin/people/{anna.pk}/activate/").status_code == 302
    anna.refresh_from_db()
    assert anna.is_active
    assert as_anna.get("/")["Location"].startswith("/accounts/login/")
    assert Event.objects.latest("pk").action == "person.activated"


def test_others_keep_their_sessions(as_karin: Client, as_jonas: Client, as_anna: Client, url: str) -> None:
    as_karin.post(url)
    assert as_jonas.get("/").status_code == 200
    assert Session.objects.count() == 2


def test_a_name_that_is_taken_says_where_it_comes_from(
    as_karin: Client, url: str, anna: User, jonas: User, segment: SavedSegment
) -> None:
    User.objects.filter(pk=anna.pk).update(first_name="Anna", last_name="Berg")
    spec, account = segment.consent_spec, segment.account
    for name in (segment.name, f"{segment.name} (from Anna Berg)"):
        actions.save_segment(by=jonas, account=account, name=name, spec=spec)
    long = actions.save_segment(by=anna, account=account, name="x" * 120, spec=spec)
    actions.save_segment(by=jonas, account=account, name="x" * 120, spec=spec)
    as_karin.post(url, {"heir": jonas.pk})
    segment.refresh_from_db()
    long.refresh_from_db()
    assert segment.name == "Spring newsletter (from Anna Berg, 2)"
    assert long.name == f"{'x' * 103} (from Anna Berg)"
    assert long.owner == jonas
    assert segment.versions.first().name == segment.name  # type: ignore[union-attr]


def test_nobody_is_a_choice_that_has_to_be_made(
    as_karin: Client, url: str, anna: User, jonas: User, segment: SavedSegment
) -> None:
    response = as_karin.post(url, {})
    assert response.status_code == 422
    assert "Choose who takes them over" in response.content.decode()
    anna.refresh_from_db()
    assert anna.is_active
    as_karin.post(url, {"heir": "nobody"})
    segment.refresh_from_db()
    assert segment.owner == anna


def test_only_a_marketer_who_works_here_inherits(
    as_karin: Client, url: str, anna: User, jonas: User, maria: User, segment: SavedSegment
) -> None:
    User.objects.filter(pk=jonas.pk).update(is_active=False)
    for heir in (jonas.pk, maria.pk, anna.pk, 4711, "x"):
        assert as_karin.post(url, {"heir": heir}).status_code == 422
    segment.refresh_from_db()
    assert segment.owner == anna


def test_who_has_nothing_needs_no_heir(as_karin: Client, url: str, anna: User) -> None:
    assert "heir" not in as_karin.get(url).context["form"].fields
    assert as_karin.post(url).status_code == 302
    anna.refresh_from_db()
    assert not anna.is_active


def test_nobody_closes_their_own_account_or_the_operators(as_karin: Client, karin: User) -> None:
    root = User.objects.create_superuser("root", "root@example.com", "a password for tests")
    for person in (karin, root):
        for verb in ("deactivate", "activate"):
            assert as_karin.post(f"/admin/people/{person.pk}/{verb}/").status_code == 403
    assert User.objects.filter(is_active=False).count() == 0


def test_closing_twice_leads_to_letting_in(as_karin: Client, url: str, anna: User) -> None:
    as_karin.post(url)
    told = Event.objects.count()
    page = as_karin.post(url)
    assert page.status_code == 200
    assert f'action="/admin/people/{anna.pk}/activate/"' in page.content.decode()
    assert Event.objects.count() == told
    assert "Closed" in as_karin.get(f"/admin/accounts/user/{anna.pk}/change/").content.decode()


def test_only_an_admin(client: Client, as_jonas: Client, maria: User, url: str, anna: User) -> None:
    assert client.post(url)["Location"].startswith("/accounts/login/")
    assert as_jonas.post(url).status_code == 403
    client.force_login(maria)
    assert client.post(url).status_code == 403
    assert client.post(f"/admin/people/{anna.pk}/activate/").status_code == 403
    anna.refresh_from_db()
    assert anna.is_active


def test_wrong_method_and_nobody(as_karin: Client, url: str, anna: User) -> None:
    assert as_karin.put(url).status_code == 405
    assert as_karin.get(f"/admin/people/{anna.pk}/activate/").status_code == 405
    assert as_karin.get("/admin/people/4711/deactivate/").status_code == 404
