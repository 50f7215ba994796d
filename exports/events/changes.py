"""What changed between two versions of a saved segment of events, as sentences. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from exports.changes import chosen, everyone, one, versions
from exports.events import said
from exports.events.spec import EventSpec


def between(old: EventSpec, new: EventSpec) -> list[str]:
    """Return a sentence for each thing that the newer spec says otherwise, in the order of the editor."""
    return [
        *one(old.segment.name, new.segment.name, _("segment %(old)s became %(new)s")),
        *everyone(old, new),
        *one(_sections(old), _sections(new), _("section %(old)s became %(new)s")),
        *one(old.time_zone, new.time_zone, _("time zone %(old)s became %(new)s")),
        *one(said.period(old.period), said.period(new.period), _("time: %(old)s became %(new)s")),
        *_switch(old.is_split, new.is_split, _("in several requests, joined"), _("in one request")),
        *chosen(old.events, new.events, _("added event %(name)s"), _("took out event %(name)s")),
        *chosen(old.attributes, new.attributes, _("added attribute %(name)s"), _("took out attribute %(name)s")),
        *versions(old.attributes, new.attributes, _("attribute %(name)s in a newer version of APSIS's own")),
        *chosen(old.tags, new.tags, _("added tag %(name)s"), _("took out tag %(name)s")),
        *versions(old.tags, new.tags, _("tag %(name)s in a newer version of APSIS's own")),
        *_switch(old.topic_state, new.topic_state, _("with the state of subscriptions"), _("without it")),
    ]


def _sections(spec: EventSpec) -> str:
    return ", ".join(section.name for section in spec.sections)


def _switch(old: bool, new: bool, on: str, off: str) -> Iterator[str]:
    if old != new:
        yield on if new else off
