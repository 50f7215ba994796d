"""The one way in: signing in, and what is closed beside it."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User

LOGIN = "/accounts/login/"
ANNA = {"login": "anna", "password": "a password for tests"}


def test_a_person_signs_in_and_lands_at_home(client: Client, anna: User) -> None:
    assert client.post(LOGIN, ANNA)["Location"] == "/"
    assert client.get("/").status_code == 200


def test_and_returns_to_where_she_was_going(client: Client, anna: User) -> None:
    assert client.post(f"{LOGIN}?next=/segments/", {**ANNA, "next": "/segments/"})["Location"] == "/segments/"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "https:/\\evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        " https://evil.example",
        "https://testserver@evil.example/",
        "ftp://testserver/",
    ],
)
def test_nobody_is_led_elsewhere_after_signing_in(client: Client, anna: User, target: str) -> None:
    assert client.post(LOGIN, {**ANNA, "next": target})["Location"] == "/"
    client.logout()
    assert client.post(f"{LOGIN}?next={target}", ANNA)["Location"] == "/"


def test_a_wrong_password_and_an_unknown_name_sound_alike(client: Client, anna: User) -> None:
    wrong = client.post(LOGIN, {"login": "anna", "password": "not this"})
    unknown = client.post(LOGIN, {"login": "nobody", "password": "not this"})
    assert wrong.context["form"].errors == unknown.context["form"].errors != {}


def test_who_was_deactivated_stays_out(client: Client, anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(is_active=False)
    client.post(LOGIN, ANNA)
    assert client.get("/")["Location"].startswith(LOGIN)


def test_a_session_ends_when_its_person_is_deactivated(as_anna: Client, anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(is_active=False)
    assert as_anna.get("/")["Location"].startswith(LOGIN)


@pytest.mark.django_db
def test_nobody_signs_up(client: Client) -> None:
    entered = {
        "username": "eve",
        "email": "eve@example.com",
        "password1": "a password for eve",
        "password2": "a password for eve",
    }
    page = client.post("/accounts/signup/", entered)
    assert page.status_code == 200
    assert "account/signup_closed.html" in [template.name for template in page.templates]
    assert not User.objects.exists()
