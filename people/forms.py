"""The form that asks for one person. What is typed goes no further than its pseudonyms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from people import addresses
from people.addresses import Address

LONGEST = 320  # letters; more than any address has

WHY: Mapping[str, Any] = {
    "empty": _("Type an e-mail address or a phone number."),
    "neither": _(
        "This reads neither as an e-mail address, such as maja@example.com, nor as a phone number. Type one of them, "
        "whole and alone."
    ),
    "national": _(
        "This number begins with a single 0, as it is dialled at home, and people are kept with their country code. "
        "Type it as +46 70 …, with the code of its country."
    ),
    "length": _("A phone number with its country code has 7 to 15 digits. Type it whole, as +46 70 …."),
}


class PersonForm(forms.Form):
    """One address, however it is spelled."""

    address = forms.CharField(
        label=_("E-mail address or phone number"),
        max_length=LONGEST,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
        error_messages={
            "required": WHY["empty"],
            "max_length": _("This is longer than any address. Type one address or number, alone."),
        },
    )

    def clean_address(self) -> Address:
        try:
            return addresses.read(str(self.cleaned_data["address"]))
        except addresses.Unreadable as unreadable:
            raise forms.ValidationError(WHY[unreadable.why]) from None
