"""The time zones that a person can be in."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from django.utils.translation import gettext_lazy as _

Group = tuple[Any, Sequence[tuple[str, str]]]

# The rest of the database is old names, and offsets that know no summer time.
_REGIONS = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Arctic": _("Arctic"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific"),
}


@lru_cache(maxsize=1)
def grouped() -> list[Group]:
    """Return the zones by region, Europe first, each with its name as a person would write it."""
    by_region: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(available_timezones()):
        region, _slash, place = name.partition("/")
        if region in _REGIONS:
            by_region.setdefault(region, []).append((name, place.replace("_", " ").replace("/", ", ")))
    regions = sorted(by_region, key=lambda region: (region != "Europe", region))
    return [*((_REGIONS[region], by_region[region]) for region in regions), ("UTC", [("UTC", "UTC")])]
