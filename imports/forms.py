"""What is chosen and ticked in the wizard."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from imports.models.uploads import Purpose
from imports.parse.reading import DELIMITERS, ENCODINGS, QUOTES, Reading

ENCODING_NAMES = {
    "utf-8": _("UTF-8"),
    "utf-8-sig": _("UTF-8 with a mark (Excel’s “CSV UTF-8”)"),
    "utf-16": _("UTF-16"),
    "utf-16-le": _("UTF-16, little endian"),
    "utf-16-be": _("UTF-16, big endian"),
    "cp1252": _("Windows-1252 (Excel’s “CSV” in the Nordic countries)"),
    "iso8859-15": _("ISO 8859-15 (Western Europe)"),
    "mac_roman": _("Mac Roman (old Macs)"),
    "cp1250": _("Windows-1250 (Central Europe)"),
    "cp1251": _("Windows-1251 (Cyrillic)"),
    "cp1257": _("Windows-1257 (Baltic)"),
    "shift_jis": _("Shift JIS (Japan)"),
}
DELIMITER_NAMES = {",": _("comma ,"), ";": _("semicolon ;"), "\t": _("tab"), "|": _("bar |")}
DELIMITER_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
QUOTE_NAMES = {'"': _('double quotes "'), "'": _("single quotes '"), "": _("none")}
MOST_HEADER_ROWS = 50

SELECT = forms.Select(attrs={"class": "in"})


class PurposeForm(forms.Form):
    """What an import is for, into which section, and by what its people are known."""

    purpose = forms.ChoiceField(label=_("What for"), choices=Purpose, widget=forms.RadioSelect, initial=Purpose.PEOPLE)
    account = forms.ChoiceField(label=_("Vendor account"), widget=SELECT)
    section = forms.ChoiceField(label=_("Section"), widget=SELECT, error_messages={"required": _("Choose a section.")})
    keyspace = forms.ChoiceField(
        label=_("People are known by"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose by what APSIS knows the people of your file.")},
    )

    def __init__(
        self,
        *args: Any,
        accounts: list[tuple[str, str]],
        sections: list[tuple[str, str]],
        keyspaces: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (("account", accounts), ("section", sections), ("keyspace", keyspaces)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices


class FileForm(forms.Form):
    """A file in one piece, for browsers without script."""

    file = forms.FileField(
        label=_("File"),
        max_length=200,
        allow_empty_file=True,
        error_messages={"required": _("Choose a file.")},
        widget=forms.FileInput(
            attrs={"class": "in", "accept": ".csv,.tsv,.txt,.xlsx,.xlsb,.xls,.ods,text/csv,text/plain"}
        ),
    )


class ReadingForm(forms.Form):
    """How a file is read; of a spreadsheet all is known but which sheet is meant, and where its titles stand."""

    sheet = forms.ChoiceField(label=_("Sheet"), widget=SELECT)
    encoding = forms.ChoiceField(
        label=_("Encoding"), choices=[(name, ENCODING_NAMES[name]) for name in ENCODINGS], widget=SELECT
    )
    delimiter = forms.ChoiceField(
        label=_("Delimiter"),
        choices=[(DELIMITER_WORDS[sign], DELIMITER_NAMES[sign]) for sign in DELIMITERS],
        widget=SELECT,
    )
    quote = forms.ChoiceField(
        label=_("Quotes"), choices=[(sign, QUOTE_NAMES[sign]) for sign in QUOTES], widget=SELECT, required=False
    )
    header_row = forms.TypedChoiceField(
        label=_("Titles stand in"),
        coerce=int,
        choices=[
            (0, _("no row: there are none")),
            *((row, format_lazy("{} {}", _("row"), row)) for row in range(1, MOST_HEADER_ROWS + 1)),
        ],
        widget=SELECT,
    )

    def __init__(self, *args: Any, sheets: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("encoding", "delimiter", "quote") if sheets else ("sheet",):
            del self.fields[name]
        if sheets:
            field = self.fields["sheet"]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [(sheet, sheet) for sheet in sheets]

    @classmethod
    def of(cls, reading: Reading, *, sheets: list[str]) -> ReadingForm:
        """Return the form as a reading fills it."""
        said = {**reading.to_json(), "delimiter": DELIMITER_WORDS.get(reading.delimiter, "comma")}
        return cls(initial=said, sheets=sheets)

    @property
    def reading(self) -> Reading:
        """What a valid form says."""
        said = self.cleaned_data
        if "sheet" in said:
            return Reading(header_row=said["header_row"], sheet=said["sheet"])
        sign = next(sign for sign, word in DELIMITER_WORDS.items() if word == said["delimiter"])
        return Reading(said["encoding"], sign, said["quote"], said["header_row"])
