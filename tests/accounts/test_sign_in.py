"""The one way in: signing in, and what is closed beside it."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.test import Client

from accounts.models import Session, User
from audit.models import Event

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


# ── Throttled ────────────────────────────────────────────────────────────────────────────────────────────────

HELD_BACK = "Too many tries have failed, so none is taken now."


def guess(client: Client, login: str, password: str = "not this", *, ip: str = "192.0.2.1", **headers: str) -> str:
    """Try a password from an address; return the sentences of the form, or where one was led."""
    answer = client.post(LOGIN, {"login": login, "password": password}, REMOTE_ADDR=ip, headers=headers)
    if answer.status_code == 302:
        return answer["Location"]
    return " ".join(str(error) for errors in answer.context["form"].errors.values() for error in errors)


def test_after_five_failed_tries_a_person_is_held_back_from_wherever(client: Client, anna: User) -> None:
    # By either of her names: they are counted together, so that there are not five for each.
    for number, login in enumerate(["anna", "ANNA@example.com", "Anna", "anna@example.com", "anna"]):
        assert HELD_BACK not in guess(client, login, ip=f"192.0.2.{number}")
    for login in ("anna", "anna@example.com"):
        said = guess(client, login, ANNA["password"], ip="198.51.100.7")
        assert said.startswith(HELD_BACK)
        assert "Wait five minutes" in said
    assert "_auth_user_id" not in client.session


def test_and_nobody_else_is(client: Client, anna: User, jonas: User) -> None:
    for number in range(6):
        guess(client, "anna", ip=f"192.0.2.{number}")
    assert guess(client, "jonas", ANNA["password"], ip="192.0.2.99") == "/"


def test_the_door_opens_again_by_itself(client: Client, anna: User) -> None:
    for number in range(6):
        guess(client, "anna", ip=f"192.0.2.{number}")
    with time_machine.travel(time.time() + 301):
        assert guess(client, "anna", ANNA["password"]) == "/"


def test_a_name_that_nobody_has_is_held_back_in_the_same_words(client: Client, anna: User) -> None:
    said = [guess(client, "nobody", ip=f"192.0.2.{number}") for number in range(6)]
    assert said[4] == guess(client, "anna", ip="192.0.2.9")
    assert said[5].startswith(HELD_BACK)


def test_after_ten_failed_tries_a_place_is_held_back_whoever_is_named(client: Client, anna: User) -> None:
    for number in range(10):
        assert HELD_BACK not in guess(client, f"name-{number}")
    assert guess(client, "anna", ANNA["password"]).startswith(HELD_BACK)
    assert guess(client, "anna", ANNA["password"], ip="192.0.2.2") == "/"


def test_a_right_password_is_not_counted_and_does_not_wipe_the_count(client: Client, anna: User) -> None:
    for number in range(4):
        guess(client, "anna", ip=f"192.0.2.{number}")
    assert guess(client, "anna", ANNA["password"]) == "/"
    client.logout()
    guess(client, "anna", ip="192.0.2.50")
    assert guess(client, "anna", ip="192.0.2.51").startswith(HELD_BACK)


def test_nobody_gets_round_it_by_calling_themself_another_place(client: Client, anna: User) -> None:
    for number in range(10):
        guess(client, f"name-{number}", **{"X-Forwarded-For": f"203.0.113.{number}"})
    assert guess(client, "name", **{"X-Forwarded-For": "203.0.113.99"}).startswith(HELD_BACK)


def test_behind_a_proxy_each_place_is_counted_by_itself(client: Client, anna: User, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(11):
        guess(client, f"name-{number}", **{"X-Forwarded-For": f"10.0.0.{number}, 203.0.113.5"})
    assert guess(client, "anna", **{"X-Forwarded-For": "203.0.113.5"}).startswith(HELD_BACK)
    assert guess(client, "anna", ANNA["password"], **{"X-Forwarded-For": "203.0.113.6"}) == "/"


def test_after_thirty_tries_in_a_minute_the_page_itself_is_closed(client: Client, anna: User) -> None:
    answers = [client.post(LOGIN, {"login": "", "password": ""}).status_code for _ in range(31)]
    assert answers == [200] * 30 + [429]


# ── The session ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_session_that_was_planted_before_is_not_the_one_afterwards(client: Client, anna: User) -> None:
    session = client.session
    session["planted"] = "yes"
    session.save()
    client.cookies["sessionid"] = planted = session.session_key
    client.post(LOGIN, ANNA)
    assert client.session.session_key != planted
    assert not Session.objects.filter(session_key=planted).exists()
    other = Client()
    other.cookies["sessionid"] = planted
    assert other.get("/").status_code == 302


def test_a_session_that_never_was_is_not_taken_on(client: Client, anna: User) -> None:
    client.cookies["sessionid"] = "chosenbysomebodyelse000000000000"
    client.post(LOGIN, ANNA)
    assert client.session.session_key != "chosenbysomebodyelse000000000000"


def test_after_signing_out_the_session_is_gone(client: Client, anna: User) -> None:
    client.post(LOGIN, ANNA)
    key = client.session.session_key
    client.post("/accounts/logout/")
    assert not Session.objects.filter(session_key=key).exists()
    other = Client()
    other.cookies["sessionid"] = key
    assert other.get("/").status_code == 302


def test_with_a_new_password_every_other_session_ends(client: Client, anna: User) -> None:
    other = Client()
    for one in (client, other):
        one.post(LOGIN, ANNA)
    new = "quite another one, 77"
    client.post("/accounts/password/change/", {"oldpassword": ANNA["password"], "password1": new, "password2": new})
    assert client.get("/").status_code == 200
    assert other.get("/").status_code == 302


# ── Nobody is led elsewhere ──────────────────────────────────────────────────────────────────────────────────

ELSEWHERE = ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "https:evil.example"]


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("/accounts/logout/", {}),
        ("/accounts/reauthenticate/", {"password": ANNA["password"]}),
        ("/account/sessions/end/", {}),
        ("/account/", {"time_zone": "Europe/Helsinki"}),
        ("/accounts/password/change/", {}),
        ("/accounts/login/", {}),
        ("/accounts/signup/", {}),
    ],
)
def test_no_page_of_somebody_who_is_in_leads_elsewhere(
    client: Client, anna: User, url: str, sent: dict[str, str], target: str
) -> None:
    for where in ("form", "address"):
        client.post(LOGIN, ANNA)
        query = f"?next={quote(target)}" if where == "address" else ""
        answer = client.post(url + query, {**sent, "next": target} if where == "form" else sent)
        to = answer.get("Location", "/")
        assert to.startswith("/"), to
        assert not to.startswith(("//", "/\\")), to
        client.logout()


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("url", ["/admin/login/", LOGIN])
def test_nor_does_a_gate(client: Client, anna: User, url: str, target: str) -> None:
    page = client.get(f"{url}?next={quote(target)}", follow=True)
    assert page.status_code == 200
    assert page.redirect_chain == [] or page.redirect_chain[-1][0].startswith(LOGIN)
    # What the gate of the admin site leads on to is its own sign-in, which is no door for Anna.
    led = client.post(f"{LOGIN}?next={quote(f'/admin/login/?next={target}')}", ANNA)["Location"]
    assert led.startswith("/admin/login/")
    assert client.get(led).status_code == 403


@pytest.mark.parametrize("field", ["login", "password"])
def test_what_is_longer_than_any_name_is_compared_with_nothing(client: Client, anna: User, field: str) -> None:
    page = client.post(LOGIN, {**ANNA, field: "x" * 100_000})
    assert page.status_code == 200
    assert page.context["form"].errors[field] == ["This is longer than any can be. Type it again, alone."]
    assert not Event.objects.exists()
