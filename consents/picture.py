"""What a look-up's page shows: the verdict in words, the chains, the grid, the addresses, the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from consents.asking import Found, Part
from consents.verdict import Answer, Chain, Event, Link, Reach, chains, history, suppression, together
from upstream.apsis.definitions import Channel, Topic
from upstream.errors import Gone, Missing, UpstreamError


@dataclass(frozen=True)
class Definitions:
    """The names of what a look-up speaks of. `topics` of each section, by its discriminator."""

    sections: Mapping[str, str]
    channels: Sequence[Channel]
    topics: Mapping[str, Sequence[Topic]]
    folders: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """One subscription over one channel: the answer for every address of the channel, and the chain that decides."""

    channel: Channel
    answer: Answer
    chains: tuple[Chain, ...]

    @property
    def chain(self) -> Chain:
        """The chain that carries the answer."""
        return next(chain for chain in self.chains if chain.answer == self.answer)

    @property
    def link(self) -> Link:
        """The consent."""
        return self.chain.consent


@dataclass(frozen=True)
class Row:
    """One subscription over every channel. One that the section does not list has its discriminator for a name."""

    topic: Topic
    folder: str
    cells: tuple[Cell, ...]

    @property
    def is_told(self) -> bool:
        """Whether anything is recorded of it, so that there is more to say than “nothing”."""
        return any(cell.link.consent for cell in self.cells)


@dataclass(frozen=True)
class SectionShown:
    """One section: its subscriptions, or why nothing is known."""

    discriminator: str
    name: str
    rows: tuple[Row, ...]
    error: UpstreamError | None
    is_unread: bool = False
    is_version_1: bool = False

    @property
    def told(self) -> list[Row]:
        """The rows of which something is recorded, or all where that is none."""
        return [row for row in self.rows if row.is_told] or list(self.rows[:1])


@dataclass(frozen=True)
class AddressShown:
    """One address, and whether it may be used at all."""

    reach: Reach
    channel: str
    is_key: bool
    link: Link


@dataclass(frozen=True)
class Picture:
    """All of it."""

    found: Found
    sections: tuple[SectionShown, ...]
    channels: Sequence[Channel]
    addresses: tuple[AddressShown, ...]
    without: tuple[Channel, ...]  # channels of which no address is known
    history: tuple[tuple[Event, str, str], ...]  # what happened, and the names of its topic and channel

    @property
    def is_nobody(self) -> bool:
        """Whether the vendor knows nobody by this."""
        return all(isinstance(one.error, Missing) for one in self.sections)

    @property
    def is_locked(self) -> bool:
        """Whether the profile is locked."""
        return all(isinstance(one.error, Gone) for one in self.sections)

    @property
    def is_unanswered(self) -> bool:
        """Whether no section was answered for at all."""
        return all(one.error is not None for one in self.sections)

    def topics(self, channel: Channel, answer: Answer) -> list[str]:
        """Return the names of the subscriptions that have an answer over a channel."""
        rows = (row for section in self.sections for row in section.rows)
        return [
            row.topic.name for row in rows for cell in row.cells if cell.channel == channel and cell.answer == answer
        ]


def of(found: Found, names: Definitions, *, consent_version: int) -> Picture:
    """Return the picture of what was found."""
    sections = tuple(_section(part, found, names, consent_version) for part in found.parts)
    name_of: dict[str, str] = {channel.discriminator: channel.name for channel in names.channels}
    addresses = tuple(
        AddressShown(
            reach,
            name_of.get(reach.channel, reach.channel),
            (reach.channel, reach.text) == (found.key.channel, found.key.text),
            suppression(reach),
        )
        for reach in found.reaches.known
    )
    known = {reach.channel for reach in found.reaches.known}
    return Picture(
        found,
        sections,
        names.channels,
        addresses,
        tuple(one for one in names.channels if one.discriminator not in known),
        tuple(_named(event, names, name_of) for event in _history(found)),
    )


def _section(part: Part, found: Found, names: Definitions, consent_version: int) -> SectionShown:
    topics = list(names.topics.get(part.section, ()))
    listed = {topic.discriminator for topic in topics}
    # What the list does not name is shown all the same: a consent to it may be there.
    strange = {one.topic for one in part.told.consents or ()} - listed
    topics += [Topic(discriminator, discriminator) for discriminator in sorted(strange)]
    rows = tuple(_row(part, found, topic, names) for topic in topics)
    return SectionShown(
        part.section,
        names.sections.get(part.section, part.section),
        rows,
        part.error,
        is_unread=bool(part.told.unread),
        is_version_1=consent_version == 1,
    )


def _row(part: Part, found: Found, topic: Topic, names: Definitions) -> Row:
    cells = tuple(_cell(part, found, topic, channel) for channel in names.channels)
    return Row(topic, names.folders.get(topic.folder or "", ""), cells)


def _cell(part: Part, found: Found, topic: Topic, channel: Channel) -> Cell:
    some = chains(
        part.told, found.reaches, topic=topic.discriminator, only=topic.channel, channel=channel.discriminator
    )
    return Cell(channel, together(some), tuple(some))


def _history(found: Found) -> list[Event]:
    consents = [one for part in found.parts for one in part.told.consents or ()]
    return history(consents, found.suppressions)


def _named(event: Event, names: Definitions, channels: Mapping[str, str]) -> tuple[Event, str, str]:
    told: Any = event.consent or event.suppression
    topics = {topic.discriminator: topic.name for some in names.topics.values() for topic in some}
    topic = topics.get(event.consent.topic, event.consent.topic) if event.consent else ""
    return event, topic, channels.get(told.channel, told.channel)
