"""One person's consents and suppressions, as they are now: computed people, and what was changed of them since.

Source: developer.apsis.com, "Get consents (version 2)" and "Create a consent (version 2)"; the shape of an answer, and
that attributes are read by the path they are set by, is inferred.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.answers import problem
from sandbox.audience import WHOLE, chance, part, salt_of
from sandbox.changes import OPT_IN, OPT_OUT, Changes
from sandbox.consent_export import consents_to, opted_out
from sandbox.definitions import CHANNELS, EMAIL, SMS, Account, Keyspace, Section, Topic
from sandbox.settings import Settings

TYPES = ("opt-in", "opt-out", "pending-opt-in", "confirmed-opt-in")
_COLUMN = {EMAIL: "email", SMS: "mobile"}
_WHEN = (1_500_000_000, 250_000_000)  # seconds: consents were given between these, the second counted from the first


def told(
    account: Account,
    section: Section,
    keyspace: Keyspace,
    key: str,
    *,
    types: list[str],
    also: tuple[str, str] | None,
    changes: Changes,
    settings: Settings,
) -> dict[str, Any]:
    """Return how a profile stands. Refuses with 404 an unknown one, with 410 a locked one, with 400 an unknown type."""
    if unknown := next((type for type in types if type not in TYPES), None):
        raise problem(400, f"consent_types: {unknown[:40]} is unknown")
    number = profile(keyspace, key, changes, settings)
    items = [
        item for item in _consents(account, section, number, changes, settings) if not types or item["type"] in types
    ]
    return {"items": items, "suppressions": list(_suppressions(keyspace, key, number, also, settings))}


def profile(keyspace: Keyspace, key: str, changes: Changes, settings: Settings) -> int:
    """Return the number of a profile. Refuses with 404 an unknown one, with 410 a locked one."""
    number = changes.profile(keyspace.column, key)
    if number is None:
        raise problem(404, "There is no such profile")
    if chance(number, salt_of(settings.seed, "locked")) < part(settings.locked_share):
        raise problem(410, "The profile is locked")
    return number


def values(section: Section, number: int, changes: Changes) -> list[dict[str, str]]:
    """Return the attributes of a profile that have a value."""
    found = (
        (one.discriminator, changes.value(section.discriminator, one.column, number)) for one in section.attributes
    )
    return [{"discriminator": discriminator, "value": value} for discriminator, value in found if value]


def change(
    account: Account,
    section: Section,
    number: int,
    wanted: Mapping[str, str],
    changes: Changes,
    settings: Settings,
) -> int:
    """Give a profile a consent, or take it away; return the status. Refuses with 400 what cannot be asked, 409 no news.

    Without a reason nothing is changed: an official client once sent an empty one, and soon a text.
    """
    topic = section.topic_of.get(wanted["topic_discriminator"])
    channel, kind = wanted["channel_discriminator"], wanted["type"]
    if topic is None:
        raise problem(404, "There is no such topic")
    if channel not in CHANNELS or topic.channel not in (None, channel):
        raise problem(400, "channel_discriminator: the topic is not sent over it")
    if kind not in (OPT_IN, OPT_OUT):
        raise problem(400, "type is opt-in or opt-out")
    if not wanted["reason"].strip():
        raise problem(400, "reason is required")
    found = [one for one in _consents(account, section, number, changes, settings) if _is(one, topic, channel)]
    if found and found[0]["type"] == kind:
        raise problem(409, "The consent has this type already")
    changes.consent(topic.discriminator, channel, number, kind)
    return 204 if found else 201


def _is(consent: Mapping[str, Any], topic: Topic, channel: str) -> bool:
    return (consent["topic_discriminator"], consent["channel_discriminator"]) == (topic.discriminator, channel)


def _consents(
    account: Account, section: Section, number: int, changes: Changes, settings: Settings
) -> Iterator[dict[str, Any]]:
    for topic in section.topics:
        for channel in CHANNELS:
            named = topic.discriminator, channel
            is_in = changes.has_consent(*named, OPT_IN, consents_to(topic, channel, settings.seed))
            is_out = changes.has_consent(*named, OPT_OUT, opted_out(topic, channel, settings.seed))
            kind = OPT_IN if is_in(number) else OPT_OUT if is_out(number) else ""
            if not kind:
                continue
            item = {"topic_discriminator": topic.discriminator, "channel_discriminator": channel, "type": kind}
            if account.consent == 2:
                given = chance(number, salt_of(settings.seed, "given", *named))
                item |= {"source": "One API", "reason": "web form", "modified_at": _moment(given)}
            yield item


def _suppressions(
    keyspace: Keyspace, key: str, number: int, also: tuple[str, str] | None, settings: Settings
) -> Iterator[dict[str, Any]]:
    """Yield those of the address that is the key, and of one address more."""
    asked = [(channel, key) for channel, column in _COLUMN.items() if column == keyspace.column]
    for channel, address in [*asked, *([also] if also else [])]:
        lot = chance(number, salt_of(settings.seed, "suppressed", channel))
        if lot < part(settings.suppressed_share):
            yield {
                "channel_discriminator": channel,
                "address": address,
                "reason": "phone call",
                "modified_at": _moment(lot),
            }


def _moment(lot: int) -> str:
    first, span = _WHEN
    return datetime.fromtimestamp(first + span * lot // WHOLE, UTC).isoformat().replace("+00:00", "Z")
