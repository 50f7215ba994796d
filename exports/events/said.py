"""Times of events in words."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from exports.events.period import Period, Window

KINDS = {
    "days": lazy("The last days, up to the run"),
    "yesterday": lazy("Yesterday"),
    "last_week": lazy("Last week, Monday to Sunday"),
    "this_month": lazy("This month, up to the run"),
    "last_month": lazy("Last month"),
    "dates": lazy("From one date to another"),
}


def is_zone(name: str) -> bool:
    """Say whether there is a time zone of this name."""
    return name in available_timezones()


def period(asked: Period) -> str:
    """Return a period as a person says it."""
    match asked.kind:
        case "days":
            return ngettext("the last day", "the last %(n)s days", asked.days) % {"n": asked.days}
        case "yesterday":
            return _("yesterday")
        case "last_week":
            return _("last week")
        case "this_month":
            return _("this month")
        case "last_month":
            return _("last month")
    if asked.has_no_end:
        return _("one week from %(start)s") % {"start": asked.start or "…"}
    return _("%(start)s to %(end)s") % {"start": asked.start or "…", "end": asked.end}


def window(at: Window, zone: ZoneInfo) -> str:
    """Return from when to when, as the clocks of a zone show it."""
    start, end = at.start.astimezone(zone), at.end.astimezone(zone)
    return f"{start:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M}"
