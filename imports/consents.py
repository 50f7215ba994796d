"""The consents of an import: what can be chosen, what was chosen, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.utils.translation import gettext as _

from accounts.requests import number
from imports.draft import Consent, Draft
from wording.names import isolated

MOST = 50  # consents of one import
TYPES = ("opt-in", "opt-out")


@dataclass(frozen=True)
class Rule:
    """A consent as the page shows it: `own_channel` where the topic has one of its own and none is asked for."""

    consent: Consent
    own_channel: str
    column: str


def topics(draft: Draft) -> list[Any]:
    """Return the topics of the section, by name."""
    return sorted(draft.library.read("topics", draft.upload.section).items, key=lambda topic: topic.name.casefold())


def channels(draft: Draft) -> list[Any]:
    """Return the channels of the account."""
    return list(draft.library.read("channels").items)


def rule(draft: Draft, consent: Consent) -> Rule:
    """Return a consent as the page shows it."""
    topic = _topic(draft, consent.topic)
    own = topic.channel if topic else None
    title = "" if consent.column is None or consent.column >= len(draft.titles) else draft.titles[consent.column]
    return Rule(consent, _channel_name(draft, own) if own else "", title)


def blank(draft: Draft) -> Consent:
    """Return a consent of which nothing is chosen but what there is no choice of."""
    return Consent("", "", "", "")


def read(post: Mapping[str, str], draft: Draft) -> list[Consent]:
    """Return the consents that a form holds; what the vendor does not name is left open."""
    found: list[Consent] = []
    for place in count():
        topic_id = post.get(f"topic-{place}")
        if topic_id is None or place >= MOST:
            return found
        found.append(_read_one(post, draft, place, topic_id))
    return found


def _read_one(post: Mapping[str, str], draft: Draft, place: int, topic_id: str) -> Consent:
    topic = _topic(draft, topic_id)
    asked = post.get(f"channel-{place}", "")
    channel = (topic.channel if topic else None) or asked
    known = {one.discriminator for one in channels(draft)}
    channel = channel if channel in known else ""
    kind = post.get(f"type-{place}", "")
    column = number(post.get(f"column-{place}", ""))
    return Consent(
        topic=topic.discriminator if topic else "",
        topic_name=topic.name if topic else "",
        channel=channel,
        channel_name=_channel_name(draft, channel),
        type=kind if kind in TYPES else TYPES[0],
        column=column if column is not None and column < len(draft.titles) else None,
        resubscribe=f"resubscribe-{place}" in post and kind != "opt-out",
    )


def misgiven(draft: Draft, consents: list[Consent]) -> list[str]:
    """Return what must be put right: a sentence each."""
    found = []
    for place, consent in enumerate(consents, 1):
        if not consent.topic:
            found.append(_("Rule %(n)s names no subscription. Choose one, or take the rule out.") % {"n": place})
        elif not consent.channel:
            found.append(
                _("“%(topic)s” is for every channel. Say in rule %(n)s which one the consent is for.")
                % {"topic": isolated(consent.topic_name), "n": place}
            )
        elif draft.upload.account.consent_version == 1 and draft.address_field(consent) is None:
            found.append(
                _(
                    "This account is on Consent 1.0, where a consent is on an address. Rule %(n)s is for %(channel)s, "
                    "and no column of the file has its addresses. Go back to the columns and choose one."
                )
                % {"n": place, "channel": consent.channel_name}
            )
    same = {(one.topic, one.channel) for one in consents if one.topic}
    if len(same) < sum(bool(one.topic) for one in consents):
        found.append(_("Two rules are about the same subscription and channel. Keep one of them."))
    if not consents and draft.upload.purpose == "consents":
        found.append(_("An import of consents alone needs at least one rule."))
    return found


def _topic(draft: Draft, discriminator: str) -> Any:
    return next((topic for topic in topics(draft) if topic.discriminator == discriminator), None)


def _channel_name(draft: Draft, discriminator: str | None) -> str:
    return next((one.name for one in channels(draft) if one.discriminator == discriminator), "")
