"""What is typed and ticked. What is picked in the editor of a saved segment is read by `exports.draft`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.fields import RowsField
from accounts.models import User
from audit.words import PURPOSES
from exports import pair
from exports.models import DerivedFile, ExportRun, SavedSegment
from exports.offers import OF_EVENTS, Wish
from exports.selection import Contactable
from wording.amounts import count

COMMON_ZONES = ["Europe/Stockholm", "Europe/Oslo", "Europe/Copenhagen", "Europe/Helsinki", "Europe/London", "UTC"]


def zones() -> list[tuple[str, str]]:
    """Return the time zones, those of our users first."""
    others = sorted(zone for zone in available_timezones() if "/" in zone and zone not in COMMON_ZONES)
    return [(zone, zone.replace("_", " ")) for zone in [*COMMON_ZONES, *others]]


class SegmentForm(forms.Form):
    """Name and time zone; unique among the owner's saved segments."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        error_messages={"required": _("Give the saved segment a name, so that you find it again.")},
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        help_text=_("Days begin and end in it: a segment such as “bought yesterday” is counted so."),
        choices=zones,
        widget=forms.Select(attrs={"class": "in live"}),
    )

    def __init__(self, *args: Any, owner: User, segment: SavedSegment | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._owner, self._segment = owner, segment

    def clean_name(self) -> str:
        name = " ".join(str(self.cleaned_data["name"]).split())
        others = SavedSegment.objects.visible_to(self._owner).filter(name=name)
        if self._segment:
            others = others.exclude(pk=self._segment.pk)
        if others.exists():
            raise forms.ValidationError(_("You have a saved segment of this name already. Choose another."))
        return name


class WishForm(forms.Form):
    """A form of a run's file; with `rows` “contactable”, of those people alone whom the choice leaves."""

    form = forms.ChoiceField(label=_("Form"), choices=DerivedFile.Form)
    rows = forms.ChoiceField(choices=[("all", _("All")), ("contactable", _("Contactable only"))], required=False)
    consents = forms.MultipleChoiceField(
        label=_("With something in"), required=False, widget=forms.CheckboxSelectMultiple
    )
    segments = forms.MultipleChoiceField(label=_("And a 1 in"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, widest: Contactable, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, titles in (("consents", widest.consents), ("segments", widest.segments)):
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = [(title, title) for title in titles]
            field.initial = list(titles)

    @property
    def forms_of_some(self) -> list[tuple[str, str]]:
        """The forms that can be made of some rows alone."""
        others = (DerivedFile.Form.APSIS_EXCEL, *OF_EVENTS)
        return [(form.value, str(form.label)) for form in DerivedFile.Form if form not in others]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("rows") == "contactable" and not cleaned.get("consents") and "consents" not in self.errors:
            self.add_error("consents", _("Tick at least one: without consent nobody may be contacted."))
        return cleaned

    @property
    def wish(self) -> Wish:
        """What a valid form asks for."""
        cleaned = self.cleaned_data
        if cleaned["rows"] != "contactable":
            return Wish(cleaned["form"])
        return Wish(cleaned["form"], Contactable(tuple(cleaned["consents"]), tuple(cleaned["segments"])))


class CompareForm(forms.Form):
    """Two of somebody's runs of a saved segment, to be compared: those whose files are here."""

    older = forms.TypedChoiceField(label=_("From"), coerce=int, widget=forms.Select(attrs={"class": "in"}))
    newer = forms.TypedChoiceField(label=_("To"), coerce=int, widget=forms.Select(attrs={"class": "in"}))

    def __init__(self, *args: Any, runs: Sequence[ExportRun], **kwargs: Any) -> None:
        """Take the runs to choose from, the newest first."""
        super().__init__(*args, **kwargs)
        self._runs = {run.pk: run for run in runs}
        choices = [(run.pk, _told(run)) for run in runs]
        for name, run in zip(("newer", "older"), runs, strict=False):
            self.fields[name].initial = run.pk
        for name in ("newer", "older"):
            field = self.fields[name]
            assert isinstance(field, forms.TypedChoiceField)
            field.choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("older") and cleaned.get("older") == cleaned.get("newer"):
            self.add_error("newer", _("This is the same run. Choose another one."))
        return cleaned

    @property
    def has_two(self) -> bool:
        """Whether there are two to choose at all."""
        return len(self._runs) > 1

    @property
    def chosen(self) -> tuple[ExportRun, ExportRun]:
        """The two runs of a valid form."""
        return self._runs[self.cleaned_data["older"]], self._runs[self.cleaned_data["newer"]]


def _told(run: ExportRun) -> str:
    """Return a run as one line of a list to choose from: which it is, when its data is of, how many rows."""
    assert run.file is not None
    at = date_format(timezone.localtime(run.as_of), "DATETIME_FORMAT")
    rows = ngettext("%(n)s row", "%(n)s rows", run.file.row_count) % {"n": count(run.file.row_count)}
    return gettext("Run %(run)s, %(at)s, %(rows)s") % {"at": at, "rows": rows, "run": run.pk}


class JoinForm(forms.Form):
    """What two runs are joined by: their export keys, or an attribute that both have a column of."""

    joined_on = forms.ChoiceField(
        label=_("Tell people apart by"), required=False, widget=forms.Select(attrs={"class": "in"})
    )

    def __init__(self, *args: Any, two: pair.Pair, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["joined_on"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Export key")), *((shared.id, shared.name) for shared in two.joins)]


class ShareForm(forms.Form):
    """Which colleagues see a run: those ticked, and no others."""

    people = RowsField(
        label=_("Colleagues"), queryset=User.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, run: ExportRun, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["people"]
        assert isinstance(field, RowsField)
        seeing = set(run.shares.values_list("person", flat=True))
        marketers = User.objects.with_perm("exports.view_exportrun", include_superusers=False).values("pk")
        # Who sees it already stands among them whatever became of their account, so that it can be taken back.
        choices = User.objects.filter(Q(pk__in=marketers) | Q(pk__in=seeing)).exclude(pk=run.owner_id)
        field.queryset = choices.order_by("first_name", "last_name", "username")
        field.initial = list(seeing)


AN_ADDRESS = re.compile(r"\S@\S+\.\S")


class PurposeForm(forms.Form):
    """What a download is for: one of the presets, by its button, or a few words; nothing where nothing is asked."""

    preset = forms.ChoiceField(choices=[(word, word) for word in PURPOSES], required=False)
    said = forms.CharField(
        label=_("What it is for"), max_length=200, required=False, widget=forms.TextInput(attrs={"class": "in"})
    )

    def clean_said(self) -> str:
        said = " ".join(str(self.cleaned_data["said"]).split())
        if AN_ADDRESS.search(said):
            raise forms.ValidationError(_("Say what it is for without anybody’s address: this is kept for years."))
        return said

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        return cleaned | {"purpose": cleaned.get("preset") or cleaned.get("said") or ""}
