"""allauth's forms in the desk's words: what a field is called at the field and in the summary of errors."""

from collections.abc import Mapping
from typing import Any

from allauth.account import forms as allauth
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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
    labels = {"login": _("User name or e-mail address")}


class ForgottenForm(Worded, allauth.ResetPasswordForm):  # type: ignore[misc]
    labels = {"email": _("E-mail address")}


class NewPasswordForm(Worded, allauth.ResetPasswordKeyForm):  # type: ignore[misc]
    labels = {"password1": NEW, "password2": ONCE_MORE}
    hints = {"password1": NEW_HINT}


class OtherPasswordForm(Worded, allauth.ChangePasswordForm):  # type: ignore[misc]
    labels = {"oldpassword": _("Present password"), "password1": NEW, "password2": ONCE_MORE}
    hints = {"password1": NEW_HINT}
