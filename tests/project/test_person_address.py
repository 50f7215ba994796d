"""Another e-mail address: with it one can come in, so it costs what a password costs."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from accounts.models import Credential, User
from audit.models import Event
from audit.sentences import sentence


@pytest.fixture
def as_karin(karin: User) -> Client:
    client = Client()
    client.force_login(karin)
    return client


@pytest.fixture
def url(anna: User) -> str:
    return f"/admin/people/{anna.pk}/address/"


def test_sessions_keys_and_links_go(
    as_karin: Client, as_anna: Client, url: str, anna: User, annas_key: Credential
) -> None:
    SocialAccount.objects.create(user=anna, provider="https://login.example.com", uid="1")
    assert "1 key is erased." in " ".join(as_karin.get(url).content.decode().split())
    assert as_karin.post(url, {"email": "anna.b@example.com"}).status_code == 302
    anna.refresh_from_db()
    assert anna.email == "anna.b@example.com"
    assert as_anna.get("/").status_code == 302
    assert not Credential.objects.kept().exists()
    assert not SocialAccount.objects.exists()
    event = Event.objects.get(action="person.address_changed")
    assert sentence(event).startswith("karin changed the e-mail address of anna; sessions ended: 1")
    assert "example.com" not in repr(event.facts)


def test_the_same_address_costs_nothing(as_karin: Client, as_anna: Client, url: str, annas_key: Credential) -> None:
    assert as_karin.post(url, {"email": "anna@example.com"}).status_code == 302
    assert as_anna.get("/").status_code == 200
    assert Credential.objects.kept().exists()
    assert not Event.objects.filter(action="person.address_changed").exists()


@pytest.mark.parametrize("bad", ["", "anna", "jonas@example.com", "JONAS@example.com", "a@b\0.example"])
def test_a_bad_address_changes_nothing(
    as_karin: Client, as_anna: Client, jonas: User, url: str, anna: User, bad: str
) -> None:
    assert as_karin.post(url, {"email": bad}).status_code == 422
    assert as_anna.get("/").status_code == 200
    anna.refresh_from_db()
    assert anna.email == "anna@example.com"


def test_the_form_of_the_admin_site_cannot_do_it_by_halves(as_karin: Client, url: str, anna: User) -> None:
    form = f"/admin/accounts/user/{anna.pk}/change/"
    page = as_karin.get(form).content.decode()
    assert url in page
    assert 'name="email"' not in page
    forged: dict[str, Any] = {"username": "anna", "email": "evil@example.com", "time_zone": "Europe/Stockholm"}
    assert as_karin.post(form, forged).status_code == 302
    anna.refresh_from_db()
    assert anna.email == "anna@example.com"
