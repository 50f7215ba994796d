"""The consent export as it is asked for. What comes after the question is in `upstream.apsis.reports`.

Source: developer.apsis.com, "Request profile in segment by consent export".
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar

from upstream.apsis.reports import CONSENTS, Kind


@dataclass(frozen=True, slots=True)
class ChannelColumn:
    """A column that holds the address of those who consented through the channel, and is blank for others."""

    field_name: str
    channel_discriminator: str


@dataclass(frozen=True, slots=True)
class AttributeColumn:
    """A column with the value of an attribute, whatever the consent."""

    field_name: str
    attribute_version_id: str


@dataclass(frozen=True, slots=True)
class TagColumn:
    """A column for a tag (the shape is inferred from that of attributes)."""

    field_name: str
    tag_version_id: str


@dataclass(frozen=True, slots=True)
class SegmentChoice:
    """The segments that profiles fall into, each a column under the name given here.

    `segment_discriminators` maps a name to a discriminator, `segment_definitions` a name to AQL; one of the two.
    The shape is that of the duplicates export (inferred to be the same here).
    """

    timezone: str
    segment_discriminators: Mapping[str, str] = field(default_factory=dict)
    segment_definitions: Mapping[str, str] = field(default_factory=dict)
    filter: str | None = None

    def to_body(self) -> dict[str, Any]:
        """Write the part of the request, without what was not given."""
        return {name: dict(value) if isinstance(value, Mapping) else value for name, value in _given(self)}


@dataclass(frozen=True, slots=True)
class ConsentExportRequest:
    """A consent export as the vendor takes it. Either `channel_discriminator` or `channels`, else ValueError."""

    kind: ClassVar[Kind] = CONSENTS

    section_discriminator: str
    topic_discriminators: tuple[str, ...]
    channel_discriminator: str | None = None
    channels: tuple[ChannelColumn, ...] = ()
    attributes: tuple[AttributeColumn, ...] = ()
    tags: tuple[TagColumn, ...] = ()
    segments: SegmentChoice | None = None
    exclude_unsubscribed_profiles: bool = False
    consent_list_discriminator: str | None = None  # in the vendor's example; not needed since Consent 2.0

    def __post_init__(self) -> None:
        if bool(self.channel_discriminator) == bool(self.channels):
            raise ValueError("A consent export names one channel, or maps several to columns.")

    def to_body(self) -> dict[str, Any]:
        """Write the request as a dict for JSON, without what was not given."""
        return {name: _plain(value) for name, value in _given(self)}


def _given(value: Any) -> Iterator[tuple[str, Any]]:
    """Walk the fields of a dataclass that were given: not None, not empty. False is given."""
    for given in fields(value):
        found = getattr(value, given.name)
        if found is not None and found != () and found != {}:
            yield given.name, found


def _plain(value: Any) -> Any:
    if isinstance(value, SegmentChoice):
        return value.to_body()
    if isinstance(value, tuple):
        return [item if isinstance(item, str) else asdict(item) for item in value]
    return value
