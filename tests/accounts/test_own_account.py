"""One's own account: what it shows, and the few things one changes there."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import User
from audit.models import Event
from tests.conftest import sign_in

URL, END = "/account/", "/account/sessions/end/"


def test_everybody_has_one(as_anna: Client, karin: User) -> None:
    page = as_anna.get(URL).content.decode()
    for words in ("anna@example.com", "Marketer", "Your password alone opens this account.", "nowhere else"):
        assert words in page
    assert sign_in(Client(), karin).get(URL).status_code == 200


def test_the_time_zone_is_ones_own_to_choose(as_anna: Client, anna: User) -> None:
    assert (
        as_anna.post(URL, {"time_zone": "America/New_York", "has_shortcuts": "on", "has_notices": "on"})["Location"]
        == URL
    )
    anna.refresh_from_db()
    assert anna.time_zone == "America/New_York"
    assert 'data-zone="America/New_York"' in as_anna.get(URL).content.decode()
    event = Event.objects.get()
    assert (event.action, event.facts) == ("person.changed", {"fields": ["time zone"]})


def test_single_key_shortcuts_can_be_switched_off(as_anna: Client, anna: User) -> None:
    page = as_anna.get("/segments/").content.decode()
    assert 'id="keys"' in page
    assert "keys.js" in page
    assert as_anna.post(URL, {"time_zone": anna.time_zone, "has_notices": "on"})["Location"] == URL
    page = as_anna.get("/segments/").content.decode()
    assert 'id="keys"' not in page
    assert "keys.js" not in page
    assert Event.objects.get().facts == {"fields": ["keyboard shortcuts"]}
    as_anna.post(URL, {"time_zone": anna.time_zone, "has_notices": "on"})
    assert Event.objects.count() == 1, "what stays as it is, is no news"


def test_the_sheet_of_shortcuts_shows_the_places_that_are_ones_own(
    as_anna: Client, client: Client, maria: User, karin: User
) -> None:
    def sheet(client: Client) -> str:
        return client.get("/").content.decode().partition('id="keys"')[2].partition("</dialog>")[0]

    assert "/segments/" in sheet(as_anna)
    assert "/admin/" not in sheet(as_anna)
    auditors = sheet(sign_in(client, maria))
    assert "/admin/audit/event/" in auditors
    assert "/segments/" not in auditors
    assert "/admin/accounts/user/" not in auditors
    assert "/admin/accounts/user/" in sheet(sign_in(client, karin))
    assert "keys.js" not in Client().get("/accounts/login/").content.decode()


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd"])
def test_and_it_must_be_one(as_anna: Client, anna: User, zone: str) -> None:
    response = as_anna.post(URL, {"time_zone": zone})
    assert response.status_code == 422
    anna.refresh_from_db()
    assert anna.time_zone == "Europe/Stockholm"


def test_nothing_else_is(as_anna: Client, anna: User) -> None:
    as_anna.post(URL, {"time_zone": "UTC", "username": "root", "email": "x@example.com", "is_staff": "on"})
    anna.refresh_from_db()
    assert (anna.username, anna.email, anna.is_staff) == ("anna", "anna@example.com", False)


def test_nobody_adds_an_address_of_their_own(as_anna: Client) -> None:
    response = as_anna.post("/accounts/email/", {"action_add": "", "email": "elsewhere@example.com"})
    assert response["Location"] == URL
    assert not EmailAddress.objects.exists()


def test_signing_out_everywhere_else(as_anna: Client, anna: User, as_jonas: Client) -> None:
    elsewhere = sign_in(Client(), anna)
    assert "1 other browser" in as_anna.get(URL).content.decode()
    assert as_anna.post(END)["Location"] == URL
    assert elsewhere.get("/")["Location"].startswith("/accounts/login/")
    assert as_anna.get("/").status_code == 200
    assert as_jonas.get("/").status_code == 200


def test_anonymous_and_wrong_method(client: Client, as_jonas: Client) -> None:
    for url in (URL, END):
        assert client.post(url)["Location"].startswith("/accounts/login/")
        assert as_jonas.put(url).status_code == 405
    assert as_jonas.get(END).status_code == 405
