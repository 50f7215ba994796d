"""What the accounts of the sandbox contain: sections, attributes, tags, topics, segments; and who sees them.

Shapes: developer.apsis.com, "Keyspaces", "Set attributes", "Subscriptions guide". Values are invented.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from hashlib import blake2b
from itertools import count

from sandbox import words
from sandbox.settings import Settings

EMAIL = "com.apsis1.channels.email"
SMS = "com.apsis1.channels.sms"
CHANNELS = {EMAIL: "Email", SMS: "SMS"}

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_PLAIN = str.maketrans("åäöøæéÅÄÖØÆ", "aaooaeaaooa")


@dataclass(frozen=True)
class Version:
    """One version of a definition; usable while `deprecated_at` is None. `fields` are those of an event's data."""

    id: str
    type: str = ""
    deprecated_at: str | None = None
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Attribute:
    """A named value that profiles carry in one section; `column` names the draw in `audience`."""

    discriminator: str
    name: str
    column: str
    versions: tuple[Version, ...]
    description: str | None = None


@dataclass(frozen=True)
class Tag:
    """A mark that a profile carries or not."""

    discriminator: str
    name: str
    versions: tuple[Version, ...]
    share: float


@dataclass(frozen=True)
class EventType:
    """A kind of event; `word` names the draw in `events`, and one that never happens has none of it."""

    discriminator: str
    name: str
    word: str
    versions: tuple[Version, ...]
    happens: bool = True


@dataclass(frozen=True)
class Topic:
    """A subscription, in a folder, open to every channel or to one."""

    discriminator: str
    name: str
    folder: str
    channel: str | None
    share_in: float
    share_out: float


@dataclass(frozen=True)
class Folder:
    """A folder of topics, called consent list in older parts of the API."""

    discriminator: str
    name: str


@dataclass(frozen=True)
class Section:
    """A part of the account with its own attributes, tags, events and topics."""

    id: str
    discriminator: str
    name: str
    attributes: tuple[Attribute, ...]
    tags: tuple[Tag, ...]
    events: tuple[EventType, ...]
    folders: tuple[Folder, ...]
    topics: tuple[Topic, ...]

    @cached_property
    def attribute_of(self) -> dict[str, tuple[Attribute, Version]]:
        """Attribute and version by version id."""
        return {version.id: (attribute, version) for attribute in self.attributes for version in attribute.versions}

    @cached_property
    def tag_of(self) -> dict[str, tuple[Tag, Version]]:
        """Tag and version by version id."""
        return {version.id: (tag, version) for tag in self.tags for version in tag.versions}

    @cached_property
    def event_of(self) -> dict[str, tuple[EventType, Version]]:
        """Kind of event and version by version id."""
        return {version.id: (event, version) for event in self.events for version in event.versions}

    @cached_property
    def topic_of(self) -> dict[str, Topic]:
        """Topic by discriminator."""
        return {topic.discriminator: topic for topic in self.topics}


@dataclass(frozen=True)
class Segment:
    """A segment of the account and the share of profiles in it; `is_slow` ones take long to export."""

    discriminator: str
    name: str
    description: str | None
    version: str
    definition: str
    share: float
    is_slow: bool = False


@dataclass(frozen=True)
class Account:
    """A customer of the vendor; `consent` is 1 or 2, the generation of its consents."""

    name: str
    consent: int
    sections: tuple[Section, ...]
    segments: tuple[Segment, ...]

    @cached_property
    def section_of(self) -> dict[str, Section]:
        """Section by discriminator."""
        return {section.discriminator: section for section in self.sections}

    @cached_property
    def segment_of(self) -> dict[str, Segment]:
        """Segment by discriminator."""
        return {segment.discriminator: segment for segment in self.segments}


@dataclass(frozen=True)
class Keyspace:
    """A way to name a profile; `column` names the attribute it maps to in every section."""

    discriminator: str
    name: str
    manage_subscriptions: bool
    column: str = ""


