"""Entering a key: tested before it is kept, and never seen again."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.test import Client

from accounts import actions, vault
from accounts.models import Credential, Definitions, Session, User, VendorAccount
from audit.models import Event
from tests.conftest import Vendor, sign_in

ADDRESS = "http://127.0.0.1:8100"  # of the account, as the page shows it
KEY = {"client_id": "demo-anna", "secret": "demo-anna-secret", "address": ADDRESS}


@pytest.fixture
def url(account: VendorAccount) -> str:
    return f"/credentials/{account.pk}/"


def test_a_key_that_works_is_kept_sealed(as_anna: Client, vendor: Vendor, url: str, anna: User) -> None:
    page = as_anna.post(url, KEY, follow=True)
    credential = Credential.objects.get(owner=anna)
    assert credential.state == Credential.State.WORKING
    assert credential.tested_at is not None
    assert vault.unseal(credential.sealed_secret) == KEY["secret"]
    assert KEY["secret"] not in credential.sealed_secret
    assert page.redirect_chain == [("/credentials/", 302)]
    assert "Your credential for Nordlys Handel works." in page.content.decode()
    assert vendor.calls() == {"token": 1, "sections": 1}
    assert sorted(Event.objects.values_list("action", flat=True)) == ["credential.added", "credential.tested"]


def test_anonymous_is_sent_to_sign_in(client: Client, url: str) -> None:
    assert client.post(url, KEY)["Location"].startswith("/accounts/login/")
    assert not Credential.objects.exists()


def test_anothers_key_is_neither_shown_nor_touched(as_jonas: Client, vendor: Vendor, annas_key: Credential) -> None:
    page = as_jonas.get(f"/credentials/{annas_key.account_id}/").content.decode()
    assert "Add your key" in page
    assert "demo-anna" not in page
    as_jonas.post(
        f"/credentials/{annas_key.account_id}/", {**KEY, "client_id": "demo-jonas", "secret": "demo-jonas-secret"}
    )
    annas_key.refresh_from_db()
    assert annas_key.client_id == "demo-anna"
    assert Credential.objects.count() == 2


def test_an_account_that_is_not_there_is_404(as_anna: Client) -> None:
    assert as_anna.get("/credentials/4711/").status_code == 404


def test_wrong_method(as_anna: Client, url: str) -> None:
    assert as_anna.delete(url).status_code == 405


@pytest.mark.parametrize(
    ("entered", "field", "said"),
    [
        ({"client_id": "", "secret": "long enough"}, "client_id", "Enter the client ID"),
        ({"client_id": "demo-anna", "secret": ""}, "secret", "Enter the secret"),
        ({"client_id": "demo-anna", "secret": "short"}, "secret", "too short"),
        ({"client_id": "x" * 201, "secret": "long enough"}, "client_id", "longer than any client ID"),
        ({"client_id": "demo-anna", "secret": "x" * 401}, "secret", "longer than any secret"),
        ({"client_id": "a\0b", "secret": "long enough"}, "client_id", "Null characters"),
    ],
)
def test_each_slip_is_said_at_its_field(
    as_anna: Client, vendor: Vendor, url: str, entered: dict[str, str], field: str, said: str
) -> None:
    response = as_anna.post(url, {**KEY, **entered})
    assert response.status_code == 422
    assert said in " ".join(response.context["form"].errors[field])
    assert said in response.content.decode()
    assert not Credential.objects.exists()
    assert vendor.calls() == {}


def test_a_key_that_the_vendor_refuses_is_not_kept(as_anna: Client, vendor: Vendor, url: str) -> None:
    response = as_anna.post(url, {**KEY, "client_id": "demo-anna", "secret": "not-this-one"})
    assert response.status_code == 422
    page = response.content.decode()
    assert "APSIS did not accept this client ID and secret. Nothing was kept." in page
    assert 'href="#id_secret"' in page
    assert not Credential.objects.exists()
    assert [event.action for event in Event.objects.all()] == ["credential.rejected"]


def test_a_slip_does_not_cost_a_working_key(as_anna: Client, vendor: Vendor, annas_key: Credential, url: str) -> None:
    before = annas_key.sealed_secret
    response = as_anna.post(url, {**KEY, "client_id": "demo-anna", "secret": "not-this-one"})
    assert "The key you had is still kept." in response.content.decode()
    annas_key.refresh_from_db()
    assert annas_key.sealed_secret == before


def test_replacing_a_key_forgets_what_the_old_one_saw(
    as_anna: Client, vendor: Vendor, annas_key: Credential, url: str
) -> None:
    from accounts.definitions import Library

    Library(annas_key).read("sections")
    as_anna.post(url, {**KEY, "client_id": "demo-sofia", "secret": "demo-sofia-secret"})
    annas_key.refresh_from_db()
    assert annas_key.client_id == "demo-sofia"
    assert annas_key.sealed_token == ""
    assert not Definitions.objects.exists()
    assert Event.objects.filter(action="credential.changed").count() == 1


def test_when_the_vendor_cannot_be_reached_the_key_is_kept_and_says_so(
    as_anna: Client, vendor: Vendor, url: str, anna: User
) -> None:
    vendor.fault("token", "status", status=503, times=0)
    page = as_anna.post(url, KEY, follow=True).content.decode()
    credential = Credential.objects.get(owner=anna)
    assert credential.state == Credential.State.UNTESTED
    assert credential.tested_at is None
    assert "Not tested: APSIS could not be reached." in page


def test_the_secret_is_nowhere(as_anna: Client, vendor: Vendor, url: str, caplog: pytest.LogCaptureFixture) -> None:
    wrong = "a-wrong-secret-of-annas"
    caplog.set_level(logging.DEBUG)
    pages = [
        as_anna.post(url, {**KEY, "client_id": "demo-anna", "secret": wrong}).content.decode(),
        as_anna.post(url, {**KEY, "client_id": "", "secret": wrong}).content.decode(),
        as_anna.post(url, KEY, follow=True).content.decode(),
        as_anna.get(url).content.decode(),
        as_anna.get("/credentials/").content.decode(),
    ]
    stored = [json.dumps(Session.objects.get().get_decoded())]
    stored += [json.dumps(row, default=str) for row in Event.objects.values()]
    stored += [json.dumps(row, default=str) for row in Credential.objects.values()]
    for text in [*pages, *stored, caplog.text]:
        assert wrong not in text
        assert KEY["secret"] not in text


def test_a_key_of_another_account_is_not_kept(
    as_anna: Client, vendor: Vendor, account: VendorAccount, url: str
) -> None:
    as_anna.post(url, KEY)
    response = as_anna.post(url, {**KEY, "client_id": "demo-ingrid", "secret": "demo-ingrid-secret"})
    assert response.status_code == 422
    (said,) = response.context["form"].errors["secret"]
    assert said.startswith("This key belongs to another APSIS account")
    assert "The key you had is still kept." in said
    assert Credential.objects.get().client_id == "demo-anna"
    event = Event.objects.latest("pk")
    assert (event.action, event.facts) == ("credential.rejected", {"why": "another_account"})


def test_a_key_goes_where_the_page_said_or_nowhere(
    as_anna: Client, vendor: Vendor, account: VendorAccount, url: str
) -> None:
    page = as_anna.get(url)
    assert page.context["form"]["address"].value() == ADDRESS
    VendorAccount.objects.update(other_url="https://elsewhere.example")
    response = as_anna.post(url, KEY)
    assert response.status_code == 422
    assert "Your key was sent nowhere." in response.content.decode()
    assert vendor.calls() == {}
    assert not Credential.objects.exists()
    # What is sent from the page as it stands now is meant for the new address.
    assert response.context["form"]["address"].value() == "https://elsewhere.example"
    assert 'value="https://elsewhere.example"' in response.content.decode()


def test_an_account_that_moves_during_the_test_is_given_no_key(
    as_anna: Client, vendor: Vendor, account: VendorAccount, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = actions.ask_vendor

    def ask_while_it_moves(client: Any) -> Any:
        VendorAccount.objects.update(other_url="https://elsewhere.example")
        return ask(client)

    monkeypatch.setattr(actions, "ask_vendor", ask_while_it_moves)
    assert as_anna.post(url, KEY).status_code == 422
    assert not Credential.objects.exists()


# ── The password, once the sign-in is a while ago ────────────────────────────────────────────────────────────

PASSWORD = "a password for tests"
OLD = 16 * 60.0


@pytest.fixture
def late_anna(client: Client, anna: User) -> Client:
    """Anna, who signed in a while ago."""
    return sign_in(client, anna, ago=OLD)


def test_a_key_is_not_changed_by_a_browser_that_was_left_open(late_anna: Client, vendor: Vendor, url: str) -> None:
    assert "password" in late_anna.get(url).context["form"].fields
    response = late_anna.post(url, KEY)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["password"]
    assert response.context["form"]["client_id"].value() == "demo-anna"  # what was typed stands there still
    assert vendor.calls() == {}
    assert not Credential.objects.exists()


def test_nor_with_a_wrong_password(late_anna: Client, vendor: Vendor, url: str) -> None:
    response = late_anna.post(url, {**KEY, "password": "not this one"})
    assert "This is not the password" in response.content.decode()
    assert vendor.calls() == {}
    assert not Credential.objects.exists()


def test_with_the_password_it_is_kept_and_not_asked_for_again(late_anna: Client, vendor: Vendor, url: str) -> None:
    assert late_anna.post(url, {**KEY, "password": PASSWORD})["Location"] == "/credentials/"
    assert Credential.objects.get().state == Credential.State.WORKING
    assert "password" not in late_anna.get(url).context["form"].fields


def test_a_right_password_beside_another_slip_is_not_asked_for_again(
    late_anna: Client, vendor: Vendor, url: str
) -> None:
    response = late_anna.post(url, {**KEY, "secret": "short", "password": PASSWORD})
    assert response.status_code == 422
    assert 'name="password"' not in response.content.decode()
    assert PASSWORD not in response.content.decode()
    assert late_anna.post(url, KEY)["Location"] == "/credentials/"


def test_a_page_read_slowly_is_still_good(client: Client, anna: User, vendor: Vendor, url: str) -> None:
    sign_in(client, anna, ago=4 * 60)
    assert "password" not in client.get(url).context["form"].fields
    sign_in(client, anna, ago=6 * 60)
    assert "password" in client.get(url).context["form"].fields
    sign_in(client, anna, ago=14 * 60)
    assert client.post(url, KEY).status_code == 302


def test_guessing_is_throttled_like_the_sign_in(late_anna: Client, vendor: Vendor, url: str) -> None:
    pages = [late_anna.post(url, {**KEY, "password": f"guess {n}"}).content.decode() for n in range(12)]
    assert "Too many tries have failed" in pages[-1]
    assert "Too many tries have failed" in late_anna.post(url, {**KEY, "password": PASSWORD}).content.decode()


def test_the_secret_is_in_no_session(late_anna: Client, vendor: Vendor, url: str) -> None:
    late_anna.post(url, KEY)
    late_anna.post(url, {**KEY, "password": "not this one"})
    for session in Session.objects.all():
        assert KEY["secret"] not in json.dumps(session.get_decoded())
