"""What a person may do is said by their groups, and by nothing else."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Permission
from django.db.models import QuerySet


class GroupsAlone(AuthenticationBackend):  # type: ignore[misc]  # allauth has no types
    """allauth's own, but for rights given to one person: they count for nothing, and no page asks for them."""

    def _get_user_permissions(self, user_obj: AbstractBaseUser) -> QuerySet[Permission]:
        return Permission.objects.none()
