"""What the editor does differently for each kind of saved segment: one sheet of the form each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from django.http import QueryDict
from django.utils import timezone

from exports import draft, picture
from exports.draft import Choices
from exports.events import draft as event_draft
from exports.events import period, said
from exports.events import picture as event_picture
from exports.events.spec import EventSpec
from exports.kinds import Kind, Spec
from exports.spec import Choice, ConsentSpec, default_column


class Sheet(Protocol):
    """The part of the editor that is of one kind."""

    kind: str
    pickers: Sequence[str]
    has_titles: bool  # whether people name the columns of the file

    def blank(self, *, time_zone: str) -> Spec:
        """Return what a new segment asks for."""

    def section_of(self, spec: Any) -> str:
        """Return the discriminator of the section that is chosen from, or nothing."""

    def into(self, spec: Any, choices: Choices) -> Spec:
        """Return the spec in the section of these choices."""

    def bare(self, spec: Any) -> Spec:
        """Return the spec without what belonged to another section."""

    def read(self, data: QueryDict, choices: Choices, base: Any) -> Spec:
        """Return what the form says."""

    def chosen(self, spec: Any, kind: str) -> Sequence[Choice]:
        """Return what is chosen in a picker."""

    def more(self, spec: Any, choices: Choices) -> dict[str, Any]:
        """Return what its part of the page needs besides."""


class Consents:
    """Consent to subscriptions, by channel: a table."""

    kind: str = Kind.CONSENTS.value
    pickers: Sequence[str] = draft.KINDS
    has_titles = True

    def blank(self, *, time_zone: str) -> Spec:
        return ConsentSpec(time_zone=time_zone)

    def section_of(self, spec: ConsentSpec) -> str:
        return spec.section.id

    def into(self, spec: ConsentSpec, choices: Choices) -> Spec:
        return replace(spec, section=choices.sections()[0])

    def bare(self, spec: ConsentSpec) -> Spec:
        return draft.in_section(spec, spec.section)

    def read(self, data: QueryDict, choices: Choices, base: ConsentSpec) -> Spec:
        return draft.read(data, choices, base=base)

    def chosen(self, spec: ConsentSpec, kind: str) -> Sequence[Choice]:
        chosen: dict[str, Sequence[Choice]] = {
            "segment": spec.segments,
            "topic": spec.topics,
            "attribute": spec.attributes,
            "tag": spec.tags,
        }
        return chosen[kind]

    def more(self, spec: ConsentSpec, choices: Choices) -> dict[str, Any]:
        return {
            "channels": _channels(spec, choices),
            "columns": picture.columns(spec),
            "people": picture.people(spec),
        }


def _channels(spec: ConsentSpec, choices: Choices) -> list[dict[str, Any]]:
    """Return every channel with whether it is chosen and what its column is called."""
    chosen = {item.id: item for item in spec.channels}
    return [
        {
            "id": choice.id,
            "name": choice.name,
            "is_chosen": choice.id in chosen,
            "column": chosen[choice.id].column if choice.id in chosen else default_column(choice),
        }
        for choice in choices.channels()
    ]


class Events:
    """What happened to people, in a stretch of time."""

    kind: str = Kind.EVENTS.value
    pickers: Sequence[str] = event_draft.KINDS
    has_titles = False

    def blank(self, *, time_zone: str) -> Spec:
        return EventSpec(time_zone=time_zone)

    def section_of(self, spec: EventSpec) -> str:
        return spec.sections[0].id if spec.sections else ""

    def into(self, spec: EventSpec, choices: Choices) -> Spec:
        return replace(spec, sections=tuple(event_draft.sections(choices)[:1]))

    def bare(self, spec: EventSpec) -> Spec:
        return event_draft.in_section(spec)

    def read(self, data: QueryDict, choices: Choices, base: EventSpec) -> Spec:
        return event_draft.read(data, choices, base=base, now=timezone.now())

    def chosen(self, spec: EventSpec, kind: str) -> Sequence[Choice]:
        chosen: dict[str, Sequence[Choice]] = {
            "segment": (spec.segment,) if spec.segment.id else (),
            "event": spec.events,
            "attribute": spec.attributes,
            "tag": spec.tags,
        }
        return chosen[kind]

    def more(self, spec: EventSpec, choices: Choices) -> dict[str, Any]:
        now = timezone.now()
        whole = spec.period.resolve(spec.zone, now) if said.is_zone(spec.time_zone) else None
        return {
            "periods": [(kind, said.KINDS[kind]) for kind in period.KINDS],
            "window": said.window(whole, spec.zone) if whole else "",
            "tables": event_picture.tables(spec),
        }


CONSENTS, EVENTS = Consents(), Events()
