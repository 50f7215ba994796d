"""How the desk writes: marks, moments, durations, sizes, digests. A builtin library, so no template loads it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.template.context import Context
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from exports import sentences

register = template.Library()

# ── Marks: drawn by hand, one table, named for what they mean ────────────────────────────────────────────────

TICK_CUT = '<path class="cut" d="M8.5 14.5l3.8 3.8 7.2-8"/>'
DASH = '<path d="M9 14h10"/>'

ICONS: dict[str, str] = {
    # places
    "brand": '<path d="M4 4h16v12H4zM4 20h16M8 8.5h5M8 11.5h8"/>',
    "home": '<path d="M4 11l8-6.5 8 6.5M6 9.6V19.5h12V9.6M10 19.5v-5h4v5"/>',
    "segments": '<path d="M4 6.5h16M4 12h10M4 17.5h6"/>',
    "runs": '<path d="M4 12h9M9.5 8l4 4-4 4M17 5v14M20.5 5v14"/>',
    "imports": '<path d="M12 3.5v11M8 11l4 4 4-4M4.5 17v3h15v-3"/>',
    "look-up": '<path d="M10.5 4.5a6 6 0 110 12 6 6 0 010-12zM15 15l5 5"/>',
    "key": '<path d="M8 11.5a4 4 0 110 8 4 4 0 010-8zM11 13l8.5-8.5M16 8l2.5 2.5"/>',
    "audit": '<path d="M6 3.5h9l3.5 3.5v13.5H6zM9 10h6.5M9 13.5h6.5M9 17h4"/>',
    "operations": '<path d="M3.5 12.5h4l2.5-7 4 13 2.5-6h4"/>',
    "admin": '<path d="M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5"/>',
    # acts
    "download": '<path d="M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14"/>',
    "share": (
        '<path d="M9 12a3 3 0 11-6 0 3 3 0 016 0zM21 6a3 3 0 11-6 0 3 3 0 016 0zM21 18a3 3 0 11-6 0 3 3 0 016 0z'
        'M8.7 10.6l6.6-3.2M8.7 13.4l6.6 3.2"/>'
    ),
    "run": '<path d="M7 4.5l12 7.5-12 7.5z"/>',
    "again": '<path d="M19.5 12a7.5 7.5 0 11-2.2-5.3M19.5 4v4h-4"/>',
    "copy": '<path d="M9 8.5h11V20H9zM5 15.5V4h11"/>',
    "add": '<path d="M12 5v14M5 12h14"/>',
    "remove": '<path d="M6 6l12 12M18 6L6 18"/>',
    "more": '<path d="M5 12h.01M12 12h.01M19 12h.01"/>',
    "eye": (
        '<path d="M3 12c2.5-4.5 5.5-6.5 9-6.5s6.5 2 9 6.5c-2.5 4.5-5.5 6.5-9 6.5S5.5 16.5 3 12z'
        'M12 9.5a2.5 2.5 0 110 5 2.5 2.5 0 010-5z"/>'
    ),
    "lock": '<path d="M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 017 0v3"/>',
    "person": '<path d="M12 4a4 4 0 110 8 4 4 0 010-8zM4.5 20.5c.8-4 3.5-6 7.5-6s6.7 2 7.5 6"/>',
    # notices
    "warn": '<path d="M12 4l9 16H3zM12 10v4.5M12 17.3v.1"/>',
    "info": '<path d="M12 3.5a8.5 8.5 0 110 17 8.5 8.5 0 010-17zM12 11v5.5M12 7.8v.1"/>',
    # the six shapes of a status
    "hourglass": '<path d="M7 4h10M7 20h10M8 4c0 5 3.5 5.5 3.5 8S8 15 8 20M16 4c0 5-3.5 5.5-3.5 8s3.5 3 3.5 8"/>',
    "ring": '<path d="M12 4a8 8 0 11-8 8"/><circle class="solid" cx="12" cy="12" r="2.6"/>',
    "tick": '<path d="M5 12.5l4.5 4.5L19 7.5"/>',
    "tick-dot": '<path d="M5 12.5l4.5 4.5L19 7.5"/><circle class="solid" cx="19" cy="18" r="2.4"/>',
    "cross": '<path d="M6.5 6.5l11 11M17.5 6.5l-11 11"/>',
    "dash": '<path d="M5 12h14"/>',
}

PICTURES: dict[str, tuple[int, str]] = {
    # provenance: only consent is solid
    "mark-consent": (12, '<circle class="solid" cx="6" cy="6" r="5"/>'),
    "mark-attribute": (12, '<rect x="1.5" y="1.5" width="9" height="9"/>'),
    "mark-tag": (12, '<path d="M1 2.5h6.5L11 6 7.5 9.5H1z"/>'),
    "mark-segment": (12, '<circle cx="6" cy="6" r="5"/><path class="solid" d="M6 1a5 5 0 000 10z"/>'),
    "mark-key": (12, '<path d="M6 .8L11.2 6 6 11.2.8 6z"/>'),
    # stations of a journey
    "station-done": (28, '<circle class="disc" cx="14" cy="14" r="11"/>' + TICK_CUT),
    "station-now": (
        28,
        '<circle class="track" cx="14" cy="14" r="12"/><circle class="arc" cx="14" cy="14" r="12"/>'
        '<circle class="core" cx="14" cy="14" r="5"/>',
    ),
    "station-wait": (
        28,
        '<circle class="track" cx="14" cy="14" r="12.5"/><circle cx="14" cy="14" r="12.5"/>'
        '<path d="M10.5 8h7M10.5 20h7M11 8c0 3.5 2.6 4 2.6 6S11 16.5 11 20M17 8c0 3.5-2.6 4-2.6 6s2.6 2.5 2.6 6"/>',
    ),
    "station-fail": (
        28,
        '<circle class="disc" cx="14" cy="14" r="12"/><path class="cut" d="M9.5 9.5l9 9M18.5 9.5l-9 9"/>',
    ),
    "station-stop": (28, '<circle cx="14" cy="14" r="11"/>' + DASH),
    "station-gone": (28, '<circle cx="14" cy="14" r="11" stroke-dasharray="3 3.5"/>' + DASH),
    "station-goal": (28, '<circle class="disc" cx="14" cy="14" r="13"/>' + TICK_CUT),
    "station-off": (28, '<circle cx="14" cy="14" r="6"/>'),
    # kinds of nothing
    "art-nothing": (
        72,
        '<path d="M12 10h48v52H12zM20 22h32M20 32h32M20 42h18"/>'
        '<circle class="a" cx="52" cy="52" r="12"/><path class="a" d="M52 46v12M46 52h12"/>',
    ),
    "art-filtered": (72, '<path d="M10 14h52L42 38v20l-12-6V38z"/><path class="a" d="M48 48l14 14M62 48L48 62"/>'),
    "art-locked": (72, '<path d="M16 32h40v30H16zM24 32V22a12 12 0 0124 0v10"/><path class="a" d="M36 42v10"/>'),
    "art-unreachable": (
        72,
        '<path d="M6 36h20M46 36h20M26 28v16M46 28v16"/><path class="a" d="M32 26l-4 20M44 26l-4 20"/>',
    ),
    "art-broken": (72, '<path d="M12 10h48v52H12zM20 22h32"/><path class="a" d="M22 44l10-8 8 8 10-8"/>'),
}


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """Draw a mark. It says nothing to a screen reader: the word stands beside it."""
    if name in ICONS:
        return format_html(
            '<svg class="i{}" width="20" height="20" viewBox="0 0 24 24" aria-hidden="true">{}</svg>',
            f" {css}" if css else "",
            mark_safe(ICONS[name]),  # noqa: S308 - drawn above, by us
        )
    if name not in PICTURES:
        raise template.TemplateSyntaxError(f"there is no icon named {name!r}")
    side, drawing = PICTURES[name]
    return format_html(
        '<svg{} width="{side}" height="{side}" viewBox="0 0 {side} {side}" aria-hidden="true">{}</svg>',
        format_html(' class="{}"', css) if css else "",
        mark_safe(drawing),  # noqa: S308 - drawn above, by us
        side=side,
    )


# ── States, and what each is called when nobody has a better word ───────────────────────────────────────────

# state → (style, shape, word); the five words of a run beside the six shapes
STATES: dict[str, tuple[str, str, Any]] = {
    "waiting": ("wait", "hourglass", gettext_lazy("Waiting")),
    "working": ("work", "ring", gettext_lazy("Working")),
    "ready": ("ready", "tick", gettext_lazy("Ready")),
    "remarks": ("remark", "tick-dot", gettext_lazy("Ready, with remarks")),
    "failed": ("fail", "cross", gettext_lazy("Failed")),
    "gone": ("gone", "dash", gettext_lazy("Gone")),
    "queued": ("wait", "hourglass", gettext_lazy("Waiting")),
    "running": ("work", "ring", gettext_lazy("Working")),
    "succeeded": ("ready", "tick", gettext_lazy("Ready")),
    "cancelled": ("gone", "dash", gettext_lazy("Cancelled")),
    "untested": ("gone", "dash", gettext_lazy("Not tested")),
    "refused": ("fail", "cross", gettext_lazy("Refused")),
    "expired": ("gone", "dash", gettext_lazy("Expired")),
}
PROVENANCES = {
    "consent": gettext_lazy("consent"),
    "attribute": gettext_lazy("attribute"),
    "tag": gettext_lazy("tag"),
    "segment": gettext_lazy("segment"),
    "key": gettext_lazy("key"),
}
STATIONS = {
    "done": gettext_lazy("done"),
    "now": gettext_lazy("now"),
    "wait": gettext_lazy("waiting now"),
    "fail": gettext_lazy("failed"),
    "stop": gettext_lazy("stopped"),
    "gone": gettext_lazy("gone"),
    "goal": gettext_lazy("reached"),
    "off": gettext_lazy("not yet"),
}
# kind of a note → its mark; Django's message levels go by their own names
NOTES = {"info": "info", "ok": "tick", "warn": "warn", "bad": "warn"}
LEVELS = {"debug": "info", "info": "info", "success": "ok", "warning": "warn", "error": "bad"}


@register.filter
def state_style(state: str) -> str:
    """The style of a state: wait, work, ready, remark, fail or gone."""
    return STATES[state][0]


@register.filter
def state_shape(state: str) -> str:
    """The icon of a state, one of the six shapes."""
    return STATES[state][1]


@register.filter
def state_word(state: str) -> str:
    """What a state is called when the page has no better word."""
    return str(STATES[state][2])


@register.filter
def provenance_word(kind: str) -> str:
    """What a kind of column is called."""
    return str(PROVENANCES[kind])


@register.filter
def station_word(state: str) -> str:
    """What the state of a station is called, for those who cannot see its shape."""
    return str(STATIONS[state])


@register.filter
def note_kind(level: str) -> str:
    """The kind of note for a level of Django's messages; a kind stays what it is."""
    return LEVELS.get(level, level) if LEVELS.get(level, level) in NOTES else "info"


