"""The admin site: people and vendor accounts, for admins alone, and nobody becomes more than that."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import Credential, User, VendorAccount
from audit.models import Event

PEOPLE, ACCOUNTS = "/admin/accounts/user/", "/admin/accounts/vendoraccount/"


@pytest.fixture
def as_karin(karin: User) -> Client:
    client = Client()
    client.force_login(karin)
    return client


@pytest.fixture
def as_maria(maria: User) -> Client:
    client = Client()
    client.force_login(maria)
    return client


def person(user: User, **more: Any) -> dict[str, Any]:
    kept = {"username": user.username, "email": user.email, "time_zone": user.time_zone, "is_active": "on"}
    return {**kept, "first_name": "", "last_name": "", **more}


# ── Who comes in ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("url", ["/admin/", "/admin/login/", PEOPLE, ACCOUNTS, "/admin/audit/event/"])
def test_anonymous_signs_in_where_everybody_does(client: Client, db: None, url: str) -> None:
    last, _status = client.get(url, follow=True).redirect_chain[-1]
    assert last.startswith("/accounts/login/")


def test_the_admin_sites_own_door_is_walled_up(client: Client, karin: User) -> None:
    client.post("/admin/login/", {"username": "karin", "password": "a password for tests"})
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("url", ["/admin/", PEOPLE, ACCOUNTS, "/admin/audit/event/"])
def test_a_marketer_stays_out(as_anna: Client, url: str) -> None:
    response = as_anna.get(url, follow=True)
    assert response.status_code == 403
    assert "audit history" not in response.content.decode().lower()


def test_what_is_wrong_with_somebody_new_is_said_in_the_words_of_the_page(as_karin: Client, anna: User) -> None:
    entered = {"username": "anna", "password1": "ten of a dozen", "password2": "another one"}
    page = as_karin.post("/admin/accounts/user/add/", entered).content.decode()
    assert "<b>User name:</b> Somebody has this user name already." in page
    assert "<b>Password once more:</b>" in page
    assert "Username" not in page


def test_nothing_of_a_password_is_shown(as_karin: Client, anna: User) -> None:
    page = as_karin.get(f"{PEOPLE}{anna.pk}/change/").content.decode()
    _algorithm, salt, digest = anna.password.split("$")
    assert salt[:6] not in page
    assert digest[:6] not in page
    assert f"{PEOPLE}{anna.pk}/password/" in page


def test_an_auditor_sees_the_audit_history_and_nothing_else(as_maria: Client, maria: User) -> None:
    index = as_maria.get("/admin/").content.decode()
    assert "/admin/audit/event/" in index
    assert PEOPLE not in index
    assert as_maria.get("/admin/audit/event/").status_code == 200
    for url in (PEOPLE, ACCOUNTS, f"{PEOPLE}{maria.pk}/change/", f"{ACCOUNTS}add/", "/admin/auth/group/"):
        assert as_maria.get(url).status_code == 403


# ── People ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_admin_adds_a_marketer(as_karin: Client) -> None:
    marketer = Group.objects.get(name="Marketer")
    entered = {
        "username": "siv",
        "email": "siv@example.com",
        "usable_password": "true",
        "password1": "quite-a-long-word-9",
        "password2": "quite-a-long-word-9",
        "groups": [marketer.pk],
    }
    response = as_karin.post(f"{PEOPLE}add/", entered)
    assert response.status_code == 302, response.context["adminform"].form.errors
    siv = User.objects.get(username="siv")
    assert list(siv.groups.all()) == [marketer]
    assert not siv.is_staff
    assert Event.objects.get().action == "person.added"


def test_nobody_is_made_superuser_or_given_a_right_of_their_own(as_karin: Client, karin: User) -> None:
    page = as_karin.get(f"{PEOPLE}{karin.pk}/change/").content.decode()
    assert "is_superuser" not in page
    assert "user_permissions" not in page
    right = Permission.objects.get(codename="download_exportrun")
    forged = person(karin, is_staff="on", is_superuser="on", user_permissions=[right.pk])
    assert as_karin.post(f"{PEOPLE}{karin.pk}/change/", forged).status_code == 302
    karin.refresh_from_db()
    assert not karin.is_superuser
    assert not karin.user_permissions.exists()


def test_nobody_changes_their_own_groups(as_karin: Client, karin: User, anna: User) -> None:
    marketer = Group.objects.get(name="Marketer")
    url = f"{PEOPLE}{karin.pk}/change/"
    assert 'name="groups"' not in as_karin.get(url).content.decode()
    assert as_karin.post(url, person(karin, groups=[marketer.pk])).status_code == 302
    assert [group.name for group in karin.groups.all()] == ["Admin"]
    assert 'name="groups"' in as_karin.get(f"{PEOPLE}{anna.pk}/change/").content.decode()


def test_the_admin_site_opens_and_closes_with_the_groups(as_karin: Client, anna: User) -> None:
    marketer, auditor = (Group.objects.get(name=name) for name in ("Marketer", "Auditor"))
    url = f"{PEOPLE}{anna.pk}/change/"
    assert 'name="is_staff"' not in as_karin.get(url).content.decode()
    as_karin.post(url, person(anna, groups=[marketer.pk, auditor.pk]))
    anna.refresh_from_db()
    assert anna.is_staff
    as_karin.post(url, person(anna, groups=[marketer.pk], is_staff="on"))
    anna.refresh_from_db()
    assert not anna.is_staff


def test_the_time_zone_is_chosen_by_name(as_karin: Client, anna: User) -> None:
    url = f"{PEOPLE}{anna.pk}/change/"
    page = as_karin.get(url).content.decode()
    assert '<option value="Europe/Helsinki">Helsinki</option>' in page
    as_karin.post(url, person(anna, time_zone="Europe/Helsinki"))
    anna.refresh_from_db()
    assert anna.time_zone == "Europe/Helsinki"
    assert as_karin.post(url, person(anna, time_zone="Mars/Olympus")).status_code == 200


def test_a_zone_of_an_older_desk_stays_a_choice(as_karin: Client, anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(time_zone="US/Eastern")
    page = as_karin.get(f"{PEOPLE}{anna.pk}/change/").content.decode()
    assert '<option value="US/Eastern" selected>' in page


def test_the_operators_account_is_out_of_reach(as_karin: Client) -> None:
    root = User.objects.create_superuser("root", "root@example.com", "a password for tests")
    for url in (f"{PEOPLE}{root.pk}/change/", f"{PEOPLE}{root.pk}/password/"):
        assert as_karin.post(url, person(root, password1="x" * 20, password2="x" * 20)).status_code == 403
    root.refresh_from_db()
    assert root.check_password("a password for tests")


def test_people_are_deactivated_never_deleted(as_karin: Client, anna: User) -> None:
    assert as_karin.post(f"{PEOPLE}{anna.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in as_karin.get(PEOPLE).content.decode()
    forged = {"action": "delete_selected", "_selected_action": [anna.pk], "post": "yes"}
    as_karin.post(PEOPLE, forged)
    assert User.objects.filter(pk=anna.pk).exists()
    # Leaving is a page of its own (tests/project/test_person_deactivate.py); the form cannot do it by halves.
    left = person(anna, first_name="Anna")
    del left["is_active"]
    assert as_karin.post(f"{PEOPLE}{anna.pk}/change/", left).status_code == 302
    anna.refresh_from_db()
    assert anna.is_active
    page = as_karin.get(f"{PEOPLE}{anna.pk}/change/").content.decode()
    assert f"/admin/people/{anna.pk}/deactivate/" in page
    assert "is_active" not in page
    assert Event.objects.get(action="person.changed").actor_name == "karin"


# ── Vendor accounts ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("region", ["eu", "apac"])
def test_an_admin_adds_an_account_of_a_region(as_karin: Client, region: str) -> None:
    entered = {"name": "Nordlys", "region": region, "other_url": "", "consent_version": "2"}
    assert as_karin.post(f"{ACCOUNTS}add/", entered).status_code == 302
    assert VendorAccount.objects.get().base_url.endswith("apsis.one")
    assert Event.objects.get().action == "account.added"


def test_an_admin_adds_an_account_at_an_address(as_karin: Client) -> None:
    entered = {"name": "Nordlys", "region": "other", "other_url": "https://APSIS.example.com/", "consent_version": "1"}
    assert as_karin.post(f"{ACCOUNTS}add/", entered).status_code == 302
    assert VendorAccount.objects.get().base_url == "https://apsis.example.com"


@pytest.mark.parametrize("address", ["", "http://apsis.example.com", "https://a.example/b", "javascript:alert(1)"])
def test_a_bad_address_is_said_at_its_field(as_karin: Client, address: str) -> None:
    entered = {"name": "Nordlys", "region": "other", "other_url": address, "consent_version": "2"}
    response = as_karin.post(f"{ACCOUNTS}add/", entered)
    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == ["other_url"]
    assert not VendorAccount.objects.exists()


def test_the_form_of_an_account_leaves_its_address_alone(as_karin: Client, account: VendorAccount) -> None:
    url = f"{ACCOUNTS}{account.pk}/change/"
    before = account.base_url
    page = as_karin.get(url).content.decode()
    assert f"/admin/vendor-accounts/{account.pk}/move/" in page
    forged = {"name": "Renamed", "region": "eu", "other_url": "https://evil.example", "consent_version": "1"}
    assert as_karin.post(url, forged).status_code == 302
    account.refresh_from_db()
    assert (account.name, account.base_url, account.consent_version) == ("Renamed", before, 1)
    assert not Event.objects.filter(action="account.moved").exists()


def test_an_admin_lets_the_desk_learn_the_sections_anew(as_karin: Client, account: VendorAccount) -> None:
    VendorAccount.objects.update(sections=["usercreated.sections.sport-1"])
    url, kept = f"{ACCOUNTS}{account.pk}/change/", {"name": account.name, "consent_version": "2"}
    as_karin.post(url, kept)
    account.refresh_from_db()
    assert account.sections == ["usercreated.sections.sport-1"]
    as_karin.post(url, {**kept, "forget_sections": "on"})
    account.refresh_from_db()
    assert account.sections == []
    assert Event.objects.filter(action="account.sections_forgotten", actor_name="karin").count() == 1


def test_an_account_is_not_deleted(as_karin: Client, account: VendorAccount) -> None:
    assert as_karin.post(f"{ACCOUNTS}{account.pk}/delete/", {"post": "yes"}).status_code == 403


def test_an_admin_sees_nobodys_key(as_karin: Client, annas_key: Credential) -> None:
    for url in ("/admin/", f"{ACCOUNTS}{annas_key.account_id}/change/", f"{PEOPLE}{annas_key.owner_id}/change/"):
        page = as_karin.get(url).content.decode()
        assert annas_key.sealed_secret not in page
        assert annas_key.client_id not in page
    assert as_karin.get("/credentials/").status_code == 403
