"""The pre-flight of a saved segment of events: all that S1 demands, before anything is sent. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports import preflight
from exports.events import period, said
from exports.events.period import Window
from exports.events.spec import EventSpec
from exports.preflight import Finding, Reach, Seen
from upstream.apsis import limits

S1 = "APSIS, Request profile in segment event export"
LIMITS = "APSIS, Limits"
TIMES_SINCE = date(2020, 1, 1)  # S1: before, sources did not tell the times of events


NOTHING_SEEN = Seen()


def check(
    spec: EventSpec, reach: Reach, *, now: datetime, seen: Seen = NOTHING_SEEN, has_email: bool = False
) -> list[Finding]:
    """Return every finding, those first that block. `has_email` says whether the section has an e-mail attribute."""
    return preflight.ordered(
        [
            *preflight.whom(spec),
            *_what(spec, has_email),
            *_when(spec, now),
            *_figures(spec, seen),
            *preflight.served(
                reach,
                section=spec.sections,
                event=spec.events,
                attribute=spec.attributes,
                tag=spec.tags,
                segment=[spec.segment] if spec.segment.id else [],
            ),
        ]
    )


def _what(spec: EventSpec, has_email: bool) -> Iterator[Finding]:
    if not spec.sections:
        text = _("Types of event, attributes and tags belong to a section.")
        yield Finding("block", "no_section", _("No section is chosen."), text, field="section")
    if not spec.attributes and not spec.tags:
        yield Finding(
            "block",
            "nobody_comes",
            _("No attribute or tag is chosen, so the file would be empty."),
            _("APSIS leaves out every person unless at least one is asked for, even where only events are wanted."),
            S1,
            cure="add_email" if has_email else "",
            field="attribute",
        )
    else:
        yield Finding("fine", "people_come", _("At least one attribute or tag, so that people come at all"))
    if spec.events:
        several = [event.name for event in spec.events if len(event.versions) > 1]
        if several:
            yield Finding(
                "fine",
                "all_versions",
                _("All versions of: %(names)s") % {"names": ", ".join(several)},
                _("APSIS changed what these events hold. Old events have an old version, so all are asked for."),
            )
    else:
        yield Finding(
            "know",
            "no_event",
            _("No type of event is chosen, so people come without events."),
            _("Only what is chosen comes. Choose what happened: what was sent, opened, clicked, bought."),
            S1,
            field="event",
        )


def _when(spec: EventSpec, now: datetime) -> Iterator[Finding]:
    if not said.is_zone(spec.time_zone):
        yield preflight.no_time_zone(spec.time_zone)
        return
    whole = spec.period.resolve(spec.zone, now)
    if whole is None:
        text = _("Choose a first day, and a last one that is not before it. APSIS needs to know when to begin.")
        yield Finding("block", "no_period", _("The dates name no time."), text, S1, field="period")
        return
    if spec.period.has_no_end:
        text = _("Without an end APSIS takes one week. So that nobody has to guess, we send it: %(time)s.")
        time = {"time": said.window(whole, spec.zone)}
        yield Finding("know", "no_end", _("No last day: one week it is."), text % time, S1, field="period")
    yield from _length(spec, whole)
    if whole.end > now:
        text = _("What has not happened yet cannot come. Run it again afterwards.")
        yield Finding("know", "future", _("A part of this time is still to come."), text, field="period")
    if whole.start.astimezone(spec.zone).date() < TIMES_SINCE:
        text = _("Such events are in the file and say “not recorded”; the days of the drawing do not have them.")
        title = _("Before 2020 many events have no time of their own.")
        yield Finding("know", "before_times", title, text, S1, field="period")


def _length(spec: EventSpec, whole: Window) -> Iterator[Finding]:
    if period.fits(whole):
        text = said.window(whole, spec.zone)
        yield Finding("fine", "period_fits", _("Within the three months that APSIS takes at once"), text, S1)
        return
    parts = len(period.parted(whole))
    if spec.is_split:
        yield Finding(
            "know",
            "split",
            ngettext("%(n)s request, joined.", "%(n)s requests, one after another, joined.", parts) % {"n": parts},
            _("APSIS takes three months at once, and one event export a minute. Everybody is in the files once."),
            S1,
            field="period",
        )
        return
    last = formats.date_format(period.last_day(whole.start.astimezone(spec.zone)), "j F Y")
    yield Finding(
        "block",
        "too_long",
        _("The time is longer than the three months that APSIS takes at once."),
        _("Shorten it, so that it ends on %(last)s at the latest, or let us make %(n)s requests and join them.")
        % {"last": last, "n": parts},
        S1,
        cure="is_split",
        field="period",
    )


def _figures(spec: EventSpec, seen: Seen) -> Iterator[Finding]:
    for name, chosen, most in (
        ("attribute", spec.attributes, int(limits.EVENT_ATTRIBUTES.value)),
        ("tag", spec.tags, int(limits.EVENT_TAGS.value)),
    ):
        title = _("Attributes") if name == "attribute" else _("Tags")
        figure = len(chosen)
        if figure > most:
            text = _("APSIS takes %(most)s at most. Take out %(n)s.") % {"most": most, "n": figure - most}
            yield Finding("block", f"many_{name}s", title, text, S1, figure, most, field=name)
        elif figure:
            text = _("APSIS takes %(most)s at most.") % {"most": most}
            yield Finding("fine", f"figure_{name}s", title, text, S1, figure, most)
    figure, refused = len(spec.events), seen.refused.get("event_types")
    if refused is not None and figure >= refused:
        text = _("APSIS refused a request with %(n)s. It prints no limit.") % {"n": refused}
        yield Finding("know", "many_events", _("Types of event"), text, S1, figure, refused, field="event")
    elif figure:
        text = _("APSIS prints no limit; the more of them, the likelier it fails.")
        yield Finding("fine", "figure_events", _("Types of event"), text, S1, figure)
    text = _("Counted for the whole account. If others ask in the same minute, yours waits and starts by itself.")
    yield Finding("fine", "one_a_minute", _("One event export a minute"), text, LIMITS)
