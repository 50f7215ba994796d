"""allauth's forms in the desk's words: what a field is called at the field and in the summary of errors."""

from collections.abc import Mapping
from typing import Any

from allauth.account import forms as allauth
from allauth.mfa.totp import forms as totp
from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import passwords

NEW = _("New password")
NEW_HINT = _("Twelve characters or more; not your name, and not one that many people use.")
ONCE_MORE = _("New password once more")


class Worded:
    """Puts labels, and hints where there are any, on fields that allauth has named."""

    labels: Mapping[str, Promise] = {}
    hints: Mapping[str, Promise] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in self.labels.items():
            self.fields[name].label = label  # type: ignore[attr-defined]
        for name, hint in self.hints.items():
            self.fields[name].help_text = hint  # type: ignore[attr-defined]


class SignInForm(Worded, allauth.LoginForm):  # type: ignore[misc]  # allauth tells no types
    """Name and password, no longer than they can be: what is longer is compared with nothing and hashed by nobody."""

    labels = {"login": _("User name or e-mail address")}
    longest = {"login": 254, "password": passwords.LONGEST}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, longest in self.longest.items():
            said = _("This is longer than any can be. Type it again, alone.")
            self.fields[name].validators.append(MaxLengthValidator(longest, said))


class ForgottenForm(Worded, allauth.ResetPasswordForm):  # type: ignore[misc]
    labels = {"email": _("E-mail address")}


class NewPasswordForm(Worded, allauth.ResetPasswordKeyForm):  # type: ignore[misc]
    labels = {"password1": NEW, "password2": ONCE_MORE}
    hints = {"password1": NEW_HINT}


class OtherPasswordForm(Worded, allauth.ChangePasswordForm):  # type: ignore[misc]
    """A person's own new password; if an admin chose the present one, really another."""

    labels = {"oldpassword": _("Present password"), "password1": NEW, "password2": ONCE_MORE}
    hints = {"password1": NEW_HINT}

    def clean_password1(self) -> str:
        chosen = str(self.cleaned_data["password1"])
        if self.user.has_lent_password and self.user.check_password(chosen):
            raise forms.ValidationError(_("The admin who gave you this one knows it. Choose another."))
        return chosen


class AppForm(Worded, totp.ActivateTOTPForm):  # type: ignore[misc]
    """The code that shows that an authenticator app was added."""

    labels = {"code": _("Code from the app")}
