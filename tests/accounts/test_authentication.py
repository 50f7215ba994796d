"""Who asks: known from one query, and never by anything that has ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import authentication, sessions, tasks
from accounts.models import Session, User
from exports.models import SavedSegment
from tests.exports import made

GATE = 302


@pytest.fixture
def open_page(as_anna: Client, segment: SavedSegment) -> str:
    """The address that Anna's open run page asks."""
    run = made.preparing(segment)
    return f"/runs/{run.pk}/live/?shown={run.version}&pace=5"


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """No cache at all: whoever asks it fails."""

    def fail(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("who is signed in is not for a cache to say")

    for name in ("get", "set", "add", "delete", "get_many", "incr"):
        monkeypatch.setattr(cache, name, fail, raising=False)


def test_session_and_person_come_together(as_anna: Client, anna: User) -> None:
    session = Session.objects.get(person=anna)
    with CaptureQueriesContext(connection) as queries:
        assert Session.objects.get(pk=session.pk).person == anna
    assert len(queries) == 1


def test_an_ended_session_is_at_the_gate(as_anna: Client, anna: User, open_page: str, away: None) -> None:
    assert as_anna.get(open_page).status_code == 204
    assert sessions.end(anna) == 1
    assert as_anna.get(open_page).status_code == GATE
    assert as_anna.get(open_page, headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_a_session_whose_time_is_over_is_at_the_gate(as_anna: Client, open_page: str, away: None) -> None:
    Session.objects.update(expire_date=timezone.now())
    assert as_anna.get(open_page).status_code == GATE


def test_who_signed_out_is_at_the_gate(as_anna: Client, open_page: str) -> None:
    before = as_anna.cookies["sessionid"].value
    as_anna.post("/accounts/logout/")
    as_anna.cookies["sessionid"] = before
    assert as_anna.get(open_page).status_code == GATE


def test_who_was_deactivated_is_at_the_gate(as_anna: Client, anna: User, open_page: str, away: None) -> None:
    User.objects.filter(pk=anna.pk).update(is_active=False)  # and the session is still there
    assert as_anna.get(open_page).status_code == GATE


def test_after_another_password_it_is_at_the_gate(as_anna: Client, anna: User, open_page: str, away: None) -> None:
    anna.set_password("another one for tests")
    anna.save()  # and the session is still there
    assert as_anna.get(open_page).status_code == GATE
    assert not Session.objects.filter(person=anna).exists()


@pytest.mark.parametrize(
    "change",
    [
        {HASH_SESSION_KEY: ""},
        {HASH_SESSION_KEY: "0" * 64},
        {BACKEND_SESSION_KEY: "django.contrib.auth.backends.RemoteUserBackend"},
        {BACKEND_SESSION_KEY: ""},
        {SESSION_KEY: "0"},
    ],
)
def test_a_session_that_says_something_else_opens_nothing(
    as_anna: Client, anna: User, open_page: str, change: dict[str, str]
) -> None:
    session = as_anna.session
    stored = Session.objects.get(person=anna)
    stored.session_data = session.encode(dict(session.items()) | change)
    stored.save()
    assert as_anna.get(open_page).status_code == GATE


def test_a_session_beside_the_wrong_person_is_theirs_whom_it_names(as_anna: Client, anna: User, jonas: User) -> None:
    Session.objects.update(person=jonas)
    assert as_anna.get("/account/").context["user"] == anna


def test_a_key_of_django_that_was_changed_keeps_sessions(as_anna: Client, open_page: str, settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key, for the tests of rotation"
    assert as_anna.get(open_page).status_code == 204
    settings.SECRET_KEY_FALLBACKS = []
    # It was written anew with the new key, and lives on without the old one.
    assert as_anna.get(open_page).status_code == 204


def test_django_agrees(as_anna: Client, anna: User, rf: Any) -> None:
    request = rf.get("/")
    request.session = sessions.SessionStore(as_anna.session.session_key)
    assert authentication.person_of(request) == get_user(request) == anna


def test_before_anybody_is_in_a_session_is_nobodys(client: Client, db: None) -> None:
    session = client.session
    session["planted"] = "yes"
    session.save()
    assert Session.objects.get().person is None


def test_what_is_left_of_old_sessions_is_forgotten(as_anna: Client, anna: User) -> None:
    Session.objects.create(session_key="old", session_data="", expire_date=timezone.now() - timedelta(days=1))
    tasks.forget_sessions()
    assert [session.person for session in Session.objects.all()] == [anna]
