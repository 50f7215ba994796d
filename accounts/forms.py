"""The forms of credentials, vendor accounts and people. A secret goes in and is never shown again."""

from typing import Any, ClassVar

from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.contrib.auth.forms import SetPasswordMixin
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import groups, zones
from accounts.models import User, VendorAccount


class CredentialForm(forms.Form):
    """A client ID and its secret, as the vendor shows them once when a key is made."""

    # Where the page said that the key will go. It goes there or nowhere, should the account move meanwhile.
    address = forms.CharField(label=_("Address"), widget=forms.HiddenInput)
    client_id = forms.CharField(
        label=_("Client ID"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
        error_messages={
            "required": _("Enter the client ID. It stands beside the key in APSIS One, under API keys."),
            "max_length": _("This is longer than any client ID. Copy it again, alone."),
        },
    )
    secret = forms.CharField(
        label=_("Client secret"),
        max_length=400,
        help_text=_("Goes in and never comes out: the desk tests it, then keeps it encrypted."),
        # The password manager of a browser would offer the desk's own password here.
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": _("Enter the secret. APSIS shows it once, when the key is made."),
            "max_length": _("This is longer than any secret. Copy it again, alone."),
        },
    )

    # Asked for on the page itself: to be sent elsewhere for it would lose what was typed, or keep it in a session.
    password = forms.CharField(
        label=_("Your password on this desk"),
        help_text=_("You signed in a while ago, and a key is worth a second look."),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("Enter the password you sign in with here.")},
    )

    def __init__(self, *args: Any, asks: User | None, **kwargs: Any) -> None:
        """Make the form; `asks` is whose password it asks for, None where they showed it lately."""
        super().__init__(*args, **kwargs)
        self._person = asks
        if asks is None:
            del self.fields["password"]

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        # Counted by the sign-in's own throttle: this is no other door to guess at.
        if not get_adapter().reauthenticate(self._person, password):
            raise forms.ValidationError(_("This is not the password you sign in with here. Your key was sent nowhere."))
        return password

    def asks_no_more(self) -> None:
        """Leave the password out of the page that is drawn next: it was right, whatever else is wrong."""
        del self.fields["password"]

    def clean_secret(self) -> str:
        secret = str(self.cleaned_data["secret"])
        if len(secret) < 8:
            raise forms.ValidationError(_("This is too short for a secret. Copy it whole."))
        return secret

    def say_refused(self, *, is_replacing: bool) -> None:
        """Put the vendor's refusal where it can be mended."""
        refused = _("APSIS did not accept this client ID and secret.")
        advice = _("Copy both again from API keys in APSIS One, or make a new key there.")
        self.add_error("secret", f"{refused} {_kept(is_replacing)} {advice}")

    def say_foreign(self, sentence: str, *, is_replacing: bool) -> None:
        """Say that the key works, and belongs elsewhere."""
        self.add_error("secret", f"{_(sentence)} {_kept(is_replacing)}")

    def say_moved(self, address: str) -> None:
        """Say that the account has moved since the page was drawn; what is sent next is meant for its new address."""
        self.add_error(
            None,
            _(
                "This account has moved to another address. Your key was sent nowhere. Read where it would go now, and "
                "enter a key of that address."
            ),
        )
        self.data = {**dict(self.data.items()), "address": address}


def _kept(is_replacing: bool) -> str:
    return gettext("The key you had is still kept.") if is_replacing else gettext("Nothing was kept.")


class LentPasswordForm(SetPasswordMixin, forms.Form):
    """A password that an admin chooses for somebody else; or none, where they come in another way."""

    password1, password2 = SetPasswordMixin.create_password_fields(_("New password"), _("The same again"))

    def __init__(self, *args: Any, person: User, company: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        for name in ("password1", "password2"):
            self.fields[name].help_text = ""
            self.fields[name].required = not company  # there, `none` stands in for it
        if company:
            label = _("None: they come in with their %(name)s account alone") % {"name": company}
            self.fields["none"] = forms.BooleanField(label=label, required=False)

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("none"):
            return self.cleaned_data
        if "password1" in self.cleaned_data and not self.cleaned_data["password1"]:
            self.add_error("password1", _("Choose one, or tick that there is none."))
        self.validate_passwords()
        self.validate_password_for_user(self.person)
        return self.cleaned_data

    @property
    def chosen(self) -> str | None:
        """The password, once the form is valid; None for none."""
        return None if self.cleaned_data.get("none") else str(self.cleaned_data["password1"])


class AddressForm(forms.ModelForm):
    """A person's e-mail address, which an admin vouches for."""

    class Meta:
        model = User
        fields = ("email",)


class MoveForm(forms.ModelForm):
    """Where a vendor account shall answer."""

    class Meta:
        model = VendorAccount
        fields = ("region", "other_url")


class PreferencesForm(forms.ModelForm):
    """How the desk works for a person: their language, their time zone, single keys, and mails about their runs."""

    class Meta:
        model = User
        fields = ("language", "time_zone", "has_shortcuts", "has_notices")
        labels: ClassVar[dict[str, Any]] = {
            "language": _("Language"),
            "time_zone": _("Where you work"),
            "has_shortcuts": _("Keyboard shortcuts"),
            "has_notices": _("A mail when a run of yours is over"),
        }
        help_texts: ClassVar[dict[str, Any]] = {
            "language": _("Of the pages and of mails to you. Files stay as they are."),
            "time_zone": _("Every time on this desk is shown in this zone."),
            "has_shortcuts": _("Single letters lead about and search; “?” shows them. In a field they are letters."),
            "has_notices": _("It says whether the run is ready or failed, and links to its page. It never holds data."),
        }
        widgets: ClassVar[dict[str, Any]] = {"time_zone": forms.Select}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_zones(self.fields["time_zone"], self.instance.time_zone)
        if not (settings.NOTICES and self.instance.has_perm("exports.view_exportrun")):
            del self.fields["has_notices"]


def offer_zones(field: forms.Field, present: str) -> None:
    """Turn a field into a choice of time zones; a name that is kept already stays one of them, however old."""
    known = zones.grouped()
    if not any(present == name for _region, names in known for name, _place in names):
        known = [(_("Present"), [(present, present)]), *known]
    field.widget = forms.Select(choices=known)


class LeaverForm(forms.Form):
    """Who takes over what a leaver saved. Nobody is a choice that has to be made, not one that happens."""

    NOBODY = "nobody"
    heir = forms.ChoiceField(
        label=_("Hand the saved segments to"),
        error_messages={"required": _("Choose who takes them over, or that nobody does.")},
    )

    def __init__(self, *args: Any, leaver: User, has_segments: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._heirs = marketers().exclude(pk=leaver.pk)
        if not has_segments:
            del self.fields["heir"]
            return
        nobody = _("Nobody: they stay with %(who)s and nobody can run them") % {"who": leaver}
        colleagues = [(str(person.pk), str(person)) for person in self._heirs]
        self.fields["heir"].choices = [("", _("Choose one")), *colleagues, (self.NOBODY, nobody)]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> User | None:
        """The heir, once the form is valid; None for nobody."""
        heir = self.cleaned_data.get("heir", self.NOBODY)
        return None if heir == self.NOBODY else self._heirs.get(pk=heir)


def marketers() -> QuerySet[User]:
    """Return the people who can have saved segments."""
    return User.objects.filter(is_active=True, groups__name=groups.MARKETER).order_by("first_name", "last_name", "pk")
