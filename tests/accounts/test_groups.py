"""The groups and what each may do."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from accounts import groups
from accounts.models import User

pytestmark = pytest.mark.django_db


def held() -> dict[str, set[str]]:
    return {
        group.name: {
            f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.select_related("content_type")
        }
        for group in Group.objects.all()
    }


def test_each_group_holds_exactly_its_permissions() -> None:
    assert held() == groups.PERMISSIONS


def test_making_them_again_changes_nothing_and_takes_back_what_was_slipped_in() -> None:
    Group.objects.get(name="Marketer").permissions.add(Permission.objects.get(codename="change_user"))
    groups.ensure()
    groups.ensure()
    assert held() == groups.PERMISSIONS
    assert Group.objects.count() == len(groups.PERMISSIONS)


def test_every_migrate_brings_a_lost_group_back() -> None:
    Group.objects.get(name="Auditor").delete()
    call_command("migrate", verbosity=0)
    assert held() == groups.PERMISSIONS


def test_an_auditor_can_do_one_thing(maria: User) -> None:
    assert maria.get_all_permissions() == {"audit.view_event"}


def test_an_admin_opens_nobodys_data(karin: User) -> None:
    assert not karin.is_superuser
    assert not any(name.startswith("exports.") for name in karin.get_all_permissions())
    assert not any("credential" in name or "delete" in name for name in karin.get_all_permissions())
