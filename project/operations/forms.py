"""What an admin says when the desk is to start nothing."""

from django import forms
from django.utils.translation import gettext_lazy as _


class DrainForm(forms.Form):
    """Why the desk starts nothing for now; whoever's run waits reads it."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=200,
        help_text=_("Optional. Everybody whose run waits reads it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"max_length": _("Say it in 200 characters.")},
    )
