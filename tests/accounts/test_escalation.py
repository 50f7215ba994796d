"""What an admin might try to become more than one, or somebody else; and what it comes to."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts import groups, vault
from accounts.models import Credential, User
from exports.models import ExportRun

PEOPLE = "/admin/accounts/user/"


@pytest.fixture
def as_karin(karin: User) -> Client:
    client = Client()
    client.force_login(karin)
    return client


def forged(person: User | None, **more: Any) -> dict[str, Any]:
    """Return a form with everything in it that would make somebody more."""
    return {
        "username": person.username if person else "made",
        "email": person.email if person else "made@example.com",
        "time_zone": "Europe/Stockholm",
        "usable_password": "true",
        "password1": "quite-a-long-word-9",
        "password2": "quite-a-long-word-9",
        "password": "pbkdf2_sha256$1$x$y",
        "is_superuser": "on",
        "is_staff": "on",
        "is_active": "on",
        "has_lent_password": "",
        "user_permissions": [permission.pk for permission in Permission.objects.all()],
        **more,
    }


def test_nobody_is_made_superuser_not_even_somebody_new(as_karin: Client, karin: User, anna: User) -> None:
    assert as_karin.post(f"{PEOPLE}add/", forged(None)).status_code == 302
    for person in (karin, anna):
        as_karin.post(f"{PEOPLE}{person.pk}/change/", forged(person))
    for person in User.objects.all():
        assert not person.is_superuser
        assert not person.user_permissions.exists()
    made = User.objects.get(username="made")
    assert not made.is_staff
    assert made.has_lent_password
    anna.refresh_from_db()
    assert anna.check_password("a password for tests")


def test_a_right_that_somebody_was_given_apart_counts_for_nothing(anna: User) -> None:
    anna.user_permissions.set(Permission.objects.all())
    anna = User.objects.get(pk=anna.pk)

    assert anna.has_perm("exports.view_exportrun")
    assert not anna.has_perm("audit.view_event")
    assert anna.get_all_permissions() == anna.get_group_permissions()


def test_an_admin_gives_themself_no_group(as_karin: Client, karin: User) -> None:
    every = [group.pk for group in Group.objects.all()]
    as_karin.post(f"{PEOPLE}{karin.pk}/change/", forged(karin, groups=every))
    assert [group.name for group in karin.groups.all()] == ["Admin"]
    assert as_karin.get("/segments/").status_code == 403


def test_a_group_gives_no_more_than_its_table(as_karin: Client, db: None) -> None:
    admins = Group.objects.get(name="Admin")
    for url in (f"/admin/auth/group/{admins.pk}/change/", "/admin/auth/group/add/", "/admin/auth/group/"):
        assert as_karin.post(url, {"name": "Admin", "permissions": [1, 2, 3]}).status_code == 403
    given = {f"{p.content_type.app_label}.{p.codename}" for p in admins.permissions.select_related("content_type")}
    assert given == groups.PERMISSIONS["Admin"]


@pytest.mark.parametrize("act", ["change", "password", "delete", "history"])
def test_a_superuser_is_changed_by_nobody_here(as_karin: Client, karin: User, act: str) -> None:
    root = User.objects.create_superuser("root", "root@example.com", "a password for tests")
    before = User.objects.filter(pk=root.pk).values().get()
    answer = as_karin.post(f"{PEOPLE}{root.pk}/{act}/", forged(root, post="yes"))
    assert answer.status_code == (200 if act == "history" else 403)
    assert User.objects.filter(pk=root.pk).values().get() == before
    as_karin.post(PEOPLE, {"action": "delete_selected", "_selected_action": [root.pk], "post": "yes"})
    assert User.objects.filter(pk=root.pk).exists()


def test_nor_by_a_list_that_is_edited_in_place(as_karin: Client, anna: User) -> None:
    as_karin.post(
        PEOPLE,
        {
            "form-TOTAL_FORMS": 1,
            "form-INITIAL_FORMS": 1,
            "form-0-id": anna.pk,
            "form-0-is_superuser": "on",
            "_save": "1",
        },
    )
    anna.refresh_from_db()
    assert not anna.is_superuser


def test_no_page_of_an_admin_holds_a_secret(as_karin: Client, annas_key: Credential, anna: User) -> None:
    secrets = [vault.unseal(annas_key.sealed_secret), annas_key.sealed_secret, anna.password]
    pages = [
        *("/", "/admin/", PEOPLE, "/admin/accounts/vendoraccount/", "/admin/audit/event/"),
        *(f"{PEOPLE}{anna.pk}/{page}/" for page in ("change", "history", "password")),
        *(f"/admin/people/{anna.pk}/{page}/" for page in ("password", "address", "deactivate", "second-factor")),
        f"/admin/accounts/vendoraccount/{annas_key.account_id}/change/",
    ]
    for url in pages:
        page = as_karin.get(url, follow=True).content.decode()
        for secret in secrets:
            assert secret not in page, url


def test_what_holds_secrets_is_in_no_list_of_the_admin_site() -> None:
    from django.contrib import admin

    shown = {model._meta.label for model in admin.site._registry}
    assert not {"accounts.Credential", "exports.ExportRun", "accounts.Session", "socialaccount.SocialApp"} & shown
    sealed = {
        model._meta.label
        for model in apps.get_models()
        if any(column.name.startswith("sealed_") for column in model._meta.concrete_fields)
    }
    assert not sealed & shown
    assert ExportRun._meta.label in sealed


def test_lookups_in_the_address_of_a_list_tell_nothing_of_a_password(as_karin: Client, anna: User) -> None:
    # Django's lists once told, letter by letter, what a hash begins with.
    for query in (
        "password__startswith=md5",
        "credentials__sealed_secret__startswith=g",
        "sessions=1",
        "groups__permissions=1",
    ):
        answer = as_karin.get(f"{PEOPLE}?{query}")
        assert answer.status_code in (302, 400)
        assert "anna" not in answer.content.decode()