@register.filter
def note_shape(kind: str) -> str:
    """The icon of a kind of note."""
    return NOTES[kind]


DAY_AND_MONTH = "j F"  # no format of Django's own says this in every language we speak

# ── Time ─────────────────────────────────────────────────────────────────────────────────────────────────────


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


@register.filter
def moment(value: datetime | None) -> str:
    """A moment as one says it: “14:03, 3 minutes ago”, “yesterday, 16:02”, “29 May, 11:15”."""
    if value is None:
        return ""
    now, local = timezone.localtime(), timezone.localtime(value)
    clock_time = f"{local:%H:%M}"
    day = _day(local, now)
    return _time(value, f"{day}, {clock_time}" if day else f"{clock_time}, {_distance(local, now)}")


@register.filter
def stamp(value: datetime | None) -> str:
    """A moment by the calendar alone: “14:03” today, else “9 June, 14:09”."""
    if value is None:
        return ""
    now, local = timezone.localtime(), timezone.localtime(value)
    day = _day(local, now)
    return _time(value, f"{day}, {local:%H:%M}" if day else f"{local:%H:%M}")


@register.filter
def hour(value: datetime) -> str:
    """The time of a day that the page has named already: “14:03”."""
    return _time(value, f"{timezone.localtime(value):%H:%M}")


