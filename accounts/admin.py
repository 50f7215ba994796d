"""People and vendor accounts, for admins."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts import actions, admission, provider_links, second_factor
from accounts.fields import RowsField
from accounts.forms import offer_zones
from accounts.models import User, VendorAccount
from accounts.oidc import company
from accounts.sign_in import Worded
from audit import actions as audit
from wording import moments

OPEN = pgettext_lazy("account", "Open")  # beside the verb, which is another word elsewhere


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


class GroupsField(RowsField):
    """Groups by their names, as people read them."""

    def label_from_instance(self, obj: Any) -> str:
        return gettext(obj.name)


class GroupsFilter(admin.RelatedFieldListFilter):
    """Lists people by group."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return [(pk, gettext(str(name))) for pk, name in super().field_choices(field, request, model_admin)]


class PersonForm(UserChangeForm):
    """A person's facts, with the time zone as a choice, and nothing of their password: Django shows its start."""

    password = None  # type: ignore[assignment]  # so Django takes a field out that a form inherits

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "username" in self.fields:
            self.fields["username"].label = _("User name")
        if "time_zone" in self.fields:
            offer_zones(self.fields["time_zone"], self.instance.time_zone)


class NewPersonForm(Worded, AdminUserCreationForm):
    """Somebody new, with a first password; the summary of errors calls each field what the page calls it."""

    labels = {"username": _("User name"), "password1": _("Password"), "password2": _("Password once more")}

    class Meta(AdminUserCreationForm.Meta):
        error_messages = {"username": {"unique": _("Somebody has this user name already. Choose another.")}}


@admin.register(User)
class PersonAdmin(Audited, UserAdmin):
    """People are made here and never deleted; nobody is made superuser, no right is given singly, none to oneself.

    Whether somebody may come in at all is changed on a page of its own, which says what it costs; whether they may
    enter the admin site follows from their groups.
    """

    noun = "person"
    form = PersonForm
    add_form = NewPersonForm
    list_display = ("signs_in_as", "called", "email", "is_open", "came_last")
    list_filter = ("is_active", ("groups", GroupsFilter))
    fieldsets = (
        (None, {"fields": ("username", "secret", "door", "factor", "provider")}),
        (_("Person"), {"fields": ("first_name", "last_name", "address", "language", "time_zone")}),
        (_("Rights"), {"fields": ("groups",)}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": (
                    "username", "email", "first_name", "last_name", "usable_password", "password1", "password2",
                    "groups",
                ),
            },
        ),
    )  # fmt: skip
    # UserAdmin's two lists side by side are hard to use for three groups, and nameless to a screen reader.
    filter_horizontal = ()
    formfield_overrides = {models.ManyToManyField: {"widget": forms.CheckboxSelectMultiple}}

    @admin.display(description=_("password"))
    def secret(self, person: User) -> str:
        """Say whether there is one, and lead to where it is changed."""
        words = (_("Set"), _("Change…")) if person.has_usable_password() else (_("None"), _("Give one…"))
        if person.has_lent_password:
            words = (_("Chosen by an admin, not changed yet"), _("Change…"))
        return format_html(
            '{}. <a href="{}">{}</a>', words[0], reverse("admin:auth_user_password_change", args=[person.pk]), words[1]
        )

    @admin.display(description=_("account"), ordering="is_active")
    def is_open(self, person: User) -> str:
        """Say in a word whether the person may sign in."""
        return str(OPEN if person.is_active else _("Closed"))

    @admin.display(description=_("User name"), ordering="username")
    def signs_in_as(self, person: User) -> str:
        return person.username

    @admin.display(description=_("name"), ordering="last_name", empty_value="–")
    def called(self, person: User) -> str | None:
        return person.get_full_name() or None

    @admin.display(description=_("last sign-in"), ordering="last_login")
    def came_last(self, person: User) -> str:
        """Say when the person signed in last; on a phone, where columns have no heads, say what it is."""
        if person.last_login is None:
            return str(_("not signed in yet"))
        said = moments.moment(person.last_login)
        return format_html('<span class="narrow-only">{} </span>{}', _("last sign-in"), said)

    @admin.display(description=_("account"))
    def door(self, person: User) -> str:
        """Say whether the person may sign in, and lead to where that is changed."""
        words = (OPEN, _("Deactivate…")) if person.is_active else (_("Closed"), _("Let them in again…"))
        return format_html(
            '{}. <a href="{}">{}</a>', words[0], reverse("person_deactivate", args=[person.pk]), words[1]
        )

    @admin.display(description=_("e-mail address"))
    def address(self, person: User) -> str:
        """Say the address, and lead to where it is changed."""
        return format_html(
            '{} <a href="{}">{}</a>', person.email, reverse("person_address", args=[person.pk]), _("Change…")
        )

    @admin.display(description=_("second factor"))
    def factor(self, person: User) -> str:
        """Say whether there is one, and lead to where a lost one is taken away."""
        if not second_factor.has_one(person):
            return str(_("None"))
        return format_html(
            '{}. <a href="{}">{}</a>', _("Set up"), reverse("person_factors", args=[person.pk]), _("Lost…")
        )

    @admin.display(description=_("company account"))
    def provider(self, person: User) -> str:
        """Say since when there is a link to an account at the provider, and lead to where it is undone."""
        link = provider_links.of(person).first()
        if link is None:
            return str(_("Not used yet"))
        since = formats.date_format(timezone.localtime(link.date_joined), "DATE_FORMAT")
        said = _("In use since %(day)s") % {"day": since}
        return format_html('{}. <a href="{}">{}</a>', said, reverse("person_unlink", args=[person.pk]), _("Undo…"))

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Leave the provider out where there is none."""
        sets = super().get_fieldsets(request, obj)
        if obj is None or company.name() or provider_links.of(obj).exists():
            return sets
        return [(title, {**of, "fields": [name for name in of["fields"] if name != "provider"]}) for title, of in sets]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer nothing of the admin's own where somebody else's facts are asked for."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in ("email", "first_name", "last_name") and field is not None:
            field.widget.attrs["autocomplete"] = "off"
        return field

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(db_field, request, form_class=GroupsField, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Hold one's own groups still: an admin neither lifts nor locks out themselves."""
        facts = ("secret", "door", "factor", "provider", "address")
        return (*facts, "groups") if obj and obj.pk == request.user.pk else facts

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save the person; the first password is the admin's, and only lent."""
        if not change:
            obj.has_lent_password = obj.has_usable_password()
        super().save_model(request, obj, form, change)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Lead to where passwords are changed: one's own like everybody's, a colleague's where the cost is said."""
        if id == str(request.user.pk):
            return redirect("account_change_password")
        person = self.get_object(request, id)
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        if person is None:
            raise Http404
        return redirect("person_password", person.pk)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        admission.follow_groups(form.instance)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Keep the operator's account out of reach: with its password one would be superuser."""
        if isinstance(obj, User) and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)


