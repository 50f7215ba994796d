"""The list of one's keys, and what waits for one that is refused."""

from __future__ import annotations

from django.test import Client

from accounts import actions
from accounts.models import Credential, User, VendorAccount
from audit.models import Event
from exports.models import SavedSegment
from exports.spec import ConsentSpec
from tests.conftest import Vendor

URL = "/credentials/"


def words(client: Client) -> str:
    response = client.get(URL)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_every_vendor_account_stands_there_with_ones_own_key(as_anna: Client, annas_key: Credential) -> None:
    VendorAccount.objects.create(name="Fjordsport", region="apac")
    page = words(as_anna)
    assert "Nordlys Handel" in page
    assert "demo-anna" in page
    assert "secret ending in</span> cret" in page
    assert "None of yours" in page
    assert "APSIS One, APAC" in page


def test_anonymous_is_sent_to_sign_in(client: Client, db: None) -> None:
    assert client.get(URL)["Location"] == f"/accounts/login/?next={URL}"


def test_anothers_key_is_not_there(as_jonas: Client, annas_key: Credential) -> None:
    page = words(as_jonas)
    assert "demo-anna" not in page
    assert "You have no credential yet." in page


def test_the_states_are_distinct_words(as_anna: Client, vendor: Vendor, annas_key: Credential, anna: User) -> None:
    assert "One credential is not tested." in words(as_anna)
    actions.test_credential(annas_key, by=anna)
    page = words(as_anna)
    assert "One credential works." in page
    assert 'st-ready"' in page
    vendor.control("DELETE", "keys/demo-anna")
    actions.test_credential(annas_key, by=anna)
    page = words(as_anna)
    assert "One credential is refused." in page
    assert 'st-fail"' in page
    vendor.control("PUT", "keys/demo-anna")
    vendor.fault("token", "status", status=503, times=0)
    actions.test_credential(annas_key, by=anna)
    page = words(as_anna)
    assert "Not tested since" in page
    assert "APSIS could not be reached" in page
    assert 'st-gone"' in page


def test_a_refused_key_says_what_waits_for_it(
    as_anna: Client, vendor: Vendor, annas_key: Credential, anna: User
) -> None:
    for number in range(7):
        save(anna, annas_key.account, f"Segment {number}")
    vendor.control("DELETE", "keys/demo-anna")
    actions.test_credential(annas_key, by=anna)
    page = words(as_anna)
    assert "APSIS refuses your key for Nordlys Handel since" in page
    assert "7 saved segments wait for it: Segment 0, Segment 1, Segment 2, Segment 3, Segment 4 and 2 more." in page
    assert "Test again" in page


def test_without_any_vendor_account_it_says_whom_to_ask(as_anna: Client) -> None:
    assert "There is no vendor account yet." in words(as_anna)


def test_it_needs_no_more_queries_with_more_accounts(
    as_anna: Client, anna: User, account: VendorAccount, django_assert_max_num_queries: object
) -> None:
    for number in range(20):
        other = VendorAccount.objects.create(name=f"Account {number}", region="eu")
        actions.save_credential(by=anna, account=other, client_id="id", secret="a long secret")
        save(anna, other, f"Segment {number}")
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        words(as_anna)


def test_only_reading(as_anna: Client) -> None:
    assert as_anna.post(URL).status_code == 405
    assert not Event.objects.exists()


def save(owner: User, account: VendorAccount, name: str) -> SavedSegment:
    from exports.actions import save_segment

    return save_segment(by=owner, account=account, name=name, spec=ConsentSpec())
