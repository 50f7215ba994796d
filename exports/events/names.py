"""What the IDs of an event export are called: the dictionary that is stored with the run. No Django.

An ID that is not in it keeps its own name, so that nothing is ever dropped for want of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["attribute", "tag", ""]  # nothing where it is not known


@dataclass(frozen=True)
class Field:
    """An attribute or a tag; `section` is the ID of its section."""

    name: str
    kind: Kind = ""
    section: str = ""


@dataclass(frozen=True)
class EventType:
    """A type of event: the same for all its versions, but for `fields`, the names in its data, in order.

    `key` is the type's discriminator, or the version's own ID where the type is not known.
    """

    key: str
    name: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Names:
    """Sections, attributes with tags, and topics by ID; events by the ID of their version."""

    sections: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Field] = field(default_factory=dict)
    events: Mapping[str, EventType] = field(default_factory=dict)
    topics: Mapping[str, str] = field(default_factory=dict)

    def section(self, id: str) -> str:
        return self.sections.get(id, id)

    def attribute(self, id: str) -> Field:
        return self.attributes.get(id) or Field(id)

    def event(self, id: str) -> EventType:
        return self.events.get(id) or EventType(id, id)

    def topic(self, id: str) -> str:
        return self.topics.get(id, id)

    def event_names(self) -> dict[str, str]:
        """Return the name of each known type of event, by its key."""
        return {known.key: known.name for known in self.events.values()}

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Names:
        return cls(
            dict(data.get("sections", {})),
            {id: Field(**one) for id, one in data.get("attributes", {}).items()},
            {
                id: EventType(one["key"], one["name"], tuple(one["fields"]))
                for id, one in data.get("events", {}).items()
            },
            dict(data.get("topics", {})),
        )
