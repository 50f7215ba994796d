"""A saved segment of events while it is being edited: what the form says now, named from the vendor's lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.http import QueryDict

from exports import draft
from exports.draft import Choices, Option
from exports.events import period, said
from exports.events.period import Period
from exports.events.spec import EventChoice, EventSpec, FieldChoice, SectionChoice
from exports.spec import Choice

KINDS = ("segment", "event", "attribute", "tag")
EMAIL = "com.apsis1.attributes.email"


def sections(choices: Choices) -> list[SectionChoice]:
    """Return the sections with the IDs that files call them by."""
    items = choices.library.read("sections").items
    return [SectionChoice(item.discriminator, item.name, number=item.id or "") for item in items]


def read(data: QueryDict, choices: Choices, *, base: EventSpec, now: datetime) -> EventSpec:
    """Return the spec that the form's fields say, with the button that was pressed applied."""
    known = _known(base)
    picked = draft.pressed(data, KINDS)

    def named(kind: str, id: str) -> Option:
        return choices.options(kind).get(id) or known.get((kind, id)) or Option(id, id, discriminator=id)

    def fields(kind: str) -> tuple[FieldChoice, ...]:
        found = (named(kind, id) for id in picked[kind])
        return tuple(FieldChoice(o.id, o.name, discriminator=o.discriminator, section=choices.section) for o in found)

    segment = named("segment", picked["segment"][-1]) if picked["segment"] else None  # the last one replaces the others
    spec = EventSpec(
        sections=_section(choices, base),
        segment=Choice(segment.id, segment.name) if segment else Choice("", ""),
        everyone="everyone" in data and segment is None,
        period=_period(data, base.period),
        is_split="is_split" in data,
        attributes=fields("attribute"),
        tags=fields("tag"),
        events=tuple(
            EventChoice(o.id, o.name, section=choices.section, versions=o.versions)
            for o in (named("event", id) for id in picked["event"])
        ),
        topic_state="topic_state" in data,
        time_zone=data.get("time_zone", "").strip() or base.time_zone,
    )
    return _cured(spec, data, choices, now=now)


def _cured(spec: EventSpec, data: QueryDict, choices: Choices, *, now: datetime) -> EventSpec:
    """Apply the button of the pre-flight that was pressed."""
    if "add_email" in data and (email := email_of(choices)):
        choice = FieldChoice(email.id, email.name, discriminator=email.discriminator, section=choices.section)
        spec = replace(spec, attributes=(*spec.attributes, choice))
    if "end_at_limit" in data and said.is_zone(spec.time_zone) and (whole := spec.period.resolve(spec.zone, now)):
        start = whole.start.astimezone(spec.zone)
        spec = replace(
            spec, period=Period("dates", start=start.date().isoformat(), end=period.last_day(start).isoformat())
        )
    return spec


def email_of(choices: Choices) -> Option | None:
    """Return the attribute that holds the e-mail address, where the section has one."""
    return next((option for option in choices.options("attribute").values() if option.discriminator == EMAIL), None)


def _section(choices: Choices, base: EventSpec) -> tuple[SectionChoice, ...]:
    if not choices.section:
        return ()
    told = {section.id: section for section in (*base.sections, *sections(choices))}
    return (told.get(choices.section, SectionChoice(choices.section, choices.section)),)


def _period(data: QueryDict, base: Period) -> Period:
    kind = data.get("period", base.kind)
    days = data.get("period_days", "")
    return Period(
        kind=next((known for known in period.KINDS if known == kind), base.kind),
        days=max(1, min(int(days), period.MOST_DAYS))
        if days.isascii() and days.isdecimal() and len(days) < 9
        else base.days,
        start=data.get("period_start", "").strip()[:10],
        end=data.get("period_end", "").strip()[:10],
    )


def _known(base: EventSpec) -> dict[tuple[str, str], Option]:
    """Return what the saved spec knows by name."""
    known = {("event", c.id): Option(c.id, c.name, versions=c.versions) for c in base.events}
    for kind, chosen in (("attribute", base.attributes), ("tag", base.tags)):
        known |= {(kind, c.id): Option(c.id, c.name, discriminator=c.discriminator) for c in chosen}
    if base.segment.id:
        known["segment", base.segment.id] = Option(base.segment.id, base.segment.name)
    return known


def in_section(spec: EventSpec) -> EventSpec:
    """Return the spec without what belonged to the section before."""
    return replace(spec, attributes=(), tags=(), events=())
