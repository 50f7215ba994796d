"""An upload while it is being made an import: what can be chosen, what is chosen, and what follows from it.

Nothing is typed that the vendor can tell: forms hold identifiers, names come from the library.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from accounts.definitions import Library
from imports import suggesting
from imports.consequences import Question
from imports.kinds import KEY_TYPES, checked
from imports.models import Import, Upload
from imports.models.uploads import Purpose
from imports.parse import rows
from imports.parse.plan import Given, Kind, Plan, Target
from imports.parse.reading import Reading
from upstream.apsis.builtin import ADDRESS_OF, ATTRIBUTE_OF
from upstream.apsis.imports import ConsentMapped, ImportRequest, Mapped

SAMPLES = 3  # values of a column that are shown
KEY, OUT = "key", "out"
ALL_ROWS = "consent"  # the name of our own column with a 1 in every row


@dataclass(frozen=True)
class Way:
    """A keyspace: what people are known by. `refused` says why nothing can be imported through it."""

    id: str
    name: str
    refused: str = ""

    @property
    def type(self) -> str:
        return KEY_TYPES.get(self.id, "text")


@dataclass(frozen=True)
class Place:
    """What a column can go to."""

    id: str
    name: str
    kind: Kind
    type: str
    discriminator: str = ""


@dataclass(frozen=True)
class Column:
    """A column of the file: where it goes, and by whose word ("you", "remembered", "name", "content", or nobody's)."""

    index: int
    title: str
    samples: tuple[str, ...]
    to: str
    by: str


@dataclass(frozen=True)
class Consent:
    """A consent that the import gives or takes: to a topic over a channel, for all rows or by a column's cells."""

    topic: str
    topic_name: str
    channel: str
    channel_name: str
    type: str = "opt-in"
    column: int | None = None
    resubscribe: bool = False

    def to_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


@dataclass
class Draft:
    """Everything the wizard works with during one request."""

    upload: Upload
    library: Library
    _head: tuple[list[str], list[tuple[int, list[str]]]] | None = field(default=None, repr=False)

    # ── What for ─────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def ways(self) -> list[Way]:
        return ways(self.library)

    @property
    def way(self) -> Way:
        """The keyspace that was chosen, as the key sees it now."""
        known = next((way for way in self.ways if way.id == self.upload.keyspace), None)
        gone = _("Your key does not see this identifier any more.")
        return known or Way(self.upload.keyspace, self.upload.keyspace_name, gone)

    # ── How it is read ───────────────────────────────────────────────────────────────────────────────────────

    @property
    def reading(self) -> Reading:
        """How the file is read; only of an upload that is whole."""
        return Reading.from_json(self.upload.reading or {})

    def head(self, count: int = 10) -> tuple[list[str], list[tuple[int, list[str]]]]:
        """Return the titles and the first rows with their numbers. Raises Unreadable."""
        if self._head is None:
            with default_storage.open(self.upload.table) as file:
                self._head = rows.head(file, self.reading, count)
        return self._head

    @property
    def titles(self) -> list[str]:
        return self.head()[0]

    @property
    def headers(self) -> str:
        """A digest of the titles as a set: by it the columns of a file are known again."""
        return hashlib.sha256(json.dumps(sorted(self.titles)).encode()).hexdigest()

    # ── Columns ──────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _things(self) -> list[tuple[Place, str]]:
        """Every attribute and tag of the section, with why it cannot be written, if it cannot."""
        found = []
        listings: tuple[tuple[Kind, str], ...] = (("attribute", "attributes"), ("tag", "tags"))
        for kind, listing in listings:
            for thing in self.library.read(listing, self.upload.section).items:
                version = thing.usable
                kept = version.type if kind == "attribute" and version else "flag"
                place = Place(
                    f"{kind}:{version.id}" if version else "", thing.name, kind, kept or "", thing.discriminator
                )
                found.append((place, self._refusal(thing)))
        return found

    def _refusal(self, thing: Any) -> str:
        if thing.usable is None:
            return _("out of use: all its versions are deprecated")
        if thing.writable is not None and self.upload.keyspace not in thing.writable:
            return _("your key may not write it through %(keyspace)s") % {"keyspace": self.upload.keyspace_name}
        return ""

    @cached_property
    def places(self) -> dict[str, Place]:
        """What a column can go to, by its ID."""
        key = Place(KEY, self.upload.keyspace_name, "key", self.way.type)
        takes_values = self.upload.purpose == Purpose.PEOPLE
        return {KEY: key} | {place.id: place for place, refusal in self._things if takes_values and not refusal}

    @property
    def not_offered(self) -> list[tuple[str, str]]:
        """What a column cannot go to, and why."""
        return [(place.name, refusal) for place, refusal in self._things if refusal]

    @cached_property
    def columns(self) -> list[Column]:
        """The file's columns and where each goes: as said, as remembered, or as it seems."""
        titles, first = self.head()
        before = self.remembered.columns if self.remembered else {}
        taken: set[str] = set()
        found = []
        for index, title in enumerate(titles):
            cells = [row[index] if index < len(row) else "" for _number, row in first]
            to, by = self._to(index, title, cells, before, taken)
            if to != OUT:
                taken.add(to)
            filled = tuple(cell for cell in cells if cell.strip())
            found.append(Column(index, title, filled[:SAMPLES], to, by))
        return found

    def _to(
        self, index: int, title: str, cells: list[str], before: Mapping[str, Any], taken: set[str]
    ) -> tuple[str, str]:
        said = self.upload.columns.get(str(index))
        if said is not None:
            return (said, "you") if said in self.places or said == OUT else (OUT, "")
        known = before.get(title)
        if known is not None and (known in self.places or known == OUT) and known not in taken:
            return known, "remembered"
        if rows.is_reason(title):
            return OUT, ""
        free = {place.id: self._called(place) for place in self.places.values() if place.id not in taken}
        to, by = suggesting.among(title, cells, free)
        return (to, by) if to else (OUT, "")

    def _called(self, place: Place) -> str:
        """Return what a place is known by among titles: of the key, the attribute that holds the same."""
        return {"email": "email", "mobile": "mobile", "text": "crmid"}[place.type] if place.id == KEY else place.name

    @cached_property
    def remembered(self) -> Import | None:
        """The import that this one follows: one that was named, or the newest with its titles into the same place."""
        own = Import.objects.filter(owner=self.upload.owner_id)
        if named := own.filter(pk=self.upload.decisions.get("follows")).first():
            return named
        same = own.filter(
            headers=self.headers,
            section=self.upload.section,
            keyspace=self.upload.keyspace,
        )
        return same.order_by("-pk").first()

    @property
    def key_column(self) -> Column | None:
        return next((column for column in self.columns if column.to == KEY), None)

    # ── Consents ─────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def consents(self) -> list[Consent]:
        return [Consent(**kept) for kept in self.upload.consents]

    # ── What follows ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def erases(self) -> bool:
        """Whether an empty cell erases what the vendor has stored."""
        return bool(self.upload.decisions.get("erase"))

    def plan(self) -> Plan:
        """Return what is checked and cut. Raises ValueError while no column is the key."""
        if self.key_column is None:
            raise ValueError("no column is the key")
        decisions = self.upload.decisions
        return Plan(
            targets=tuple(self._targets()),
            given=(Given(ALL_ROWS),) if any(consent.column is None for consent in self.consents) else (),
            duplicates=decisions.get("duplicates", ""),
            choices=decisions.get("choices", {}),
        )

    def _targets(self) -> Iterator[Target]:
        by_column = {consent.column for consent in self.consents}
        empty: Literal["leave", "erase"] = "erase" if self.erases else "leave"
        for column in self.columns:
            if column.to != OUT:
                place = self.places[column.to]
                rules = checked(place.type) if place.kind == "attribute" else place.type
                yield Target(column.index, column.title, place.kind, rules, column.title, empty)
            elif column.index in by_column:
                yield Target(column.index, column.title, "consent", "flag", column.title)

    def request(self) -> ImportRequest:
        """Return what the vendor is asked for each part. Raises ValueError while no column is the key."""
        key = self.key_column
        if key is None:
            raise ValueError("no column is the key")
        placed = [(column, self.places[column.to]) for column in self.columns if column.to not in (OUT, KEY)]
        attributes = [
            Mapped(column.title, place.id.partition(":")[2]) for column, place in placed if place.kind == "attribute"
        ]
        return ImportRequest(
            section=self.upload.section,
            keyspace=self.upload.keyspace,
            key_field=key.title,
            attributes=(*self._attribute_of_key(key), *attributes),
            tags=tuple(
                Mapped(column.title, place.id.partition(":")[2]) for column, place in placed if place.kind == "tag"
            ),
            consents=tuple(self._consent(consent) for consent in self.consents),
            update_existing=not self.upload.decisions.get("only_new"),
            clear_empty=self.erases,
        )

    def _attribute_of_key(self, key: Column) -> Iterator[Mapped]:
        """Yield the attribute that holds the same as the key, where it may be written and no other column goes there.

        A profile made with a key alone would have no address to send to.
        """
        wanted = ATTRIBUTE_OF.get(self.upload.keyspace)
        taken = {column.to for column in self.columns}
        for place, refusal in self._things:
            if place.discriminator == wanted and not refusal and place.id not in taken:
                yield Mapped(key.title, place.id.partition(":")[2])

    def _consent(self, consent: Consent) -> ConsentMapped:
        by = ALL_ROWS if consent.column is None else self.titles[consent.column]
        return ConsentMapped(
            field=by,
            topic=consent.topic,
            channel=consent.channel or None,
            type=consent.type,  # type: ignore[arg-type]
            resubscribe=consent.resubscribe,
            address_field=self.address_field(consent) if self.upload.account.consent_version == 1 else None,
        )

    def questions(self) -> list[Question]:
        """Return what is to be known of each person before consents are given or taken."""
        key = self.key_column.title if self.key_column else ""
        found = []
        for consent in self.consents:
            address = self.address_field(consent)
            by = ALL_ROWS if consent.column is None else self.titles[consent.column]
            found.append(
                Question(consent.topic, consent.channel, consent.type, by, address if address != key else None)
            )
        return found

    def address_field(self, consent: Consent) -> str | None:
        """Return the title of the column with the addresses that a consent is on; only Consent 1.0 asks for it."""
        wanted = ADDRESS_OF.get(consent.channel)
        if wanted is not None and ATTRIBUTE_OF.get(self.upload.keyspace) == wanted and self.key_column:
            return self.key_column.title
        found = (
            column.title
            for column in self.columns
            if column.to in self.places and self.places[column.to].discriminator == wanted
        )
        return next(found, None)


def ways(library: Library) -> list[Way]:
    """Return the keyspaces of a key, those first that something can be imported through."""
    found = [
        Way(
            keyspace.discriminator,
            keyspace.name,
            "" if keyspace.manage_subscriptions else _("APSIS lets nobody import through it: it is for reading only."),
        )
        for keyspace in library.read("keyspaces").items
    ]
    return sorted(found, key=lambda way: bool(way.refused))


def digest(draft: Draft) -> str:
    """Return what a check is known by: two of the same digest find and cut the same."""
    said = {"plan": draft.plan().to_json(), "reading": draft.reading.to_json(), "file": draft.upload.sha256}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