KEYSPACES = (
    Keyspace("com.apsis1.keyspaces.email", "Email", True, "email"),
    Keyspace("com.apsis1.keyspaces.mobile", "Mobile", True, "mobile"),
    Keyspace("com.apsis1.keyspaces.crm-id", "CRM ID", True, "crm_id"),
    Keyspace("com.apsis1.keyspaces.export", "Export", False),
)


@dataclass(frozen=True)
class Key:
    """A credential of one account and what it reaches; `only_section` is a place in the account's list."""

    client_id: str
    client_secret: str
    account: str
    says: str
    only_section: int | None = None
    hidden_columns: frozenset[str] = field(default_factory=frozenset)
    keyspaces: tuple[Keyspace, ...] = KEYSPACES
    is_refused: bool = False
    read_only_columns: frozenset[str] = frozenset({"points", "average_order"})  # what a shop keeps, nobody imports

    def sections(self, account: Account) -> tuple[Section, ...]:
        """Return the sections within this key's reach."""
        if self.only_section is None:
            return account.sections
        return account.sections[self.only_section : self.only_section + 1]

    def sees(self, attribute: Attribute) -> bool:
        """Tell whether this key may read an attribute."""
        return attribute.column not in self.hidden_columns


KEYS = {
    key.client_id: key
    for key in (
        Key("demo-anna", "demo-anna-secret", "Nordlys Handel", "Reaches everything."),
        Key(
            "demo-sofia",
            "demo-sofia-secret",
            "Nordlys Handel",
            "Reaches everything; shares the account's limits with the others.",
        ),
        Key(
            "demo-jonas",
            "demo-jonas-secret",
            "Nordlys Handel",
            "Reaches the section Norge alone, without birth dates and notes.",
            only_section=1,
            hidden_columns=frozenset({"birth_date", "notes"}),
            keyspaces=(KEYSPACES[0], KEYSPACES[3]),
        ),
        Key("demo-refused", "demo-refused-secret", "Nordlys Handel", "Is always refused.", is_refused=True),
        Key(
            "demo-ingrid",
            "demo-ingrid-secret",
            "Fjordsport",
            "An account still on Consent 1.0, where folders count.",
        ),
    )
}


def key_named(client_id: str) -> Key | None:
    """Return the key of this id. `demo-anna.7` is one more like demo-anna, with tokens and calls of its own."""
    name, dot, _ = client_id.partition(".")
    key = KEYS.get(name)
    return replace(key, client_id=client_id) if key and dot else key


# Name, discriminator unless made up, column, type, fate: "renewed" has a deprecated version before the usable
# one, "retired" has no usable version at all.
_ATTRIBUTES = (
    ("Email", "com.apsis1.attributes.email", "email", "email", "renewed"),
    ("Mobile", "com.apsis1.attributes.mobile", "mobile", "mobile", ""),
    ("CRM ID", "com.apsis1.attributes.crmid", "crm_id", "text", ""),
    ("First name", "com.apsis1.attributes.firstname", "first_name", "text", ""),
    ("Last name", "com.apsis1.attributes.lastname", "last_name", "text", ""),
    ("Ort", "", "city", "text", "renewed"),
    ("Födelsedatum", "", "birth_date", "date", ""),
    ("Kundnummer", "", "customer_number", "text", ""),
    ("Anteckningar", "", "notes", "text", ""),
    ("Kön", "", "gender", "text", ""),
    ("Land", "", "country", "location", ""),
    ("Poäng", "", "points", "number", ""),
    ("Snittköp", "", "average_order", "decimal", ""),
    ("Klubbmedlem", "", "is_member", "boolean", ""),
    ("Senast i butik", "", "last_visit", "timestamp", ""),
    ("Faxnummer", "", "nothing", "text", "retired"),
)

