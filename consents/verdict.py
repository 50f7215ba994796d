"""May we contact this person? The rule, link by link; no Django.

Source: developer.apsis.com, “Get consents (version 2)” (docs/seeds/S3.md). To receive marketing, two things must hold:
an opt-in or confirmed opt-in for the topic over the channel on the profile, and an address that is not suppressed.
Consent is given on the profile, suppression lies on the address, and suppression takes priority.

A link is whole, broken, or unknown. One broken link is a no, whatever the others say; all of them whole is a yes;
anything else is “not known”. Nothing that could not be read ever counts as whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from upstream.apsis.consents import OPT_OUT, PENDING, PERMITS, Consent, Suppression


class Answer(StrEnum):
    """What comes out."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class State(StrEnum):
    """How a link is."""

    WHOLE = "whole"
    BROKEN = "broken"
    UNKNOWN = "unknown"


# The links, from the topic to the address.
TOPIC, CHANNEL, CONSENT, ADDRESS, SUPPRESSION = "topic", "channel", "consent", "address", "suppression"

# Why a link is as it is.
OTHER_CHANNEL = "other_channel"  # the topic is sent over one channel, and this is another
GIVEN, CONFIRMED, OPTED_OUT, WAITING, NOTHING = "given", "confirmed", "opted_out", "waiting", "nothing"
NOT_ASKED = "not_asked"  # only some types of consent were asked about
STRANGE = "strange"  # a type that nobody here knows
TWO_ANSWERS = "two_answers"  # the vendor says one thing and another
UNREAD = "unread"  # a part of the answer could not be read
NO_ANSWER = "no_answer"  # the vendor did not answer, or would not
NONE_THERE = "none_there"  # the profile has no address for this channel
ADDRESS_UNKNOWN = "address_unknown"  # nobody said which address
CLEAR, SUPPRESSED = "clear", "suppressed"
NOT_TOLD = "not_told"  # the answer does not speak of suppression
OTHER_ADDRESS = "other_address"  # it speaks of an address on this channel that nobody asked about


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a chain: what it is, how it is, why, and what of it is known."""

    name: str
    state: State
    why: str = ""
    consent: Consent | None = None
    suppression: Suppression | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """The five links between a topic and an address."""

    topic: str
    channel: str
    address: str | None = field(repr=False)
    links: tuple[Link, ...]

    @property
    def answer(self) -> Answer:
        """What comes out of the links together."""
        if any(link.state == State.BROKEN for link in self.links):
            return Answer.NO
        return Answer.YES if all(link.state == State.WHOLE for link in self.links) else Answer.UNKNOWN

    @property
    def broken(self) -> Link | None:
        """The first broken link; without one, the first that is not known; None where all are whole."""
        for state in (State.BROKEN, State.UNKNOWN):
            for link in self.links:
                if link.state == state:
                    return link
        return None

    @property
    def consent(self) -> Link:
        """The link of the consent."""
        return next(link for link in self.links if link.name == CONSENT)


@dataclass(frozen=True, slots=True)
class Told:
    """What the vendor has told of a person in one section. `consents` is None where it gave no answer.

    `types` are those that were asked about, empty for all; `unread` counts what could not be read.
    """

    consents: tuple[Consent, ...] | None = None
    types: Collection[str] = ()
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Reach:
    """What is known of one address: the vendor's suppressions of its channel in the answer that was asked about it.

    `suppressions` is None where the answer does not speak of any, or there was none; `text` as the vendor would spell
    it, so that two spellings are one address.
    """

    channel: str
    text: str = field(repr=False)
    suppressions: tuple[Suppression, ...] | None = None
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Reaches:
    """The addresses of a person. `is_complete` holds the channels of which the vendor told all the profile has."""

    known: tuple[Reach, ...] = ()
    is_complete: frozenset[str] = frozenset()

    def on(self, channel: str) -> Sequence[Reach]:
        """Return the addresses of one channel."""
        return [one for one in self.known if one.channel == channel]


def chains(told: Told, reaches: Reaches, *, topic: str, only: str | None, channel: str) -> list[Chain]:
    """Return the chain to every address of a channel; one without an address where there is none, or none known.

    `only` is the one channel that the topic is sent over, None for any.
    """
    on_topic = Link(TOPIC, State.WHOLE)
    over = Link(CHANNEL, State.BROKEN, OTHER_CHANNEL) if only not in (None, channel) else Link(CHANNEL, State.WHOLE)
    consent = _consent(told, topic, channel)
    found = reaches.on(channel)
    if not found:
        is_none = channel in reaches.is_complete
        address = Link(ADDRESS, State.BROKEN, NONE_THERE) if is_none else Link(ADDRESS, State.UNKNOWN, ADDRESS_UNKNOWN)
        rest = (address, Link(SUPPRESSION, State.UNKNOWN, NOT_ASKED))
        return [Chain(topic, channel, None, (on_topic, over, consent, *rest))]
    return [
        Chain(topic, channel, reach.text, (on_topic, over, consent, Link(ADDRESS, State.WHOLE), suppression(reach)))
        for reach in found
    ]


def together(some: Iterable[Chain]) -> Answer:
    """Return one answer for several addresses of a channel: a yes where one of them may be used."""
    answers = {chain.answer for chain in some}
    return next((answer for answer in (Answer.YES, Answer.UNKNOWN) if answer in answers), Answer.NO)


def _consent(told: Told, topic: str, channel: str) -> Link:
    if told.consents is None:
        return Link(CONSENT, State.UNKNOWN, NO_ANSWER)
    found = [one for one in told.consents if (one.topic, one.channel) == (topic, channel)]
    if not found:
        if told.unread:
            return Link(CONSENT, State.UNKNOWN, UNREAD)
        return Link(CONSENT, State.UNKNOWN, NOT_ASKED) if told.types else Link(CONSENT, State.BROKEN, NOTHING)
    kept = found[0]
    if len({one.type for one in found}) > 1:
        return Link(CONSENT, State.UNKNOWN, TWO_ANSWERS, kept)
    if kept.type in PERMITS:
        return Link(CONSENT, State.WHOLE, GIVEN if kept.type == "opt-in" else CONFIRMED, kept)
    if kept.type in (OPT_OUT, PENDING):
        return Link(CONSENT, State.BROKEN, OPTED_OUT if kept.type == OPT_OUT else WAITING, kept)
    return Link(CONSENT, State.UNKNOWN, STRANGE, kept)


def suppression(reach: Reach) -> Link:
    """Return the last link: whether an address may be used at all."""
    if reach.suppressions is None:
        return Link(SUPPRESSION, State.UNKNOWN, NOT_TOLD)
    for one in reach.suppressions:
        if one.address == reach.text:
            return Link(SUPPRESSION, State.BROKEN, SUPPRESSED, suppression=one)
    if reach.unread:
        return Link(SUPPRESSION, State.UNKNOWN, UNREAD)
    if reach.suppressions:
        return Link(SUPPRESSION, State.UNKNOWN, OTHER_ADDRESS)
    return Link(SUPPRESSION, State.WHOLE, CLEAR)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that is told to have happened: a consent, or a suppression."""

    at: datetime
    consent: Consent | None = None
    suppression: Suppression | None = None


def history(consents: Iterable[Consent], suppressions: Iterable[Suppression]) -> list[Event]:
    """Return what is told with a time, newest first. Of each consent the vendor keeps its last change alone."""
    told = [Event(one.modified_at, consent=one) for one in consents if one.modified_at]
    told += [Event(one.modified_at, suppression=one) for one in suppressions if one.modified_at]
    return sorted(told, key=lambda event: event.at, reverse=True)
