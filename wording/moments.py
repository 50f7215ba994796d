"""How the desk says moments and lengths of time, in the reader's language and zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

DAY_AND_MONTH = "j F"  # no format of Django's own says this in every language we speak


def _time(value: datetime, words: str) -> SafeString:
    """Wrap `words` in a <time> with the machine's reading, and the exact one with its zone as the tooltip."""
    local = timezone.localtime(value)
    exact = f"{formats.date_format(local, 'DATE_FORMAT')}, {local:%H:%M:%S} {local.tzname()}"
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(timespec="seconds"), exact, words)


def _day(local: datetime, now: datetime) -> str:
    """A day in words: empty for today, else yesterday, tomorrow, or its date, with the year if it is another."""
    days = (local.date() - now.date()).days
    if days in (-1, 0, 1):
        return {-1: _("yesterday"), 0: "", 1: _("tomorrow")}[days]
    return formats.date_format(local, DAY_AND_MONTH if local.year == now.year else "DATE_FORMAT")


def _distance(local: datetime, now: datetime) -> str:
    """How far a moment of today is from now."""
    minutes = int(abs((now - local).total_seconds()) // 60)
    hours = minutes // 60
    if local > now:
        if not minutes:
            return _("in less than a minute")
        if minutes < 60:
            return ngettext("in %(n)s minute", "in %(n)s minutes", minutes) % {"n": minutes}
        return ngettext("in %(n)s hour", "in %(n)s hours", hours) % {"n": hours}
    if not minutes:
        return _("just now")
    if minutes < 60:
        return ngettext("%(n)s minute ago", "%(n)s minutes ago", minutes) % {"n": minutes}
    return ngettext("%(n)s hour ago", "%(n)s hours ago", hours) % {"n": hours}


def moment(value: datetime | None) -> str:
    """A moment as one says it: “14:03, 3 minutes ago”, “yesterday, 16:02”, “29 May, 11:15”."""
    if value is None:
        return ""
    now, local = timezone.localtime(), timezone.localtime(value)
    clock_time = f"{local:%H:%M}"
    day = _day(local, now)
    return _time(value, f"{day}, {clock_time}" if day else f"{clock_time}, {_distance(local, now)}")


def stamp(value: datetime | None) -> str:
    """A moment by the calendar alone: “14:03” today, else “9 June, 14:09”."""
    if value is None:
        return ""
    now, local = timezone.localtime(), timezone.localtime(value)
    day = _day(local, now)
    return _time(value, f"{day}, {local:%H:%M}" if day else f"{local:%H:%M}")


def dated(value: datetime | None) -> str:
    """A moment that stands beside others of other days: “today, 14:03”, “yesterday, 16:02”, “9 June, 14:09”."""
    if value is None:
        return ""
    now, local = timezone.localtime(), timezone.localtime(value)
    return _time(value, f"{_day(local, now) or _('today')}, {local:%H:%M}")


def hour(value: datetime) -> str:
    """The time of a day that the page has named already: “14:03”."""
    return _time(value, f"{timezone.localtime(value):%H:%M}")


def exactly(value: datetime) -> str:
    """A moment to the second, with its zone, for whoever must quote it."""
    local = timezone.localtime(value)
    return _time(value, f"{formats.date_format(local, 'DATE_FORMAT')}, {local:%H:%M:%S} {local.tzname()}")


def weekday(value: date) -> str:
    """A day as a heading: “Tuesday 2 June”, with the year where it is another; today and yesterday say so."""
    today = timezone.localdate()
    words = formats.date_format(value, "l j F" if value.year == today.year else "l j F Y")
    near = {0: _("Today"), 1: _("Yesterday")}.get((today - value).days)
    return f"{near}, {words}" if near else capfirst(words)


def clock(value: datetime | None, beside: datetime | None = None) -> str:
    """The time to the second. Given another moment, the day goes before it when the two are of different days."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    words = f"{local:%H:%M:%S}"
    if beside is not None and local.date() != timezone.localtime(beside).date():
        words = f"{formats.date_format(local, 'SHORT_DATE_FORMAT')} {words}"
    return _time(value, words)


def duration(value: timedelta | float | None) -> str:
    """A length of time, from seconds or a timedelta: “0.3 s”, “49 s”, “6 min 24 s”, “1 h 5 min”, “2 days 3 h”."""
    if value is None:
        return ""
    seconds = max(0.0, value.total_seconds() if isinstance(value, timedelta) else float(value))
    if 0 < seconds < 1:
        return _("%(n)s s") % {"n": formats.number_format(max(seconds, 0.1), 1)}
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    if days:
        parts = [ngettext("%(n)s day", "%(n)s days", days), _("%(n)s h")], [days, hours_left]
    elif hours:
        parts = [_("%(n)s h"), _("%(n)s min")], [hours, minutes_left]
    elif minutes:
        parts = [_("%(n)s min"), _("%(n)s s")], [minutes, rest]
    else:
        return _("%(n)s s") % {"n": rest}
    return " ".join(words % {"n": n} for words, n in zip(*parts, strict=True) if n)


def milliseconds(value: int | None) -> str:
    """A length of time, from milliseconds."""
    return "" if value is None else duration(value / 1000)


def zone_sentence() -> str:
    """Say whose clock the page shows: “All times are Stockholm time (CEST, UTC+2).”"""
    now = timezone.localtime()
    offset = now.utcoffset() or timedelta()
    hours, minutes = divmod(abs(int(offset.total_seconds())) // 60, 60)
    utc = f"UTC{'-' if offset < timedelta() else '+'}{hours}" + (f":{minutes:02}" if minutes else "")
    name = timezone.get_current_timezone_name() if now.tzinfo is None else str(now.tzinfo)
    place = name.rpartition("/")[2].replace("_", " ")
    if place == "UTC":
        return _("All times are UTC.")
    return _("All times are %(place)s time (%(zone)s, %(utc)s).") % {"place": place, "zone": now.tzname(), "utc": utc}
