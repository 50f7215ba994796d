"""Marks, drawn by hand: one table, named for what they mean."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

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
    "mark-event": (12, '<path d="M6.8.8L2 7h3.2L4.6 11.2 10 4.8H6.6z"/>'),
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