# Folder and topic names, channel if the topic has only one, shares of opt-ins and opt-outs.
_TOPICS = (
    ("Allmänt", "Nyhetsbrev", None, 0.55, 0.12),
    ("Allmänt", "Erbjudanden", None, 0.38, 0.20),
    ("Allmänt", "SMS-erbjudanden", SMS, 0.24, 0.10),
    ("Allmänt", "Inbjudningar", EMAIL, 0.15, 0.05),
    ("Kundeklubb", "Nyhetsbrev", None, 0.41, 0.07),
    ("Kundeklubb", "Medlemstilbud", None, 0.33, 0.15),
    ("Kundeklubb", "Bonusvarsel", SMS, 0.19, 0.03),
    ("Hytte & fjell", "Sesongstart på fjellet", EMAIL, 0.06, 0.01),
)

# By the word of a kind of event: name, discriminator unless made up, and its versions, each with the time at which it
# was deprecated and the fields of its data. A type with a question mark may be null.
_Fields = Mapping[str, str]
_MAILING: _Fields = {"campaign": "string", "subject": "string", "activity_id": "string"}
_EVENTS: Mapping[str, tuple[str, str, tuple[tuple[str | None, _Fields], ...]]] = {
    "booking": (
        "bokning",
        "",
        (
            (
                None,
                {
                    "amount": "number",
                    "place": "string",
                    "guests": "integer",
                    "is_paid": "boolean",
                    "note": "string?",
                    "extras": "object?",
                },
            ),
        ),
    ),
    "sent": ("E-post skickad", "com.apsis1.events.email.sent", ((None, _MAILING),)),
    "opened": ("E-post öppnad", "com.apsis1.events.email.opened", ((None, {**_MAILING, "device": "string?"}),)),
    "clicked": (
        "E-post klickad",
        "com.apsis1.events.email.clicked",
        ((None, {**_MAILING, "link": "string", "link_number": "integer"}),),
    ),
    "page": (
        "Sidbesök",
        "com.apsis1.events.website.page-visit",
        (
            ("2023-06-01T00:00:00Z", {"url": "string", "seconds": "string"}),
            (
                None,
                {
                    "page": "string",
                    "title": "string",
                    "seconds": "number",
                    "is_mobile": "boolean",
                    "referrer": "string?",
                    "path": "array?",
                },
            ),
        ),
    ),
    "order": (
        "Köp",
        "com.apsis1.integrations.magento.events.order",
        (
            (
                None,
                {
                    "order_number": "string",
                    "total": "number",
                    "currency": "string",
                    "items": "integer",
                    "coupon": "string?",
                },
            ),
        ),
    ),
}

_TAGS = (("VIP", 0.02), ("Reklamation", 0.05), ("Träffad på mässan", 0.11), ("Ålandskund", 0.01))


def discriminator(kind: str, name: str, *within: str) -> str:
    """Return a discriminator as the vendor writes them, usercreated.topics.news-k3x9…; always the same."""
    slug = "".join(
        letter if letter.isascii() and letter.isalnum() else "_" for letter in name.lower().translate(_PLAIN)
    )
    digest = blake2b("\0".join((kind, name, *within)).encode(), digest_size=10).digest()
    return f"usercreated.{kind}.{slug[:40]}-{''.join(_LETTERS[byte & 31] for byte in digest)}"


@lru_cache(maxsize=8)
def accounts(segments: int, attributes: int, hostile_names: bool) -> dict[str, Account]:
    """Return the accounts by name, with at least so many segments and attributes of the first section."""
    numbers, event_numbers = count(1_852_748), count(99_120)
    nordlys = "Nordlys Handel"
    sections = [
        _section(nordlys, "4711", "Butik", numbers, event_numbers, attributes, hostile_names),
        _section(nordlys, "4712", "Norge", numbers, event_numbers),
        _section(nordlys, "4713", "Suomi", numbers, None),
    ]
    fjord = "Fjordsport"
    old = _section(fjord, "9001", "Sport", numbers, event_numbers)
    return {
        nordlys: Account(nordlys, 2, tuple(sections), tuple(_segments(nordlys, segments, hostile_names))),
        fjord: Account(fjord, 1, (old,), tuple(_segments(fjord, 0, False))),
    }


