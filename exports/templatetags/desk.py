"""How templates write: marks, states, moments, amounts, cells. A builtin library, so no template loads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.template.context import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from exports import sentences
from wording.amounts import count, digest, size
from wording.icons import icon
from wording.moments import clock, dated, duration, exactly, hour, milliseconds, moment, stamp, weekday, zone_sentence

register = template.Library()

for tag in (icon, zone_sentence):
    register.simple_tag(tag)
for word in (clock, count, dated, digest, duration, exactly, hour, milliseconds, moment, size, stamp, weekday):
    register.filter(word)

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
    "event": gettext_lazy("event"),
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