@register.filter
def exactly(value: datetime) -> str:
    """A moment to the second, with its zone, for whoever must quote it."""
    local = timezone.localtime(value)
    return _time(value, f"{formats.date_format(local, 'DATE_FORMAT')}, {local:%H:%M:%S} {local.tzname()}")


@register.filter
def weekday(value: date) -> str:
    """A day as a heading: “Tuesday 2 June”, with the year where it is another; today and yesterday say so."""
    today = timezone.localdate()
    words = formats.date_format(value, "l j F" if value.year == today.year else "l j F Y")
    near = {0: _("Today"), 1: _("Yesterday")}.get((today - value).days)
    return f"{near}, {words}" if near else capfirst(words)


@register.filter
def clock(value: datetime | None, beside: datetime | None = None) -> str:
    """The time to the second. Given another moment, the day goes before it when the two are of different days."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    words = f"{local:%H:%M:%S}"
    if beside is not None and local.date() != timezone.localtime(beside).date():
        words = f"{formats.date_format(local, 'SHORT_DATE_FORMAT')} {words}"
    return _time(value, words)


@register.filter
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


@register.filter
def milliseconds(value: int | None) -> str:
    """A length of time, from milliseconds."""
    return "" if value is None else duration(value / 1000)


@register.simple_tag
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


# ── Figures ──────────────────────────────────────────────────────────────────────────────────────────────────


@register.filter
def count(value: float | None) -> str:
    """A figure with the separators of the language: 12,345."""
    return "" if value is None else formats.number_format(value, force_grouping=True)


@register.filter
def size(value: float | None) -> str:
    """A number of bytes in decimal units: “1.3 MB”."""
    if value is None:
        return ""
    if value < 1000:
        return ngettext("%(n)s byte", "%(n)s bytes", int(value)) % {"n": int(value)}
    amount = float(value)
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 999.5 or unit == "TB":
            break
    places = 1 if amount < 99.95 else 0  # Django cuts places off, it does not round
    return f"{formats.number_format(round(amount, places), places, force_grouping=True)}\u00a0{unit}"


@register.filter
def digest(value: str | None) -> str:
    """The first eight characters of a checksum, in two groups; the whole one is the tooltip."""
    if not value:
        return ""
    return format_html('<span class="mono nowrap" title="{}">{} {} …</span>', value, value[:4], value[4:8])


# ── Where the page is ────────────────────────────────────────────────────────────────────────────────────────

SECTIONS = {
    "home": "home",
    "exports:segment": "segments",
    "exports:run": "runs",
    "accounts:": "credentials",
    "admin:audit_": "audit",
    "admin:accounts_user_": "people",
    "admin:auth_user_": "people",
    "person_": "people",
    "admin:accounts_vendoraccount_": "vendors",
    "account_move": "vendors",
    "admin:": "admin",
    "own_account": "own",
    "account_change_password": "own",
    "mfa_": "own",
}


@register.simple_tag(takes_context=True)
def section_here(context: Context | Mapping[str, Any]) -> str:
    """The section of the rail that this page belongs to: what the view says, else what its address says."""
    if said := context.get("here"):
        return str(said)
    match = getattr(context.get("request"), "resolver_match", None)
    name = match.view_name if match else ""
    return next((section for start, section in SECTIONS.items() if name and name.startswith(start)), "")


@register.filter
def headline(run: Any) -> str:
    """The one sentence of a run's own page, for lists: what it brings along, or what its code says."""
    return getattr(run, "headline", "") or " ".join(sentences.headline(run))


# ── Cells of a file ──────────────────────────────────────────────────────────────────────────────────────────


@register.filter
def as_cell(cell: Any) -> SafeString:
    """A cell of a file, as exports.looking parts it: text, marks for what cannot be seen, and where it was cut."""
    shown = format_html_join(
        "", "{}", ((format_html('<span class="mark">{}</span>' if p.is_mark else "{}", p.text),) for p in cell.pieces)
    )
    if not cell.length:
        return shown
    cut = ngettext("%(n)s character", "%(n)s characters", cell.length) % {"n": count(cell.length)}
    return format_html('{}<span class="mark">… {}</span>', shown, cut)


@register.filter
def called(run: Any) -> str:
    """A run by the name of its saved segment, for titles: “Spring newsletter, run 214”."""
    return _("%(name)s, run %(n)s") % {"name": run.segment.name, "n": run.pk}
