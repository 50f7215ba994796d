"""A saved segment while it is being edited: what the form says now, read leniently and named from the vendor's lists.

Nothing is typed that the vendor can tell: the form holds identifiers, names come from the library. A thing that the
present key cannot see keeps the name it was saved with, and the pre-flight says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from accounts.definitions import Library, Listing
from exports.events.spec import EventVersion
from exports.spec import Choice, ColumnChoice, ConsentSpec, TopicChoice, default_column

SHOWN = 20  # options a picker shows at a time; typing narrows
KINDS = ("segment", "topic", "attribute", "tag")
LISTS = {
    "segment": "segments",
    "topic": "topics",
    "attribute": "attributes",
    "tag": "tags",
    "event": "events",
}
# What an attribute holds; a type that the vendor adds is called by its own word.
TYPES = {
    "text": lazy("text"),
    "number": lazy("whole number"),
    "decimal": lazy("decimal number"),
    "boolean": lazy("yes or no"),
    "date": lazy("date"),
    "timestamp": lazy("date and time"),
    "email": lazy("e-mail address"),
    "mobile": lazy("phone number"),
    "location": lazy("location"),
}


def _type(word: str | None) -> str:
    return str(TYPES.get(word, word)) if word else ""


@dataclass(frozen=True)
class Option:
    """One line of a picker."""

    id: str
    name: str
    remark: str = ""
    group: str = ""
    discriminator: str = ""
    channel: str = ""
    folder: str = ""
    versions: tuple[EventVersion, ...] = ()


class Choices:
    """What can be chosen, as one credential sees it, for one section."""

    def __init__(self, library: Library, section: str) -> None:
        self.library = library
        self.section = section
        self._options: dict[str, dict[str, Option]] = {}

    def listing(self, kind: str) -> Listing:
        section = "" if kind == "segment" else self.section
        if kind != "segment" and not section:
            return Listing([], None)
        return self.library.read(LISTS[kind], section)

    def options(self, kind: str) -> Mapping[str, Option]:
        """Return {id: option} of all that can be chosen of a kind; attributes and tags go by their version IDs."""
        if kind not in self._options:
            self._options[kind] = {option.id: option for option in self._make(kind)}
        return self._options[kind]

    def sections(self) -> list[Choice]:
        return [Choice(item.discriminator, item.name) for item in self.library.read("sections").items]

    def channels(self) -> list[Choice]:
        return [Choice(item.discriminator, item.name) for item in self.library.read("channels").items]

    def search(self, kind: str, asked: str, chosen: Iterable[str]) -> tuple[list[Option], int]:
        """Return the first options that hold every word of `asked`, and how many there are in all."""
        words, taken = asked.casefold().split(), set(chosen)
        found = [
            option
            for option in self.options(kind).values()
            if option.id not in taken and all(word in f"{option.name} {option.group}".casefold() for word in words)
        ]
        return found[:SHOWN], len(found)

    def _make(self, kind: str) -> Iterable[Option]:
        if kind != "segment" and not self.section:
            return ()
        items = self.listing(kind).items
        if kind == "segment":
            return (Option(item.discriminator, item.name, discriminator=item.discriminator) for item in items)
        if kind == "topic":
            return self._topics(items)
        if kind == "event":
            return map(_event, items)
        return (
            Option(item.usable.id, item.name, remark=_type(item.usable.type), discriminator=item.discriminator)
            for item in items
            if item.usable is not None
        )

    def _topics(self, items: Iterable[Any]) -> Iterable[Option]:
        folders = {item.discriminator: item.name for item in self.library.read("folders", self.section).items}
        channels = {choice.id: choice.name for choice in self.channels()}
        made = [
            Option(
                item.discriminator,
                item.name,
                remark=_("%(channel)s only") % {"channel": channels.get(item.channel, item.channel)}
                if item.channel
                else "",
                group=folders.get(item.folder or "", item.folder or ""),
                discriminator=item.discriminator,
                channel=item.channel or "",
                folder=item.folder or "",
            )
            for item in items
        ]
        return sorted(made, key=lambda option: (option.group.casefold(), option.name.casefold()))


def read(data: QueryDict, choices: Choices, *, base: ConsentSpec) -> ConsentSpec:
    """Return the spec that the form's fields say, with the button that was pressed (`put_in`, `take_out`) applied."""
    known = _known(base)
    picked = pressed(data, (*KINDS, "channel"))

    def named(kind: str, id: str) -> Option:
        return choices.options(kind).get(id) or known.get((kind, id)) or Option(id, id, discriminator=id)

    def columns(kind: str) -> tuple[ColumnChoice, ...]:
        chosen = [named(kind, id) for id in picked[kind]]
        return tuple(
            ColumnChoice(o.id, o.name, column=_title(data, kind, o), discriminator=o.discriminator) for o in chosen
        )

    channels = {choice.id: choice for choice in choices.channels()} | {
        c.id: Choice(c.id, c.name) for c in base.channels
    }
    sections = {choice.id: choice for choice in choices.sections()}
    section = sections.get(choices.section) or (base.section if base.section.id == choices.section else None)
    single = data.get("single_channel", "")
    return ConsentSpec(
        section=section or Choice(choices.section, choices.section),
        topics=tuple(
            TopicChoice(o.id, o.name, folder=o.folder, folder_name=o.group, channel=o.channel)
            for o in (named("topic", id) for id in picked["topic"])
        ),
        method="single" if data.get("channel_method") == "single" else "mapped",
        channel=channels.get(single, Choice(single, single)),
        channels=tuple(
            ColumnChoice(
                id,
                channels[id].name,
                column=data.get(f"title:channel:{id}", "").strip() or default_column(channels[id]),
            )
            for id in picked["channel"]
            if id in channels
        ),
        attributes=columns("attribute"),
        tags=columns("tag"),
        segments=columns("segment"),
        time_zone=data.get("time_zone", "").strip() or base.time_zone,
        exclude_unsubscribed="exclude_unsubscribed" in data,
        apsis_excel="apsis_excel" in data,
        everyone="everyone" in data and not picked["segment"],
    )


