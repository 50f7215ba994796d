"""The form of a credential: the secret goes in and is never shown again."""

from django import forms
from django.utils.translation import gettext_lazy as _


class CredentialForm(forms.Form):
    """A client ID and its secret, as the vendor shows them once when a key is made."""

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

    def clean_secret(self) -> str:
        secret = str(self.cleaned_data["secret"])
        if len(secret) < 8:
            raise forms.ValidationError(_("This is too short for a secret. Copy it whole."))
        return secret

    def say_refused(self, *, is_replacing: bool) -> None:
        """Put the vendor's refusal where it can be mended."""
        refused = _("APSIS did not accept this client ID and secret.")
        after = _("The key you had is still kept.") if is_replacing else _("Nothing was kept.")
        advice = _("Copy both again from API keys in APSIS One, or make a new key there.")
        self.add_error("secret", f"{refused} {after} {advice}")
