"""The event export: what profiles have, are and did, section by section, as one JSON file.

Source: developer.apsis.com, "Request profile in segment event export". The page shows neither a request nor the topic
state of a file; their shapes are inferred, and each guess is a switch. Topic state stands in a section beside its
attributes: {"topics": {"usercreated.topics.news-…": {"state": "opt-in"}}}, without those a profile never chose.
"""

import json
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring
from typing import Any

from sandbox.answers import problem
from sandbox.audience import COLUMNS, WHOLE, Cell, chance, draws, export_key, part, salt_of
from sandbox.columns import Body, check_zone, member_of, preparing_seconds, refuse_deprecated
from sandbox.consent_export import state_of
from sandbox.definitions import CHANNELS, Account, Attribute, Key, Section, Segment, Tag, Topic, Version
from sandbox.events import Life
from sandbox.files import BLOCK
from sandbox.rules import Member
from sandbox.settings import Settings

_UNQUOTED = {"number", "decimal", "boolean", "timestamp"}
"""Types of attributes whose cells are JSON as they stand."""

_LOTS = {0: part(0.9), 1: part(0.4)}
"""How many profiles are in the first sections of an account; fewer are in those after."""
_FEWER = part(0.25)


@dataclass(frozen=True)
class EventFile:
    """A file drawn anew each time it is asked for. `fails` says that it grows too large to be made at all."""

    profiles: int
    seed: int
    parts: tuple["Part", ...]
    includes: Member | None
    outer_key: str
    seconds: float
    fails: bool = False

    @property
    def opening(self) -> str:
        """What stands before the profiles."""
        return f"{{{json.dumps(self.outer_key)}:{{" if self.outer_key else "{"

    @property
    def closing(self) -> str:
        """What stands after them."""
        return "}}" if self.outer_key else "}"

    def texts(self) -> Iterator[str]:
        """Yield each profile under its export key, in a steady order."""
        if not self.parts:
            return
        draw, parts, includes = draws(self.seed), self.parts, self.includes
        for number in range(self.profiles):
            if includes is None or includes(number):
                lots = draw(number)
                sections = ",".join(filter(None, [section.text(number, lots) for section in parts]))
                yield f'"{export_key(number, lots)}":{{"sections":{{{sections}}}}}'


@dataclass(frozen=True)
class Part:
    """What is asked of one section; `lots` of 65,536 profiles are in it."""

    id: str
    salt: int
    lots: int
    is_first: bool
    attributes: tuple[tuple[str, Cell, bool], ...]
    tags: tuple[tuple[str, int, int], ...]
    topics: Callable[[int], str] | None
    life: Life | None
    null_attributes: bool
    comes_empty: bool

    def text(self, number: int, lots: bytes) -> str:
        """Return the section of a profile under its ID, or nothing where the profile has nothing in it."""
        own = chance(number, self.salt)
        if own >= self.lots:
            return self._around("", [], "{}") if self.comes_empty else ""
        if not self.is_first and own & 7 == 0:
            lots = lots[::-1]  # the same attribute in another section is another value, now and then
        found = []
        for opening, cell, is_unquoted in self.attributes:
            value = cell(number, lots)
            if value:
                found.append(f"{opening}{value if is_unquoted else encode_basestring(value)}}}")
            elif self.null_attributes:
                found.append(f"{opening}null}}")
        found += [text for text, salt, many in self.tags if chance(number, salt) < many]
        events = self.life.texts(number) if self.life else []
        topics = self.topics(number) if self.topics else ""
        if not (found or events or topics or self.comes_empty):
            return ""
        return self._around(",".join(found), events, f"{{{topics}}}")

    def _around(self, attributes: str, events: list[str], topics: str) -> str:
        more = f',"events":[{",".join(events)}]' if self.life else ""
        if self.topics:
            more += f',"topics":{topics}'
        return f'"{self.id}":{{"attributes":{{{attributes}}}{more}}}'


