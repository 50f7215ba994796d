"""In which language the desk speaks: a person's own choice, else their browser's, else the desk's."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.core.checks import run_checks
from django.test import Client

from accounts import languages
from accounts.models import User
from audit.models import Event
from tests.conftest import sign_in

SWEDE, DANE = {"HTTP_ACCEPT_LANGUAGE": "sv-SE,sv;q=0.9,en;q=0.5"}, {"HTTP_ACCEPT_LANGUAGE": "da"}


def spoken(response: Any) -> str:
    """Return the language of an answer: what the page says of itself, and what the answer says of the page."""
    page = response.content.decode()
    said = page.partition('<html lang="')[2].partition('"')[0]
    assert response["Content-Language"] == said
    return said


@pytest.mark.parametrize(
    ("browser", "expected"), [({}, "en"), (SWEDE, "sv"), (DANE, "en"), ({"HTTP_ACCEPT_LANGUAGE": "x" * 5000}, "en")]
)
def test_the_gate_speaks_as_the_browser_asks(db: None, browser: dict[str, str], expected: str) -> None:
    response = Client(**browser).get("/accounts/login/")
    assert spoken(response) == expected
    assert "Accept-Language" in response["Vary"], "a cache may not show one browser's page to another"


def test_a_person_without_a_choice_reads_what_their_browser_asks_for(anna: User) -> None:
    assert spoken(sign_in(Client(**SWEDE), anna).get("/")) == "sv"
    assert spoken(sign_in(Client(), anna).get("/")) == "en"


def test_a_choice_comes_before_the_browser(anna: User) -> None:
    client = sign_in(Client(), anna)
    assert (
        client.post("/account/", {"language": "sv", "time_zone": anna.time_zone, "has_notices": "on"}).status_code
        == 302
    )
    assert spoken(client.get("/")) == "sv"
    assert spoken(client.get("/nothing/here/")) == "sv", "a page that says no, too"
    assert Event.objects.get().facts == {"fields": ["language", "keyboard shortcuts"]}
    User.objects.filter(pk=anna.pk).update(language="en")
    assert spoken(sign_in(Client(**SWEDE), anna).get("/account/")) == "en"


def test_a_language_that_the_desk_does_not_speak_is_refused(as_anna: Client, anna: User) -> None:
    assert as_anna.post("/account/", {"language": "tlh", "time_zone": anna.time_zone}).status_code == 422
    anna.refresh_from_db()
    assert anna.language == ""


def test_one_persons_language_is_nobody_elses(anna: User, jonas: User) -> None:
    User.objects.filter(pk=anna.pk).update(language="sv")
    assert spoken(sign_in(Client(), anna).get("/")) == "sv"
    assert spoken(sign_in(Client(), jonas).get("/")) == "en"
    assert spoken(Client().get("/accounts/login/")) == "en"


def test_a_mail_is_in_its_readers_language_whoever_asks_for_it(anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(language="sv")
    Client().post("/accounts/password/reset/", {"email": anna.email})
    User.objects.filter(pk=anna.pk).update(language="")
    Client().post("/accounts/password/reset/", {"email": anna.email})
    Client(**SWEDE).post("/accounts/password/reset/", {"email": anna.email})
    assert [message.subject for message in mail.outbox] == [
        "Consent Desk: Välj ett nytt lösenord",
        "Consent Desk: Choose a new password",
        "Consent Desk: Välj ett nytt lösenord",
    ]


def test_where_no_browser_asks_the_desks_own_language_is_spoken(settings: Any, anna: User) -> None:
    with languages.of(anna) as language:
        assert language == "en"
    settings.LANGUAGE_CODE = "sv"
    assert spoken(Client(**DANE).get("/accounts/login/")) == "sv"
    settings.LANGUAGE_CODE = "tlh"
    assert any(found.id == "translation.E004" for found in run_checks(tags=["translation"]))
