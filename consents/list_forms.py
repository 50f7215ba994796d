"""What is pasted and chosen to have a list looked up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from consents import pasted
from consents.forms import WHY
from consents.pasted import MOST, Pasted, TooMany
from upstream.apsis.definitions import Keyspace
from wording.amounts import count

NAMED = 5  # faulty lines that are named one by one

_SELECT = forms.Select(attrs={"class": "in"})
_CHOOSE = {"required": _("Choose one.")}


class ListForm(forms.Form):
    """The people, and what they are asked about: may this channel be used for this subscription?"""

    people = forms.CharField(
        label=_("People, one a line"),
        required=False,
        max_length=pasted.LONGEST,
        widget=forms.Textarea(attrs={"class": "in", "rows": 8, "spellcheck": "false", "autocomplete": "off"}),
        help_text=_("E-mail addresses, phone numbers, CRM ids or export keys, as a column of a spreadsheet is pasted."),
    )
    file = forms.FileField(
        label=_("Or a file with one a line"),
        required=False,
        max_length=200,
        widget=forms.FileInput(attrs={"class": "in", "accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
    )
    account = forms.ChoiceField(label=_("Vendor account"), widget=_SELECT, error_messages=_CHOOSE)
    section = forms.ChoiceField(label=_("Section"), widget=_SELECT, error_messages=_CHOOSE)
    topic = forms.ChoiceField(label=_("Subscription"), widget=_SELECT, error_messages=_CHOOSE)
    channel = forms.ChoiceField(label=_("Channel"), widget=_SELECT, error_messages=_CHOOSE)
    keyspace = forms.ChoiceField(label=_("Read them as"), required=False, widget=_SELECT)

    leave_out = forms.BooleanField(label=_("Leave out the lines that cannot be read"), required=False)

    def __init__(self, *args: Any, keyspaces: Sequence[Keyspace], choices: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = keyspaces
        self.has_faults = bool(args and args[0] and args[0].get("leave_out"))
        named = [("", _("What each looks like")), *((one.discriminator, one.name) for one in keyspaces)]
        for name, offered in {**choices, "keyspace": named}.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = offered

    def clean(self) -> dict[str, Any]:
        """Read who was pasted or sent into `read`, a Pasted."""
        said = super().clean() or {}
        if "keyspace" not in said or "people" in self.errors:
            return said
        file = said.get("file")
        if file and file.size > pasted.LONGEST:
            self.add_error("file", _("This file is larger than a list of 5,000 people can be."))
            return said
        text = pasted.decoded(file.read()) if file else said.get("people", "")
        try:
            said["read"] = read = pasted.read(text, self.known, said["keyspace"])
        except TooMany as error:
            facts = {"n": count(error.people), "most": count(MOST)}
            self.add_error("people", gettext("These are %(n)s people; a list has %(most)s at most.") % facts)
            return said
        if not read.people:
            why = WHY[read.faults[0].why] if read.faults else gettext("Paste somebody, or choose a file.")
            self.add_error("people", why)
        elif read.faults and not said.get("leave_out"):
            self.has_faults = True
            self.add_error("people", faults_say(read))
        return said


def faults_say(read: Pasted) -> str:
    """Name the lines that are no key, and say what to do."""
    some = " ".join(
        gettext("Line %(line)s: %(why)s") % {"line": count(fault.line), "why": WHY[fault.why]}
        for fault in read.faults[:NAMED]
    )
    words = ngettext(
        "%(n)s line cannot be read. Mend it or take it out. %(some)s",
        "%(n)s lines cannot be read. Mend them or take them out. %(some)s",
        len(read.faults),
    )
    return words % {"n": count(len(read.faults)), "some": some}
