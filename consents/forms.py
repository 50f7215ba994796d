"""What is typed and ticked to look somebody up, and to change a consent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from consents import keys
from consents.keys import NoKey
from upstream.apsis.builtin import EMAIL_CHANNEL, EMAIL_KEYSPACE, MOBILE_KEYSPACE
from upstream.apsis.consents import CONFIRMED, OPT_IN, OPT_OUT, PENDING, Address
from upstream.apsis.definitions import Keyspace

LONGEST = 320  # letters; more than any address has
LONGEST_REASON = 200

WHY: Mapping[str, Any] = {
    "empty": _("Type an e-mail address, a phone number, a CRM id or an export key."),
    "several": _("This looks like several people. Type one, alone; a list can be checked on its own page."),
    "control": _("There is a sign in this that nobody can see. Type it by hand instead of pasting it."),
    "long": _("This is longer than any key. Type one address, number or id, alone."),
    "email": _(
        "This does not read as an e-mail address, such as maja@example.com. Check it, or choose how to read it."
    ),
    "phone": _("This does not read as a phone number. Type it with its country code, as +46 70 …"),
    "national": _(
        "This number begins with a single 0, as it is dialled at home, and APSIS knows people with their country code. "
        "Type it as +46 70 …, with the code of its country."
    ),
    "length": _("A phone number with its country code has 7 to 15 digits. Type it whole, as +46 70 …."),
    "no_keyspace": _("Your key at APSIS does not look people up by this. Choose another way to read it."),
}

TYPES = {
    OPT_IN: pgettext_lazy("consent", "Opt-in"),
    CONFIRMED: pgettext_lazy("consent", "Confirmed opt-in"),
    PENDING: pgettext_lazy("consent", "Waiting for confirmation"),
    OPT_OUT: pgettext_lazy("consent", "Opt-out"),
}

_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


class LookUpForm(forms.Form):
    """One person, and what is to be asked about them."""

    typed = forms.CharField(
        label=_("E-mail, phone, CRM id or export key"),
        max_length=LONGEST,
        strip=False,
        widget=forms.TextInput(attrs={"class": "in in-big", "data-keys": "/", **_PLAIN}),
        error_messages={"required": WHY["empty"], "max_length": WHY["long"]},
    )
    keyspace = forms.ChoiceField(label=_("Read it as"), required=False, widget=forms.Select(attrs={"class": "in"}))
    account = forms.ChoiceField(label=_("Vendor account"), widget=forms.Select(attrs={"class": "in"}))
    sections = forms.MultipleChoiceField(
        label=_("Sections"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one section.")},
    )
    types = forms.MultipleChoiceField(
        label=_("Types of consent"),
        choices=list(TYPES.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Tick none to ask for all of them. What is not asked about stays not known."),
    )
    also = forms.CharField(
        label=_("Another address of theirs"),
        max_length=LONGEST,
        required=False,
        widget=forms.TextInput(attrs={"class": "in", **_PLAIN}),
        help_text=_("A phone number or e-mail address to ask about, too. Those on the profile are asked about anyway."),
    )

    def __init__(
        self,
        *args: Any,
        keyspaces: Sequence[Keyspace],
        accounts: list[tuple[str, str]],
        sections: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.known = keyspaces
        named = [("", _("What it looks like")), *((one.discriminator, one.name) for one in keyspaces)]
        for name, choices in (("accounts", accounts), ("sections", sections), ("keyspace", named)):
            field = self.fields["account" if name == "accounts" else name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    def clean_also(self) -> Address | None:
        """Read the address that was typed besides; None for none."""
        text = self.cleaned_data["also"]
        if not text.strip():
            return None
        both = [Keyspace(EMAIL_KEYSPACE, ""), Keyspace(MOBILE_KEYSPACE, "")]
        try:
            key = keys.read(text, both)
        except NoKey as error:
            raise forms.ValidationError(WHY["phone" if error.why == "no_keyspace" else error.why]) from None
        return Address(key.channel or EMAIL_CHANNEL, key.text)

    def clean(self) -> dict[str, Any]:
        """Read what was typed into `key`, a Key."""
        said = super().clean() or {}
        if said.get("typed") is not None and "keyspace" in said:
            try:
                said["key"] = keys.read(said["typed"], self.known, said["keyspace"])
            except NoKey as error:
                self.add_error("typed", WHY[error.why])
        return said


class ChangeForm(forms.Form):
    """A consent to be changed, and why."""

    type = forms.ChoiceField(choices=[(OPT_IN, TYPES[OPT_IN]), (OPT_OUT, TYPES[OPT_OUT])], widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.TextInput(attrs={"class": "in", "autocomplete": "off"}),
        help_text=_("What the person said, and how: “asked on the phone to get no more SMS”. It is kept at APSIS."),
        error_messages={"required": _("Say why: APSIS keeps it beside the consent.")},
    )