def json_blocks(opening: str, profiles: Iterator[str], closing: str) -> Iterator[bytes]:
    """Yield the whole file; memory stays flat, for no more is held than a block and a profile."""
    held, size, comma = [opening], 0, ""
    for text in profiles:
        held += (comma, text)
        comma, size = ",", size + len(text)
        if size >= BLOCK:
            # Halves of characters stand for single bytes: a fault may want one that is no UTF-8.
            yield "".join(held).encode(errors="surrogateescape")
            held, size = [], 0
    held.append(closing)
    yield "".join(held).encode(errors="surrogateescape")


def read(body: Body, account: Account, key: Key, settings: Settings, now: float) -> EventFile:
    """Return the file that a request asks for; `now` in Unix seconds, for nobody has events of the future.

    Refuses with 400 what is malformed, unknown or too much, 403 what the key does not reach; each problem names the
    property.
    """
    start, end = _window(body, settings)
    attributes, tags, events = _asked(body, account, key, settings)
    member, segments = _segment(body, account, settings)
    wants_topics = body.flag(settings.topic_state_property)
    parts = []
    # Without an attribute or a tag no profile shows up.
    for place, section in enumerate(account.sections if attributes or tags else ()):
        its_events = _of(section, section.event_of, events)
        its_attributes, its_tags = _of(section, section.attribute_of, attributes), _of(section, section.tag_of, tags)
        if not (its_attributes or its_tags or its_events):
            continue
        life = Life(
            section.discriminator,
            its_events,
            round(start.timestamp() * 1000),
            min(round(end.timestamp() * 1000), round(now * 1000)),
            seed=settings.seed,
            events_per_day=settings.events_per_day,
            events_each=settings.events_each,
            ids_as_numbers=settings.event_type_ids_as_numbers,
        )
        parts.append(
            Part(
                id=section.id,
                salt=salt_of(settings.seed, "section", section.discriminator),
                lots=WHOLE if settings.events_each else _LOTS.get(place, _FEWER),
                is_first=place == 0,
                attributes=tuple(_attribute(thing, version, settings) for thing, version in its_attributes),
                tags=tuple(_tag(thing, version, settings) for thing, version in its_tags),
                topics=_topics(section.topics, settings) if wants_topics else None,
                life=life if its_events else None,
                null_attributes=settings.event_null_attributes,
                comes_empty=settings.event_empty_sections,
            )
        )
    many = sum(part.life.count(settings.profiles) * part.lots / WHOLE for part in parts if part.life)
    return EventFile(
        profiles=settings.profiles,
        seed=settings.seed,
        parts=tuple(parts),
        includes=member,
        outer_key=settings.event_outer_key,
        seconds=preparing_seconds(segments, settings),
        fails=bool(settings.events_in_one_file) and many > settings.events_in_one_file,
    )


# ── The request ──────────────────────────────────────────────────────────────────────────────────────────────────


def _window(body: Body, settings: Settings) -> tuple[datetime, datetime]:
    start = _moment(body, "start_at")
    if not body.has("end_at"):
        return start, start + timedelta(days=settings.event_window_days)
    end = _moment(body, "end_at")
    if end <= start:
        raise problem(400, "end_at must be after start_at")
    if end > _months_later(start, settings.event_window_months):
        raise problem(400, f"end_at must be within {settings.event_window_months} months of start_at")
    return start, end


def _moment(body: Body, name: str) -> datetime:
    text = body.text(name)
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None or len(text) < len("2024-05-01T00:00Z"):
            raise ValueError
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise problem(400, f"{name} must be a date-time of RFC 3339") from None


def _months_later(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    try:
        return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)


