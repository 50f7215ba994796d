"""What one person has consented to, and which of their addresses are suppressed; and a consent changed.

Source: developer.apsis.com, "Get consents (version 2)" and "Create a consent (version 2)". The path and `consent_types`
were seen in a public client; the shape of the answer is inferred from the page's prose (upstream/apsis/names.py).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode

from upstream.apsis import names
from upstream.apsis.moments import read_moment
from upstream.errors import BadRequest
from upstream.transport import Request, Transport

OPT_IN, CONFIRMED, PENDING, OPT_OUT = "opt-in", "confirmed-opt-in", "pending-opt-in", "opt-out"
PERMITS = frozenset({OPT_IN, CONFIRMED})
TYPES = (OPT_IN, CONFIRMED, PENDING, OPT_OUT)


@dataclass(frozen=True, slots=True)
class Consent:
    """How a person stands to a topic over a channel; both are discriminators.

    `type` is one of TYPES, or a word that the vendor has added since: never to be taken for a yes. Source, reason and
    time are not told of accounts on Consent 1.0.
    """

    topic: str
    channel: str
    type: str
    source: str | None = None
    reason: str | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that nothing may be sent to, whatever its owner has consented to."""

    channel: str
    address: str = field(repr=False)
    reason: str | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything the vendor tells of a person in a section.

    `suppressions` is None where the answer does not speak of any: then nothing is known of them. `unread` counts what
    was there and could not be read: with any of it, a consent that is not listed is not known to be missing.
    """

    consents: tuple[Consent, ...] = ()
    suppressions: tuple[Suppression, ...] | None = None
    unread: int = 0

    def of(self, topic: str, channel: str) -> Consent | None:
        """Return how the person stands to one topic over one channel; None where nothing is recorded."""
        return next((one for one in self.consents if (one.topic, one.channel) == (topic, channel)), None)


@dataclass(frozen=True, slots=True)
class Address:
    """An address beside the key, to be asked about as well."""

    channel: str
    address: str = field(repr=False)


def ask(
    transport: Transport,
    token: str,
    section: str,
    keyspace: str,
    key: str,
    *,
    types: Collection[str] = (),
    also: Address | None = None,
) -> Standing:
    """Ask how a person stands to the topics of a section. Raises any UpstreamError.

    Missing: nobody has this key. Gone: the profile is locked. ValueError: the key cannot be part of an address.
    Suppression is told of the key, and of one address more (`also`).
    """
    query: list[tuple[str, str]] = [("consent_types", type) for type in types]
    if also is not None:
        query += [("suppression_channel_discriminator", also.channel), ("suppression_address", also.address)]
    url = transport.url("v2", "audience", "keyspaces", keyspace, "profiles", key, "sections", section, "consents") + (
        f"?{urlencode(query)}" if query else ""
    )
    asked = Request("GET", url, call="consents.read", lane="calls")
    answer = transport.ask(asked, token)
    standing = read(answer.body)
    if standing is None:
        raise transport.broken(asked, status=answer.status, reason="no consents")
    return standing


# What became of a change: it was made, with a consent that is new or one that was there; or it was so already.
Changed = Literal["created", "changed", "already"]


def change(
    transport: Transport,
    token: str,
    section: str,
    keyspace: str,
    key: str,
    *,
    topic: str,
    channel: str,
    type: str,
    reason: str,
    source: str,
) -> Changed:
    """Give a consent, or take it away. Raises any UpstreamError; ValueError where the key cannot be part of an address.

    Never repeated by itself. 201: there was none. 204 (200 on an older page): there was one. 409: this change of type
    is not supported, mostly because it is so already. A suppression is not touched, and cannot be from here.
    """
    url = transport.url("v2", "audience", "keyspaces", keyspace, "profiles", key, "sections", section, "consents")
    body = {"topic_discriminator": topic, "channel_discriminator": channel, "type": type, "reason": reason}
    asked = Request("POST", url, call="consents.change", lane="calls", body={**body, "source": source})
    try:
        answer = transport.ask(asked, token)
    except BadRequest as error:
        if error.status == 409:
            return "already"
        raise
    return "created" if answer.status == 201 else "changed"


def read(body: Any) -> Standing | None:
    """Read an answer; None where there is no list of consents in it."""
    body = names.unwrap(body)
    listed = names.items(body)
    if listed is None:
        return None
    consents = [_consent(item) for item in listed]
    told = names.pick(body, *names.SUPPRESSIONS) if isinstance(body, dict) else None
    told = [told] if isinstance(told, dict) else told
    suppressions = [_suppression(item) for item in told] if isinstance(told, list) else None
    return Standing(
        consents=tuple(one for one in consents if one is not None),
        suppressions=None if suppressions is None else tuple(one for one in suppressions if one is not None),
        unread=consents.count(None) + (suppressions.count(None) if suppressions else 0),
    )


def _consent(item: Any) -> Consent | None:
    if not isinstance(item, dict):
        return None
    topic, channel, type = (
        names.handle(names.pick(item, *spellings)) for spellings in (names.TOPIC, names.CHANNEL, names.CONSENT_TYPE)
    )
    if topic is None or channel is None or type is None:
        return None
    return Consent(topic, channel, type, source=names.text(names.pick(item, *names.SOURCE)), **_why(item))


def _suppression(item: Any) -> Suppression | None:
    if not isinstance(item, dict):
        return None
    channel, address = names.handle(names.pick(item, *names.CHANNEL)), names.text(names.pick(item, *names.ADDRESS))
    return Suppression(channel, address, **_why(item)) if channel and address else None


def _why(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "reason": names.text(names.pick(item, *names.REASON)),
        "modified_at": read_moment(names.pick(item, *names.MODIFIED_AT)),
    }