def accounts_for(settings: Settings) -> dict[str, Account]:
    """Return the accounts that these settings ask for."""
    return accounts(settings.segments, settings.attributes, settings.hostile_names)


def _section(
    account: str,
    number: str,
    name: str,
    numbers: Iterator[int],
    event_numbers: Iterator[int] | None,
    attributes: int = 0,
    hostile: bool = False,
) -> Section:
    where = "com.apsis1.sections.default" if name == "Butik" else discriminator("sections", name, account)
    folders = {folder: Folder(discriminator("targets", folder, where), folder) for folder, *_ in _TOPICS}
    topics = [
        Topic(
            discriminator("topics", topic, folder, where),
            topic,
            folders[folder].discriminator,
            channel,
            share,
            out,
        )
        for folder, topic, channel, share, out in _TOPICS
    ]
    tags = [(tag, share) for tag, share in _TAGS]
    if hostile:
        topics += [
            Topic(discriminator("topics", odd, where), odd, folders["Allmänt"].discriminator, None, 0.3, 0.1)
            for odd in words.HOSTILE
        ]
        tags += [(odd, 0.1) for odd in words.HOSTILE]
    return Section(
        id=number,
        discriminator=where,
        name=name,
        attributes=tuple(_attributes(where, numbers, attributes, hostile)),
        tags=tuple(
            Tag(discriminator("tags", tag, where), tag, (Version(str(next(numbers))),), share) for tag, share in tags
        ),
        events=tuple(_events(where, numbers, event_numbers)),
        folders=tuple(folders.values()),
        topics=tuple(topics),
    )


def _attributes(section: str, numbers: Iterator[int], wanted: int, hostile: bool) -> Iterator[Attribute]:
    named = list(_ATTRIBUTES)
    if hostile:
        named += [(odd, "", "city", "text", "") for odd in words.HOSTILE]
    named += [(f"Enkätsvar {number:04}", "", "survey", "text", "") for number in range(1, wanted - len(named) + 1)]
    for name, given, column, kind, fate in named:
        versions = [Version(str(next(numbers)), kind)]
        if fate == "renewed":
            versions = [
                Version(versions[0].id, "text", "2021-06-01T00:00:00Z"),
                Version(str(next(numbers)), kind),
            ]
        if fate == "retired":
            versions = [Version(versions[0].id, kind, "2019-03-15T00:00:00Z")]
        yield Attribute(given or discriminator("attributes", name, section), name, column, tuple(versions))


def _events(section: str, numbers: Iterator[int], event_numbers: Iterator[int] | None) -> Iterator[EventType]:
    # Without numbers of their own there are no more kinds than the first, and nothing happens.
    for word, (name, given, versions) in _EVENTS.items():
        own = numbers if word == "booking" else event_numbers
        if own is None:
            return
        custom = discriminator("events", name, section).replace(
            "usercreated.events.", "com.apsis1.events.transaction.custom-"
        )
        yield EventType(
            given or custom,
            name,
            word,
            tuple(
                Version(str(next(own)), deprecated_at=deprecated_at, fields=tuple(fields.items()))
                for deprecated_at, fields in versions
            ),
            happens=event_numbers is not None,
        )


def _segments(account: str, wanted: int, hostile: bool) -> Iterator[Segment]:
    named: list[tuple[str, float, str | None]] = list(words.SEGMENT_NAMES)
    if hostile:
        named += [(odd, 0.1, odd) for odd in words.HOSTILE]
    named += [
        (f"Kampanj {number:04} {words.PLACES[number % len(words.PLACES)]}", (number * 37 % 100) / 200, None)
        for number in range(1, wanted - len(named) + 1)
    ]
    for place, (name, share, description) in enumerate(named):
        yield Segment(
            discriminator=discriminator("segments", name, account),
            name=name,
            description=description,
            version=str(70_001 + place),
            definition=f'profile.attribute("points") > {place * 10}',
            share=share,
            is_slow=name == "Alla sedan 2009",
        )
