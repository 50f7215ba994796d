"""What a saved segment of the kind “Events” asks for, as a typed value: frozen into every version and every run.

Source: developer.apsis.com, Request profile in segment event export (S1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any
from zoneinfo import ZoneInfo

from exports.digest import digest_of
from exports.events.names import EventType, Field, Names
from exports.events.period import Period, Window
from exports.spec import Choice
from upstream.apsis.event_exports import EventExportRequest


@dataclass(frozen=True)
class SectionChoice(Choice):
    """A section. `number` is the ID that the file calls it by; empty where the vendor does not tell."""

    number: str = ""


@dataclass(frozen=True)
class FieldChoice(Choice):
    """An attribute or a tag; `id` is its version's. `section` is a discriminator."""

    discriminator: str = ""
    section: str = ""


@dataclass(frozen=True)
class EventVersion:
    """A version of an event type: what the file calls it, and the fields of its data."""

    id: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class EventChoice(Choice):
    """An event type; `id` is its discriminator. All its versions are asked for: old events have an old one."""

    section: str = ""
    versions: tuple[EventVersion, ...] = ()


NO_SEGMENT = Choice("", "")
A_WEEK = Period()


@dataclass(frozen=True)
class EventSpec:
    """An event export. No segment means everybody on the account, which `everyone` says was meant."""

    sections: tuple[SectionChoice, ...] = ()
    segment: Choice = NO_SEGMENT
    everyone: bool = False
    period: Period = A_WEEK
    is_split: bool = False  # a period that is too long for one request is asked for in several
    attributes: tuple[FieldChoice, ...] = ()
    tags: tuple[FieldChoice, ...] = ()
    events: tuple[EventChoice, ...] = ()
    topic_state: bool = False
    time_zone: str = "Europe/Stockholm"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> EventSpec:
        values = {f.name: data[f.name] for f in fields(cls) if f.name in data}
        many: dict[str, type[Choice]] = {"sections": SectionChoice, "attributes": FieldChoice, "tags": FieldChoice}
        for name, of in many.items():
            values[name] = tuple(of(**item) for item in values.get(name, ()))
        values["events"] = tuple(_event(item) for item in values.get("events", ()))
        values["segment"] = Choice(**values.get("segment", {"id": "", "name": ""}))
        values["period"] = Period(**values.get("period", {}))
        return cls(**values)

    @property
    def digest(self) -> str:
        """The same for two specs that ask the vendor for the same thing. Hexadecimal, 64 characters."""
        return digest_of(self.to_json())

    @property
    def figures(self) -> dict[str, int]:
        """How many of each the vendor is asked for, by names of their own: a consent export has other limits."""
        return {
            "event_attributes": len(self.attributes),
            "event_tags": len(self.tags),
            "event_types": len(self.events),
        }

    @property
    def zone(self) -> ZoneInfo:
        """Its time zone. Raises an error of the standard library where there is none of that name."""
        return ZoneInfo(self.time_zone)

    @property
    def names(self) -> Names:
        """What the IDs in the file are called. The spec is stored with the run, and so they are."""
        numbers = {section.id: section.number or section.id for section in self.sections}
        fields: dict[str, Field] = {}
        for kind, choices in (("attribute", self.attributes), ("tag", self.tags)):
            for choice in choices:
                fields[choice.id] = Field(choice.name, kind, numbers.get(choice.section, ""))  # type: ignore[arg-type]
        return Names(
            sections={numbers[section.id]: section.name for section in self.sections},
            attributes=fields,
            events={
                version.id: EventType(event.id, event.name, version.fields)
                for event in self.events
                for version in event.versions
            },
        )

    @property
    def versions(self) -> Sequence[str]:
        """The IDs of all versions of the chosen event types."""
        return [version.id for event in self.events for version in event.versions]

    @property
    def is_for_everyone(self) -> bool:
        return not self.segment.id

    def to_request(self, window: Window) -> EventExportRequest:
        """Return the vendor's request for one window. Its end is always named: the vendor would assume one."""
        return EventExportRequest(
            start_at=window.start,
            end_at=window.end,
            attributes=tuple(choice.id for choice in self.attributes),
            tags=tuple(choice.id for choice in self.tags),
            events=tuple(self.versions),
            segment_discriminator=self.segment.id or None,
            timezone=self.time_zone if self.segment.id else None,
            topic_state=self.topic_state,
        )


def _event(item: dict[str, Any]) -> EventChoice:
    versions = (EventVersion(one["id"], tuple(one["fields"])) for one in item.get("versions", ()))
    return EventChoice(**{**item, "versions": tuple(versions)})
