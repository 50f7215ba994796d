"""Testing a key that is kept."""

from __future__ import annotations

from datetime import UTC, datetime

from django.test import Client

from accounts import actions
from accounts.models import Credential, User
from audit.models import Event
from tests.conftest import Vendor

NOW = datetime(2026, 6, 2, 14, 3, tzinfo=UTC)


def test_a_working_key_works(as_anna: Client, vendor: Vendor, annas_key: Credential) -> None:
    response = as_anna.post(f"/credentials/{annas_key.account_id}/test/")
    assert response["Location"] == "/credentials/"
    annas_key.refresh_from_db()
    assert annas_key.state == Credential.State.WORKING
    event = Event.objects.get(action="credential.tested")
    assert event.facts == {"state": "working"}


def test_it_asks_in_earnest_whatever_token_is_kept(vendor: Vendor, annas_key: Credential, anna: User) -> None:
    actions.test_credential(annas_key, by=anna)
    actions.test_credential(annas_key, by=anna)
    assert vendor.calls()["token"] == 2


def test_anonymous_is_sent_to_sign_in(client: Client, vendor: Vendor, annas_key: Credential) -> None:
    assert client.post(f"/credentials/{annas_key.account_id}/test/")["Location"].startswith("/accounts/login/")
    assert vendor.calls() == {}


def test_anothers_key_is_404(as_jonas: Client, vendor: Vendor, annas_key: Credential) -> None:
    assert as_jonas.post(f"/credentials/{annas_key.account_id}/test/").status_code == 404
    assert vendor.calls() == {}


def test_reading_tests_nothing(as_anna: Client, vendor: Vendor, annas_key: Credential) -> None:
    assert as_anna.get(f"/credentials/{annas_key.account_id}/test/").status_code == 405
    assert vendor.calls() == {}


def test_a_refusal_is_written_down_and_its_token_forgotten(vendor: Vendor, annas_key: Credential, anna: User) -> None:
    actions.test_credential(annas_key, by=anna)
    vendor.control("DELETE", "keys/demo-anna")
    credential = actions.test_credential(annas_key, by=anna, now=NOW)
    assert (credential.state, credential.tested_at) == (Credential.State.REFUSED, NOW)
    assert "API keys in APSIS One" in credential.test_message
    credential.refresh_from_db()
    assert credential.sealed_token == ""


def test_trouble_at_the_vendor_is_no_verdict(vendor: Vendor, annas_key: Credential, anna: User) -> None:
    actions.test_credential(annas_key, by=anna, now=NOW)
    vendor.fault("token", "status", status=503, times=0)
    credential = actions.test_credential(annas_key, by=anna)
    assert credential.state == Credential.State.UNTESTED
    assert credential.tested_at == NOW  # the last time that the vendor said anything of it
    assert "could not be reached" in credential.test_message


def test_too_many_sign_ins_is_no_verdict_either(vendor: Vendor, annas_key: Credential, anna: User) -> None:
    vendor.fault("token", "status", status=429, times=0)
    credential = actions.test_credential(annas_key, by=anna)
    assert credential.state == Credential.State.UNTESTED
    assert "ten sign-ins a minute" in credential.test_message