def _event(item: Any) -> Option:
    """Return an event type with all its versions: old events have an old one."""
    versions = tuple(EventVersion(version.id, version.fields) for version in item.versions)
    many = ngettext("%(n)s version", "%(n)s versions", len(versions)) % {"n": len(versions)}
    return Option(item.discriminator, item.name, many if len(versions) > 1 else "", versions=versions)


def pressed(data: QueryDict, kinds: Iterable[str]) -> dict[str, list[str]]:
    """Return what is chosen of each kind, the pressed button applied: `put_in` or `take_out`, each `kind:id`."""
    picked = {kind: list(dict.fromkeys(data.getlist(kind))) for kind in kinds}
    kind, _, id = data.get("put_in", "").partition(":")
    if kind in picked and id and id not in picked[kind]:
        picked[kind].append(id)
    kind, _, id = data.get("take_out", "").partition(":")
    if kind in picked and id in picked[kind]:
        picked[kind].remove(id)
    return picked


def _title(data: QueryDict, kind: str, option: Option) -> str:
    """Return the column title that the person gave, else the thing's own name on one line."""
    given = data.get(f"title:{kind}:{option.id}", "").strip()
    return given or re.sub(r"\s+", " ", option.name).strip()[:120]


def _known(base: ConsentSpec) -> dict[tuple[str, str], Option]:
    """Return what the saved spec knows by name."""
    known: dict[tuple[str, str], Option] = {}
    for kind, chosen in (("attribute", base.attributes), ("tag", base.tags), ("segment", base.segments)):
        known |= {(kind, c.id): Option(c.id, c.name, discriminator=c.discriminator) for c in chosen}
    for t in base.topics:
        known["topic", t.id] = Option(t.id, t.name, group=t.folder_name, folder=t.folder, channel=t.channel)
    return known


def in_section(spec: ConsentSpec, section: Choice) -> ConsentSpec:
    """Return the spec moved to another section, without what belonged to the old one."""
    return replace(spec, section=section, topics=(), attributes=(), tags=())
