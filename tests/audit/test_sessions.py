"""Who came in and went: written down as it happened, and never with what was typed."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account import signals
from django.dispatch import Signal
from django.test import Client

from accounts.models import User
from audit import sessions
from audit.models import Event
from audit.sentences import sentence

LOGIN = "/accounts/login/"
RIGHT = "a password for tests"


def sign_in(client: Client, name: str, password: str = RIGHT) -> int:
    return client.post(LOGIN, {"login": name, "password": password}).status_code


def said() -> list[str]:
    return [sentence(event) for event in Event.objects.order_by("pk")]


@pytest.mark.parametrize("name", ["anna", "ANNA", "anna@example.com"])
def test_coming_in_and_going(client: Client, anna: User, name: str) -> None:
    assert sign_in(client, name) == 302
    client.post("/accounts/logout/")
    assert said() == ["anna signed in", "anna signed out"]
    assert {event.actor for event in Event.objects.all()} == {anna}


@pytest.mark.parametrize("name", ["anna", "anna@example.com"])
def test_a_failed_try_names_the_person_who_was_meant(client: Client, anna: User, name: str) -> None:
    sign_in(client, name, "not the password")
    assert said() == ["Somebody tried to sign in as anna and failed"]
    event = Event.objects.get()
    assert (event.actor, event.target_key) == (None, f"accounts.user:{anna.pk}")


def test_a_name_that_nobody_has_is_not_kept_for_it_may_be_a_password(client: Client, anna: User) -> None:
    sign_in(client, "my secret password", "x")
    assert said() == ["Somebody tried to sign in with a name that nobody has"]
    assert "secret" not in repr(list(Event.objects.values()))


def test_too_many_failed_tries_are_told_once_and_by_name(client: Client, anna: User) -> None:
    for _ in range(12):
        sign_in(client, "anna", "not the password")
    (told,) = Event.objects.filter(action="session.throttled")
    assert told.target == "anna"
    assert Event.objects.filter(action="session.sign_in_failed").count() < 12


def test_a_deactivated_person_does_not_come_in(client: Client, anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(is_active=False)
    sign_in(client, "anna")
    assert not Event.objects.filter(action="session.signed_in").exists()


def test_a_changed_password(as_anna: Client, anna: User) -> None:
    new = "quite another one, 77"
    as_anna.post("/accounts/password/change/", {"oldpassword": RIGHT, "password1": new, "password2": new})
    assert said() == ["anna changed their password"]


@pytest.mark.parametrize("action", sessions.OWN)
def test_each_of_allauths_signals_is_an_event(anna: User, rf: Any, action: str) -> None:
    sessions.OWN[action].send(sender=User, request=rf.get("/"), user=anna)
    assert Event.objects.get().action == action


def test_signing_out_of_a_session_that_has_ended_is_nothing(db: None, rf: Any) -> None:
    signals.user_logged_out.send(sender=User, request=rf.get("/"), user=None)
    assert not Event.objects.exists()


@pytest.mark.parametrize("action", sessions.SECOND_FACTOR)
def test_a_second_factor_is_told_once_the_desk_has_one(
    anna: User, rf: Any, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys
    from types import SimpleNamespace

    made = SimpleNamespace(**{name: Signal() for name in sessions.SECOND_FACTOR.values()})
    package = SimpleNamespace(signals=made)
    monkeypatch.setitem(sys.modules, "allauth.mfa", package)
    monkeypatch.setitem(sys.modules, "allauth.mfa.signals", made)
    monkeypatch.setattr("django.apps.apps.is_installed", lambda name: name == "allauth.mfa")
    sessions.listen()
    getattr(made, sessions.SECOND_FACTOR[action]).send(sender=None, request=rf.get("/"), user=anna)
    assert [event.action for event in Event.objects.all()] == [action]
