"""The consent export: who consented to which topics through which channels, one row per profile.

Source: developer.apsis.com, "Request profile in segment by consent export". The shape of `segments` is that
of the duplicates export on the same site (inferred here).
"""

from collections.abc import Callable, Mapping, Sequence

from sandbox import rules
from sandbox.answers import problem
from sandbox.audience import WHOLE, Cell, chance, part, salt_of
from sandbox.changes import OPT_IN, OPT_OUT, Changes
from sandbox.columns import (
    Body,
    Table,
    attribute_columns,
    check_zone,
    key_column,
    member_by_query,
    member_of,
    preparing_seconds,
    tag_columns,
)
from sandbox.definitions import CHANNELS, EMAIL, SMS, Account, Key, Section, Segment, Topic
from sandbox.rules import Member
from sandbox.settings import Settings

_ADDRESS: dict[str, tuple[str, str]] = {
    EMAIL: ("Email", "email"),
    SMS: ("Mobile", "mobile"),
}
"""By channel: the title of its attribute, and the column of the address."""


def read(body: Body, account: Account, key: Key, settings: Settings, changes: Changes) -> Table:
    """Return the table that a request asks for.

    Refuses with 400 what is malformed or unknown, 403 what the key does not reach, 413 what is too much; each
    problem names the property.
    """
    section = _section(body, account, key)
    _refuse_too_much(body, settings)
    topics = _topics(body, section, account)
    channels = _channels(body, settings)
    members, segments = _segments(body, account, settings)

    any_topic = not (body.has("channel_discriminator") and settings.single_channel_needs_all_topics)
    groups = {
        "channels": [
            (title, _address_if_consented(topics, channel, any_topic, settings, changes, section))
            for title, channel in channels
        ],
        "attributes": attribute_columns(body, section, key, settings, changes),
        "tags": tag_columns(body, section, settings, changes),
        "segments": [(title, _one_or_zero(is_member)) for title, is_member in members.items()],
    }
    columns = [key_column(settings)]
    for group in settings.column_order.split():
        columns += groups[group]
    titles = [title for title, _ in columns]
    if settings.refuse_duplicate_field_names and len(set(titles)) < len(titles):
        raise problem(400, "field_name must be unique among the columns")

    return Table(
        profiles=settings.profiles + changes.added,
        seed=settings.seed,
        titles=tuple(titles),
        cells=tuple(cell for _, cell in columns),
        includes=_includes(body, topics, [channel for _, channel in channels], members, settings, changes),
        seconds=preparing_seconds(segments, settings),
    )


def consents_to(topic: Topic, channel: str, seed: int) -> Member:
    """Return the question whether a profile has opted in to a topic through a channel."""
    salt, lots = salt_of(seed, "consent", topic.discriminator, channel), part(topic.share_in)
    if topic.channel not in (None, channel):
        return lambda number: False
    return lambda number: chance(number, salt) < lots


def opted_out(topic: Topic, channel: str, seed: int) -> Member:
    """Return the question whether a profile has opted out of a topic through a channel; most did neither."""
    salt, lots = salt_of(seed, "consent", topic.discriminator, channel), WHOLE - part(topic.share_out)
    if topic.channel not in (None, channel):
        return lambda number: False
    return lambda number: chance(number, salt) >= lots


def state_of(topic: Topic, channel: str, seed: int) -> Callable[[int], str]:
    """Return the question how a profile stands to a topic through a channel: "opt-in", "opt-out" or ""."""
    is_in, is_out = consents_to(topic, channel, seed), opted_out(topic, channel, seed)
    return lambda number: "opt-in" if is_in(number) else "opt-out" if is_out(number) else ""


def _is_in(topic: Topic, channel: str, seed: int, changes: Changes) -> Member:
    return changes.has_consent(topic.discriminator, channel, OPT_IN, consents_to(topic, channel, seed))


def _is_out(topic: Topic, channel: str, seed: int, changes: Changes) -> Member:
    return changes.has_consent(topic.discriminator, channel, OPT_OUT, opted_out(topic, channel, seed))


def _section(body: Body, account: Account, key: Key) -> Section:
    name = body.text("section_discriminator")
    if name not in account.section_of:
        raise problem(400, "section_discriminator is unknown")
    if account.section_of[name] not in key.sections(account):
        raise problem(403, "section_discriminator is not within the reach of this key")
    return account.section_of[name]


def _refuse_too_much(body: Body, settings: Settings) -> None:
    counts = (
        ("topic_discriminators", len(body.texts("topic_discriminators")), settings.topics_at_most),
        ("attributes", len(body.pairs("attributes", "attribute_version_id")), settings.attributes_at_most),
        ("tags", len(body.pairs("tags", "tag_version_id")), settings.tags_at_most),
    )
    for name, asked, at_most in counts:
        if at_most and asked > at_most:
            raise problem(413, f"{name} holds more than {at_most}")


def _topics(body: Body, section: Section, account: Account) -> list[Topic]:
    topics = []
    for place, name in enumerate(body.texts("topic_discriminators")):
        if name not in section.topic_of:
            raise problem(400, f"topic_discriminators[{place}] is unknown")
        topics.append(section.topic_of[name])
    if account.consent == 1:
        folder = body.text("consent_list_discriminator")
        if folder not in {known.discriminator for known in section.folders}:
            raise problem(400, "consent_list_discriminator is unknown")
        for place, topic in enumerate(topics):
            if topic.folder != folder:
                raise problem(400, f"topic_discriminators[{place}] is not in consent_list_discriminator")
    return topics


