"""What a saved segment asks for, as a typed value: frozen into every version and every run.

Names stand beside the vendor's identifiers, so that an old run can be read when the vendor has forgotten them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from exports.digest import digest_of
from upstream.apsis.exports import AttributeColumn, ChannelColumn, ConsentExportRequest, SegmentChoice, TagColumn

Kind = Literal["key", "consent", "attribute", "tag", "segment", "event"]


@dataclass(frozen=True)
class Choice:
    """Something chosen from the vendor's lists: its identifier and the name people know it by."""

    id: str
    name: str


@dataclass(frozen=True)
class TopicChoice(Choice):
    """A subscription (topic), with the folder (consent list) it lies in."""

    folder: str = ""
    folder_name: str = ""
    channel: str = ""


@dataclass(frozen=True)
class ColumnChoice(Choice):
    """Something chosen that becomes a column titled `column`. `id` is a version ID for attributes and tags."""

    column: str = ""
    discriminator: str = ""


@dataclass(frozen=True)
class Column:
    """One column of the file to come: its title, what it is, and whether it holds an address without being consent."""

    title: str
    kind: Kind
    name: str
    is_address: bool = False


@dataclass(frozen=True)
class ConsentSpec:
    """A consent export. Source: developer.apsis.com, Request profile in segment by consent export."""

    section: Choice = Choice("", "")
    topics: tuple[TopicChoice, ...] = ()
    method: Literal["mapped", "single"] = "mapped"
    channel: Choice = Choice("", "")
    channels: tuple[ColumnChoice, ...] = ()
    attributes: tuple[ColumnChoice, ...] = ()
    tags: tuple[ColumnChoice, ...] = ()
    segments: tuple[ColumnChoice, ...] = ()
    time_zone: str = "Europe/Stockholm"
    exclude_unsubscribed: bool = False
    apsis_excel: bool = False  # its own workbook too, of the same export
    everyone: bool = False  # "yes, everyone": said on purpose, because no segment means the whole account

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ConsentSpec:
        many: dict[str, type[Choice]] = {
            "topics": TopicChoice,
            "channels": ColumnChoice,
            "attributes": ColumnChoice,
            "tags": ColumnChoice,
            "segments": ColumnChoice,
        }
        values = {f.name: data[f.name] for f in fields(cls) if f.name in data}
        for name, of in many.items():
            values[name] = tuple(of(**item) for item in values.get(name, ()))
        for name in ("section", "channel"):
            values[name] = Choice(**values[name]) if name in values else Choice("", "")
        return cls(**values)

    @property
    def digest(self) -> str:
        """The same for two specs that ask the vendor for the same thing. Hexadecimal, 64 characters."""
        return digest_of(self.to_json())

    @property
    def is_for_everyone(self) -> bool:
        """Whether no segment narrows it down."""
        return not self.segments

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders (consent lists) that the chosen topics lie in, each once."""
        return tuple(dict.fromkeys(topic.folder for topic in self.topics if topic.folder))

    @property
    def figures(self) -> dict[str, int]:
        """How many of each the vendor is asked for: what its unprinted limits are about."""
        return {"topics": len(self.topics), "attributes": len(self.attributes), "tags": len(self.tags)}

    @property
    def consents(self) -> tuple[ColumnChoice, ...]:
        """The channels that the file has a column of consent of, each with its column."""
        if self.method != "single":
            return self.channels
        channel = self.channel
        title = SINGLE_TITLES.get(channel.id, channel.name)
        return (ColumnChoice(channel.id, channel.name, column=title),) if channel.id else ()

    def columns(self) -> Iterator[Column]:
        """Yield the columns of the file in the order of the vendor's own example; the export key always comes first."""
        yield Column("export_key", "key", "Export key")
        for item in self.consents:
            yield Column(item.column, "consent", item.name)
        for item in self.attributes:
            yield Column(item.column, "attribute", item.name, is_address=item.discriminator in ADDRESS_ATTRIBUTES)
        for item in self.tags:
            yield Column(item.column, "tag", item.name)
        for item in self.segments:
            yield Column(item.column, "segment", item.name)

    def to_request(self, *, consent_version: int) -> ConsentExportRequest:
        """Return the vendor's request. A Consent 1.0 account is told the one folder as well."""
        return ConsentExportRequest(
            section_discriminator=self.section.id,
            consent_list_discriminator=self.folders[0] if consent_version == 1 and self.folders else None,
            topic_discriminators=tuple(topic.id for topic in self.topics),
            channel_discriminator=self.channel.id if self.method == "single" else None,
            channels=tuple(ChannelColumn(c.column, c.id) for c in self.channels) if self.method == "mapped" else (),
            attributes=tuple(AttributeColumn(c.column, c.id) for c in self.attributes),
            tags=tuple(TagColumn(c.column, c.id) for c in self.tags),
            segments=SegmentChoice(self.time_zone, {c.column: c.id for c in self.segments}) if self.segments else None,
            exclude_unsubscribed_profiles=self.exclude_unsubscribed,
        )


EMAIL, SMS = "com.apsis1.channels.email", "com.apsis1.channels.sms"
# With a single channel the column is the channel's own attribute, under the attribute's own name.
SINGLE_TITLES = {EMAIL: "Email", SMS: "Mobile"}
ADDRESS_ATTRIBUTES = {"com.apsis1.attributes.email", "com.apsis1.attributes.mobile"}
CONSENT_COLUMNS = {EMAIL: "EmailConsent", SMS: "MobileConsent"}  # as in the vendor's own example


def default_column(channel: Choice) -> str:
    """Return the title of a channel's consent column until a person gives it another."""
    return CONSENT_COLUMNS.get(channel.id, f"{channel.name}Consent")
