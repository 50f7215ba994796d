"""What the exports of profiles share: reading a request, finding members, filling rows."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.answers import problem
from sandbox.audience import WHOLE, Cell, chance, draws, export_key, part, salt_of
from sandbox.changes import Changes
from sandbox.definitions import Key, Section, Segment, Tag, Version
from sandbox.rules import Member
from sandbox.settings import Settings

_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+)*")


@dataclass(frozen=True)
class Table:
    """The rows of an export, drawn anew each time they are asked for; `includes` chooses the profiles."""

    profiles: int
    seed: int
    titles: tuple[str, ...]
    cells: tuple[Cell, ...]
    includes: Callable[[int, bytes], bool] | None = None
    seconds: float = 0.0

    def rows(self) -> Iterator[Sequence[str]]:
        """Yield the header and then one row per profile, in a steady order."""
        yield self.titles
        draw, cells, includes = draws(self.seed), self.cells, self.includes
        for number in range(self.profiles):
            lots = draw(number)
            if includes is None or includes(number, lots):
                yield [cell(number, lots) for cell in cells]


class Body:
    """The JSON object of a request; every reader names the property that is wrong in a 400 problem."""

    def __init__(self, content: object) -> None:
        if not isinstance(content, dict):
            raise problem(400, "The body must be a JSON object")
        self._content = content

    def has(self, name: str) -> bool:
        """Tell whether a property is there and not null."""
        return self._content.get(name) is not None

    def text(self, name: str) -> str:
        """Return a text that must be there."""
        value = self._content.get(name)
        if value is None:
            raise problem(400, f"{name} is required")
        if not isinstance(value, str):
            raise problem(400, f"{name} must be a string")
        return value

    def flag(self, name: str) -> bool:
        """Return a boolean, false when it is not there."""
        value = self._content.get(name)
        if value is not None and not isinstance(value, bool):
            raise problem(400, f"{name} must be a boolean")
        return bool(value)

    def texts(self, name: str) -> list[str]:
        """Return a list of texts that must hold at least one."""
        value = self._content.get(name)
        if value is None:
            raise problem(400, f"{name} is required")
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise problem(400, f"{name} must be an array of strings")
        if not value:
            raise problem(400, f"{name} must not be empty")
        return value

    def pairs(self, name: str, inner: str) -> list[tuple[str, str]]:
        """Return a list of `{field_name, <inner>}` as pairs; an absent list is empty."""
        value = self._content.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise problem(400, f"{name} must be an array")
        pairs = []
        for place, item in enumerate(value):
            for key in ("field_name", inner):
                if not isinstance(item, dict) or not isinstance(item.get(key), str):
                    raise problem(400, f"{name}[{place}].{key} is required")
            if not item["field_name"]:
                raise problem(400, f"{name}[{place}].field_name must not be empty")
            pairs.append((item["field_name"], item[inner]))
        return pairs

    def ids(self, name: str, inner: str) -> list[str]:
        """Return a list of `{<inner>}`, or of bare texts, each once; an absent list is empty."""
        value = self._content.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise problem(400, f"{name} must be an array")
        ids = []
        for place, item in enumerate(value):
            found = item.get(inner) if isinstance(item, dict) else item
            if not isinstance(found, str):
                raise problem(400, f"{name}[{place}].{inner} is required")
            ids.append(found)
        return list(dict.fromkeys(ids))

    def text_or_inner(self, name: str) -> str | Mapping[str, Any] | None:
        """Return a text or an object, or None when it is not there."""
        value = self._content.get(name)
        return value if isinstance(value, str) else self.inner(name)

    def inner_list(self, name: str) -> list[Mapping[str, Any]]:
        """Return a list of objects; an absent one is empty."""
        value = self._content.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise problem(400, f"{name} must be an array of objects")
        return value

    def inner(self, name: str) -> Mapping[str, Any] | None:
        """Return an object, or None when it is not there."""
        value = self._content.get(name)
        if value is not None and not isinstance(value, dict):
            raise problem(400, f"{name} must be an object")
        return value


def attribute_columns(
    body: Body, section: Section, key: Key, settings: Settings, changes: Changes
) -> list[tuple[str, Cell]]:
    """Return the asked attribute columns, in the order of the request."""
    columns = []
    for place, (title, version_id) in enumerate(body.pairs("attributes", "attribute_version_id")):
        where = f"attributes[{place}].attribute_version_id"
        if version_id not in section.attribute_of:
            raise problem(400, f"{where} is unknown")
        attribute, version = section.attribute_of[version_id]
        if not key.sees(attribute):
            raise problem(403, f"{where} is not within the reach of this key")
        refuse_deprecated(version, where, settings)
        columns.append((title, changes.cell(section.discriminator, attribute.column)))
    return columns


def tag_columns(body: Body, section: Section, settings: Settings, changes: Changes) -> list[tuple[str, Cell]]:
    """Return the asked tag columns, in the order of the request."""
    columns = []
    for place, (title, version_id) in enumerate(body.pairs("tags", "tag_version_id")):
        where = f"tags[{place}].tag_version_id"
        if version_id not in section.tag_of:
            raise problem(400, f"{where} is unknown")
        tag, version = section.tag_of[version_id]
        refuse_deprecated(version, where, settings)
        columns.append((title, _tag_cell(tag, settings, changes)))
    return columns


def refuse_deprecated(version: Version, where: str, settings: Settings) -> None:
    """Refuse an attribute or a tag in a version that is out of use."""
    if version.deprecated_at is not None and not settings.accept_deprecated_versions:
        raise problem(400, f"{where} is deprecated")


def _tag_cell(tag: Tag, settings: Settings, changes: Changes) -> Cell:
    salt, lots = salt_of(settings.seed, tag.discriminator), part(tag.share)
    present, absent = settings.tag_present, settings.tag_absent
    has_tag = changes.has_tag(tag.discriminator, lambda number: chance(number, salt) < lots)
    return lambda number, _: present if has_tag(number) else absent


def key_column(settings: Settings) -> tuple[str, Cell]:
    """Return the first column of every file."""
    return settings.export_key_title, export_key


def member_of(segment: Segment, seed: int) -> Member:
    """Return the question whether a profile is in a segment."""
    salt, lots = salt_of(seed, segment.discriminator), part(segment.share)
    return lambda number: chance(number, salt) < lots


def member_by_query(definition: str, seed: int) -> Member:
    """Return the question whether a profile matches a query text; which ones do is invented, but steady."""
    salt = salt_of(seed, "query", definition)
    lots = WHOLE // 8 + chance(0, salt) // 4
    return lambda number: chance(number, salt) < lots


def check_zone(zones: Mapping[str, Any], where: str) -> None:
    """Refuse a time zone that is not written like one."""
    zone = zones.get("timezone")
    if zone is not None and not (isinstance(zone, str) and _ZONE.fullmatch(zone)):
        raise problem(400, f"{where}timezone must be the name of a time zone")


def preparing_seconds(segments: Sequence[Segment], settings: Settings) -> float:
    """Return how long an export over these segments is prepared: the longest of them counts."""
    times = [settings.prepare_seconds]
    for segment in segments:
        own = settings.segment_seconds.get(segment.discriminator)
        if own is None and segment.is_slow:
            own = settings.slow_segment_seconds
        if own is not None:
            times.append(own)
    return max(times)
