"""What an account is made of: keyspaces, channels, sections, attributes, tags, event types, topics, folders, segments.

The reader is lenient: unknown properties are ignored, a missing name becomes the discriminator, an item that cannot be
used is left out and counted. Only an answer without any list is not understood. Discriminators are opaque.

Every value goes to a plain dict and back (`to_json`, `from_json`), so that lists can be kept as JSON.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self, TypeVar

from upstream.apsis import names


@dataclass(frozen=True)
class Definition:
    """A thing of the account, by its discriminator and its name for people."""

    discriminator: str
    name: str

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> Self | None:
        """Read one item of the vendor's list; None where it has no discriminator."""
        discriminator = names.handle(names.pick(item, *names.DISCRIMINATOR))
        if discriminator is None:
            return None
        name = names.text(names.pick(item, *names.NAME))
        return cls(discriminator=discriminator, name=name or discriminator, **cls._more(item))

    @classmethod
    def _more(cls, item: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    def to_json(self) -> dict[str, Any]:
        """Write as a plain dict of texts, booleans, nulls and lists."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        return cls(**kept)


@dataclass(frozen=True)
class Version:
    """One version of an attribute, tag or event type.

    `id` is digits as text; `deprecated_at` the vendor's time, None while in use; `fields` the names in the data of an
    event, as far as the version tells (inferred: a JSON Schema).
    """

    id: str
    type: str | None = None
    deprecated_at: str | None = None
    fields: tuple[str, ...] = ()

    @classmethod
    def read(cls, item: Any) -> Self | None:
        """Read one version; None where it has no ID."""
        if not isinstance(item, dict):
            return None
        found = names.handle(names.pick(item, *names.VERSION_ID))
        if found is None:
            return None
        ended = names.pick(item, *names.DEPRECATED_AT)
        schema = names.pick(item, *names.SCHEMA)
        properties = schema.get("properties") if isinstance(schema, dict) else None
        fields = properties if isinstance(properties, dict) else {}
        return cls(
            id=found,
            type=names.text(names.pick(item, *names.TYPE)),
            # Whatever stands there, it is not null: the version is out of use (developer.apsis.com, attributes).
            deprecated_at=(names.text(ended) or "unknown") if ended else None,
            fields=tuple(filter(None, map(names.text, fields))),
        )


@dataclass(frozen=True)
class Versioned(Definition):
    """A thing whose requests name a version of it."""

    versions: tuple[Version, ...] = ()

    @property
    def usable(self) -> Version | None:
        """The first version in use; None where all are deprecated."""
        return next((version for version in self.versions if version.deprecated_at is None), None)

    @classmethod
    def _more(cls, item: Mapping[str, Any]) -> dict[str, Any]:
        found = names.pick(item, *names.VERSIONS)
        read = map(Version.read, found if isinstance(found, list) else [])
        return {"versions": tuple(version for version in read if version)}

    def to_json(self) -> dict[str, Any]:
        """Write as a plain dict; versions as a list of dicts."""
        kept = super().to_json()
        kept["versions"] = [{**version, "fields": list(version["fields"])} for version in kept["versions"]]
        return kept

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        versions = (Version(**{**version, "fields": tuple(version["fields"])}) for version in kept["versions"])
        return cls(**{**kept, "versions": tuple(versions)})


@dataclass(frozen=True)
class Keyspace(Definition):
    """A unique identifier of profiles. Consents can be managed only where `manage_subscriptions` is true."""

    manage_subscriptions: bool = False

    @classmethod
    def _more(cls, item: Mapping[str, Any]) -> dict[str, Any]:
        return {"manage_subscriptions": names.pick(item, *names.MANAGE_SUBSCRIPTIONS) is True}


@dataclass(frozen=True)
class Channel(Definition):
    """A way to reach people: e-mail, SMS."""


@dataclass(frozen=True)
class Section(Definition):
    """A part of the account. Event files name it by `id` (developer.apsis.com, event export); None where not told."""

    id: str | None = None

    @classmethod
    def _more(cls, item: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": names.handle(names.pick(item, *names.SECTION_ID))}


@dataclass(frozen=True)
class Writable(Versioned):
    """A thing of profiles. `writable` are the keyspaces it may be written through; None where the vendor does not say.

    Source: developer.apsis.com, Keyspaces (`include_keyspace_permissions`).
    """

    writable: tuple[str, ...] | None = None

    @classmethod
    def _more(cls, item: Mapping[str, Any]) -> dict[str, Any]:
        told = names.pick(item, *names.PERMISSIONS)
        return {**super()._more(item), "writable": _writable(told) if isinstance(told, list) else None}

    def to_json(self) -> dict[str, Any]:
        """Write as a plain dict."""
        return {**super().to_json(), "writable": None if self.writable is None else list(self.writable)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote, and what was written before permissions were read."""
        told = kept.get("writable")
        return super().from_json({**kept, "writable": None if told is None else tuple(told)})


def _writable(told: list[Any]) -> tuple[str, ...]:
    permitted = (
        names.handle(names.pick(item, *names.PERMITTED_KEYSPACE))
        for item in told
        if isinstance(item, dict) and names.WRITE in (names.pick(item, *names.PERMITTED) or ())
    )
    return tuple(keyspace for keyspace in permitted if keyspace)


@dataclass(frozen=True)
class Attribute(Writable):
    """A value that profiles of a section have."""

    @property
    def type(self) -> str | None:
        """The type of the version in use ("text", "date", …), None where there is none or it is not told."""
        return self.usable.type if self.usable else None


@dataclass(frozen=True)
class Tag(Writable):
    """A mark that profiles of a section carry or do not."""


@dataclass(frozen=True)
class EventType(Versioned):
    """A kind of thing that happens to profiles."""

    description: str = ""

    @classmethod
    def _more(cls, item: Mapping[str, Any]) -> dict[str, Any]:
        description = names.text(names.pick(item, *names.DESCRIPTION)) or ""
        return {**super()._more(item), "description": description}


@dataclass(frozen=True)
class Topic(Definition):
    """What one can subscribe to. `folder` and `channel` are discriminators; no channel means any."""

    folder: str | None = None
    channel: str | None = None

    @classmethod
    def _more(cls, item: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "folder": names.handle(names.pick(item, *names.FOLDER)),
            "channel": names.handle(names.pick(item, *names.CHANNEL)),
        }


@dataclass(frozen=True)
class Folder(Definition):
    """A group of topics, for display; on accounts with Consent 1.0 a consent list."""


@dataclass(frozen=True)
class Segment(Definition):
    """A saved choice of profiles."""

    description: str = ""

    @classmethod
    def _more(cls, item: Mapping[str, Any]) -> dict[str, Any]:
        return {"description": names.text(names.pick(item, *names.DESCRIPTION)) or ""}


D = TypeVar("D", bound=Definition)


class Listing(tuple[D, ...]):
    """The whole list of one kind, in the vendor's order. `skipped` items could not be used and are not in it."""

    skipped: int

    def __new__(cls, found: Iterable[D] = (), skipped: int = 0) -> Self:
        """Make a list that remembers what it lacks."""
        listing = super().__new__(cls, found)
        listing.skipped = skipped
        return listing


def read_listing(kind: type[D], body: Any) -> Listing[D] | None:
    """Read an answer as a list of `kind`; None where there is no list in it. Never raises."""
    found = names.items(body)
    if found is None:
        return None
    read = [kind.read(item) if isinstance(item, dict) else None for item in found]
    usable = [definition for definition in read if definition]
    return Listing(usable, skipped=len(read) - len(usable))