class VendorAccountForm(forms.ModelForm):
    """A vendor account, and a way out when what the desk learnt of it is wrong."""

    forget_sections = forms.BooleanField(
        label=_("forget its sections"),
        required=False,
        help_text=_("The next key that works tells anew which sections this account has. Helps when right keys are "
                    "refused because an earlier one was of another account."),
    )  # fmt: skip

    class Meta:
        model = VendorAccount
        fields = ("name", "region", "other_url", "consent_version", "upload_hosts")
        widgets = {"upload_hosts": forms.Textarea(attrs={"rows": 2})}


@admin.register(VendorAccount)
class VendorAccountAdmin(Audited):
    """Where vendor accounts answer. The address is moved on a page of its own, which says what that costs."""

    noun = "account"
    form = VendorAccountForm
    list_display = ("name", "region", "answers_at", "consent_version")

    def get_fields(self, request: HttpRequest, obj: VendorAccount | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("name", "region", "other_url", "consent_version", "upload_hosts")
        return ("name", "place", "consent_version", "upload_hosts", "forget_sections")

    def get_readonly_fields(self, request: HttpRequest, obj: VendorAccount | None = None) -> tuple[str, ...]:
        return ("place",) if obj else ()

    @admin.display(description=_("address"))
    def answers_at(self, account: VendorAccount) -> str:
        return account.base_url

    @admin.display(description=_("address"))
    def place(self, account: VendorAccount) -> str:
        """Say where the account answers, and lead to where that is changed."""
        url = reverse("account_move", args=[account.pk])
        return format_html('{} <a href="{}">{}</a>', account.base_url, url, _("Move…"))

    def save_model(self, request: HttpRequest, obj: VendorAccount, form: Any, change: bool) -> None:
        """Save what the form holds and no more: the address may have been moved since the page was drawn."""
        if not change:
            return super().save_model(request, obj, form, change)
        obj.save(update_fields=["name", "consent_version", "upload_hosts"])
        if form.cleaned_data.get("forget_sections"):
            actions.forget_sections(obj, by=cast(User, request.user))


def _fields(message: Any) -> list[str]:
    """Return the names of the changed fields from what Django's admin logs; a plain text is about the password."""
    if not isinstance(message, list):
        return ["password"]
    changed = (part.get("changed", {}).get("fields", []) for part in message)
    return sorted({str(name) for names in changed for name in names})