def _asked(body: Body, account: Account, key: Key, settings: Settings) -> tuple[list[str], list[str], list[str]]:
    """Read the version IDs of attributes, tags and events; those of all sections within reach are open."""
    attributes = body.ids("attributes", "attribute_version_id")
    tags = body.ids("tags", "tag_version_id")
    events = body.ids("events", "event_version_id")
    for name, ids, at_most, status in (
        ("attributes", attributes, settings.event_attributes_at_most, settings.event_lists_status),
        ("tags", tags, settings.event_tags_at_most, settings.event_lists_status),
        ("events", events, settings.event_types_at_most, 413),
    ):
        if at_most and len(ids) > at_most:
            raise problem(status, f"{name} holds more than {at_most}")

    for place, version_id in enumerate(attributes):
        where = f"attributes[{place}].attribute_version_id"
        attribute, version = _find(version_id, where, account, key, lambda section: section.attribute_of)
        if not key.sees(attribute):
            raise problem(403, f"{where} is not within the reach of this key")
        refuse_deprecated(version, where, settings)
    for place, version_id in enumerate(tags):
        where = f"tags[{place}].tag_version_id"
        refuse_deprecated(_find(version_id, where, account, key, lambda section: section.tag_of)[1], where, settings)
    for place, version_id in enumerate(events):
        where = f"events[{place}].event_version_id"
        version = _find(version_id, where, account, key, lambda section: section.event_of)[1]
        if not settings.accept_deprecated_events:
            refuse_deprecated(version, where, settings)
    return attributes, tags, events


def _find(
    version_id: str,
    where: str,
    account: Account,
    key: Key,
    known: Callable[[Section], Mapping[str, tuple[Any, Version]]],
) -> tuple[Any, Version]:
    for section in account.sections:
        if version_id in known(section):
            if section not in key.sections(account):
                raise problem(403, f"{where} is not within the reach of this key")
            return known(section)[version_id]
    raise problem(400, f"{where} is unknown")


def _of(section: Section, known: Mapping[str, Any], asked: Sequence[str]) -> list[Any]:
    return [known[version_id] for version_id in asked if version_id in known]


def _segment(body: Body, account: Account, settings: Settings) -> tuple[Member | None, list[Segment]]:
    wanted = body.text_or_inner("segment_filter")
    if wanted is None:
        return None, []
    where = "segment_filter"
    if not isinstance(wanted, str):
        check_zone(wanted, "segment_filter.")
        where, wanted = "segment_filter.segment_discriminator", wanted.get("segment_discriminator")
    if not isinstance(wanted, str) or wanted not in account.segment_of:
        raise problem(400, f"{where} is unknown" if wanted else f"{where} is required")
    segment = account.segment_of[wanted]
    return member_of(segment, settings.seed), [segment]


# ── The parts of a file ──────────────────────────────────────────────────────────────────────────────────────────


def _name(thing: Attribute | Tag, version: Version, settings: Settings) -> str:
    return json.dumps(thing.discriminator if settings.event_attribute_keys == "discriminator" else version.id)


def _attribute(attribute: Attribute, version: Version, settings: Settings) -> tuple[str, Cell, bool]:
    opening = f'{_name(attribute, version, settings)}:{{"value":'
    return opening, COLUMNS[attribute.column], version.type in _UNQUOTED


def _tag(tag: Tag, version: Version, settings: Settings) -> tuple[str, int, int]:
    text = f'{_name(tag, version, settings)}:{{"value":null}}'
    return text, salt_of(settings.seed, tag.discriminator), part(tag.share)


def _topics(topics: Sequence[Topic], settings: Settings) -> Callable[[int], str]:
    ways = [
        (
            json.dumps(topic.discriminator),
            [
                (json.dumps(channel), state_of(topic, channel, settings.seed))
                for channel in CHANNELS
                if topic.channel in (None, channel)
            ],
        )
        for topic in topics
    ]

    def texts(number: int) -> str:
        found = []
        for name, channels in ways:
            states = {channel: state for channel, asks in channels if (state := asks(number))}
            if not states:
                continue
            if settings.topic_state_by_channel:
                inner = ",".join(f'{channel}:{{"state":"{state}"}}' for channel, state in states.items())
            else:
                inner = f'"state":"{"opt-in" if "opt-in" in states.values() else "opt-out"}"'
            found.append(f"{name}:{{{inner}}}")
        return ",".join(found)

    return texts
