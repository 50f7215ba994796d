"""The form of a saved segment: what is typed. What is picked is read by `exports.draft`."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from exports.models import SavedSegment

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
