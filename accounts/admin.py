"""People and vendor accounts, for admins."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import User, VendorAccount
from audit import actions as audit


class Audited(admin.ModelAdmin):
    """Writes every change into the audit history, beside Django's own log; and nothing here is ever deleted."""

    noun = ""

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        audit.record(f"{self.noun}.added", by=cast(User, request.user), target=obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        """Record which fields changed, never what to: a password is one of them."""
        audit.record(f"{self.noun}.changed", by=cast(User, request.user), target=obj, fields=_fields(message))
        return super().log_change(request, obj, message)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(User)
class PersonAdmin(Audited, UserAdmin):
    """People are made and deactivated here, never deleted; nobody is made superuser, and no right is given singly."""

    noun = "person"
    list_display = ("username", "email", "first_name", "last_name", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email", "time_zone")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "groups")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": (
                    "username", "email", "first_name", "last_name", "usable_password", "password1", "password2",
                    "is_staff", "groups",
                ),
            },
        ),
    )  # fmt: skip
    filter_horizontal = ("groups",)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Keep the operator's account out of reach: with its password one would be superuser."""
        if isinstance(obj, User) and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)


@admin.register(VendorAccount)
class VendorAccountAdmin(Audited):
    """Where vendor accounts answer."""

    noun = "account"
    list_display = ("name", "region", "base_url", "consent_version")
    fields = ("name", "region", "other_url", "consent_version")

    def get_readonly_fields(self, request: HttpRequest, obj: VendorAccount | None = None) -> tuple[str, ...]:
        """Hold the address still once people entered keys for it: they would travel to wherever it points next."""
        return ("region", "other_url") if obj and obj.credentials.exists() else ()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say above the form why the address cannot be changed."""
        obj = self.get_object(request, object_id)
        if obj and self.get_readonly_fields(request, obj):
            why = _("The address stays: people have entered keys for it. Add another account instead.")
            extra_context = {**(extra_context or {}), "subtitle": why}
        return super().change_view(request, object_id, form_url, extra_context)


def _fields(message: Any) -> list[str]:
    """Return the names of the changed fields from what Django's admin logs; a plain text is about the password."""
    if not isinstance(message, list):
        return ["password"]
    changed = (part.get("changed", {}).get("fields", []) for part in message)
    return sorted({str(name) for names in changed for name in names})