def _channels(body: Body, settings: Settings) -> list[tuple[str, str]]:
    if body.has("channel_discriminator") == body.has("channels"):
        raise problem(400, "Either channel_discriminator or channels is required, not both")
    if body.has("channel_discriminator"):
        channel = _channel(body.text("channel_discriminator"), "channel_discriminator", settings)
        return [(_ADDRESS[channel][0], channel)]
    pairs = body.pairs("channels", "channel_discriminator")
    if not pairs:
        raise problem(400, "channels must not be empty")
    return [
        (title, _channel(name, f"channels[{place}].channel_discriminator", settings))
        for place, (title, name) in enumerate(pairs)
    ]


def _channel(name: str, where: str, settings: Settings) -> str:
    if name == "" and settings.empty_channel_is_email:
        return EMAIL
    if name not in CHANNELS:
        raise problem(400, f"{where} is unknown")
    return name


def _segments(body: Body, account: Account, settings: Settings) -> tuple[dict[str, Member], list[Segment]]:
    asked = body.inner("segments")
    if asked is None:
        return {}, []
    check_zone(asked, "segments.")
    by_name, by_query = asked.get("segment_discriminators"), asked.get("segment_definitions")
    if (by_name is None) == (by_query is None):
        raise problem(400, "segments needs either segment_discriminators or segment_definitions, not both")
    where = "segments.segment_discriminators" if by_query is None else "segments.segment_definitions"
    named = by_name if by_query is None else by_query
    if not isinstance(named, dict) or not named or not all(isinstance(text, str) for text in named.values()):
        raise problem(400, f"{where} must be an object of strings by name")
    if by_query is not None:
        return {title: member_by_query(query, settings.seed) for title, query in named.items()}, []
    for title, discriminator in named.items():
        if discriminator not in account.segment_of:
            raise problem(400, f"{where}.{title} is unknown")
    segments = [account.segment_of[discriminator] for discriminator in named.values()]
    return {title: member_of(segment, settings.seed) for title, segment in zip(named, segments, strict=True)}, segments


def _address_if_consented(
    topics: Sequence[Topic], channel: str, any_topic: bool, settings: Settings, changes: Changes, section: Section
) -> Cell:
    address = changes.cell(section.discriminator, _ADDRESS[channel][1])
    consents = [_is_in(topic, channel, settings.seed, changes) for topic in topics]
    if len(consents) == 1:
        (only,) = consents
        return lambda number, lots: address(number, lots) if only(number) else ""
    if not any_topic:
        return lambda number, lots: address(number, lots) if all(asks(number) for asks in consents) else ""

    consented = _any_of(consents)
    return lambda number, lots: address(number, lots) if consented(number) else ""


def _one_or_zero(is_member: Member) -> Cell:
    return lambda number, _: "1" if is_member(number) else "0"


def _includes(
    body: Body,
    topics: Sequence[Topic],
    channels: Sequence[str],
    members: Mapping[str, Member],
    settings: Settings,
    changes: Changes,
) -> Callable[[int, bytes], bool] | None:
    conditions: list[Member] = []
    if members:
        conditions += _within(body, members, settings)
    if body.flag("exclude_unsubscribed_profiles"):
        # The page's sentence has two halves joined by "or", so both are asked, one by one.
        conditions.append(_consented_to_any(topics, channels, settings.seed, changes))
        unsubscribed = _unsubscribed_from_all(topics, channels, settings, changes)
        conditions.append(lambda number: not unsubscribed(number))
    if not conditions:
        return None
    if len(conditions) == 1:
        (only,) = conditions
        return lambda number, _: only(number)
    return lambda number, _: all(holds(number) for holds in conditions)


def _within(body: Body, members: Mapping[str, Member], settings: Settings) -> list[Member]:
    rule = (body.inner("segments") or {}).get("filter")
    if rule is not None:
        return [_filter(rule, members)]
    if settings.rows_outside_segments:
        return []
    if len(members) == 1:
        return list(members.values())
    return [_any_of(list(members.values()))]


def _consented_to_any(topics: Sequence[Topic], channels: Sequence[str], seed: int, changes: Changes) -> Member:
    consents = [_is_in(topic, channel, seed, changes) for topic in topics for channel in channels]
    return _any_of(consents)


def _unsubscribed_from_all(
    topics: Sequence[Topic], channels: Sequence[str], settings: Settings, changes: Changes
) -> Member:
    enough = any if settings.unsubscribed_by_any_channel else all
    # A topic with one channel is left through that one alone; a topic that no asked channel serves, never.
    outs = [
        [_is_out(topic, channel, settings.seed, changes) for channel in channels if topic.channel in (None, channel)]
        for topic in topics
    ]
    return lambda number: all(ways and enough(asks(number) for asks in ways) for ways in outs)


def _any_of(questions: Sequence[Member]) -> Member:
    def holds(number: int) -> bool:
        # A plain loop: any() with a generator takes twice the time, and this runs for every row.
        for asks in questions:  # noqa: SIM110
            if asks(number):
                return True
        return False

    return holds


def _filter(rule: object, members: Mapping[str, Member]) -> Member:
    if not isinstance(rule, str):
        raise problem(400, "segments.filter must be a string")
    try:
        return rules.read(rule, members)
    except ValueError as error:
        raise problem(400, f"segments.filter {error}") from None
