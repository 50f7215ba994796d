"""What a look-up says, in sentences: the verdict, each link, what would mend it, and the answer to a customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext, pgettext, pgettext_lazy

from consents import verdict
from consents.picture import Cell, Picture, SectionShown
from consents.verdict import Answer, Chain, Link
from upstream.apsis.builtin import EMAIL_CHANNEL, EMAIL_KEYSPACE, EXPORT_KEYSPACE, MOBILE_KEYSPACE, SMS_CHANNEL
from upstream.apsis.consents import Suppression
from upstream.apsis.definitions import Channel, Keyspace
from wording.names import isolated, together

NAMED = 3  # subscriptions named in the verdict; more are counted
MOST_NAMED = 40  # in the answer to a customer, who asks for just that

READ_AS: Mapping[str, Any] = {
    EMAIL_KEYSPACE: lazy("Read as an e-mail address"),
    MOBILE_KEYSPACE: lazy("Read as the phone number %(key)s"),
    EXPORT_KEYSPACE: lazy("Read as an export key"),
}

_MEANS: Mapping[str, Any] = {EMAIL_CHANNEL: pgettext_lazy("get", "e-mail"), SMS_CHANNEL: pgettext_lazy("get", "SMS")}

# Words of a cell, and the style they are drawn in: an unknown is never drawn as a no.
CELLS: Mapping[str, tuple[str, Any]] = {
    verdict.GIVEN: ("in", pgettext_lazy("consent", "Opted in")),
    verdict.CONFIRMED: ("conf", pgettext_lazy("consent", "Confirmed")),
    verdict.WAITING: ("wait", pgettext_lazy("consent", "Waiting for them")),
    verdict.OPTED_OUT: ("out", pgettext_lazy("consent", "Opted out")),
    verdict.NOTHING: ("none", pgettext_lazy("consent", "No consent recorded")),
    verdict.NOT_ASKED: ("unk", pgettext_lazy("consent", "Not checked")),
    verdict.NO_ANSWER: ("unk", pgettext_lazy("consent", "Not checked")),
    verdict.UNREAD: ("unk", pgettext_lazy("consent", "Not known")),
    verdict.STRANGE: ("unk", pgettext_lazy("consent", "Not known")),
    verdict.TWO_ANSWERS: ("unk", pgettext_lazy("consent", "Not known")),
}

# What is known of a link besides its word.
_NOTES: Mapping[str, Any] = {
    verdict.NOT_ASKED: lazy("this type was not asked about"),
    verdict.NO_ANSWER: lazy("APSIS gave no answer"),
    verdict.UNREAD: lazy("a part of the answer could not be read"),
    verdict.STRANGE: lazy("APSIS uses a word that the desk does not know"),
    verdict.TWO_ANSWERS: lazy("APSIS gives two answers"),
    verdict.NONE_THERE: lazy("the profile has none"),
    verdict.ADDRESS_UNKNOWN: lazy("APSIS did not tell it; type it to ask"),
    verdict.NOT_TOLD: lazy("the answer does not speak of it"),
    verdict.OTHER_ADDRESS: lazy("APSIS speaks of an address that was not asked about"),
}


def means(channel: Channel | str) -> str:
    """Return what one gets over a channel: “e-mail”, “SMS”."""
    discriminator = channel if isinstance(channel, str) else channel.discriminator
    return str(_MEANS.get(discriminator, "" if isinstance(channel, str) else isolated(channel.name)) or discriminator)


def who(picture: Picture) -> str:
    """Return what the person is called: by name, else by what they were looked up by."""
    return isolated(picture.found.name) if picture.found.name else picture.found.key.text


def read_as(keyspace: Keyspace, key: str) -> str:
    """Say how what was typed was understood."""
    words = READ_AS.get(keyspace.discriminator, lazy("Read as %(keyspace)s"))
    return str(words) % {"keyspace": isolated(keyspace.name), "key": key}


# ── The verdict ──────────────────────────────────────────────────────────────────────────────────────────────


def headline(picture: Picture, *, named: int = NAMED) -> tuple[str, str]:
    """Return the verdict in its two voices. Up to so many subscriptions are named, more are counted."""
    if picture.is_nobody:
        return _("APSIS knows nobody by this."), _("Nothing is recorded, so there is no consent either.")
    if picture.is_locked:
        return _("This profile is locked at APSIS."), _("What it has consented to is not told. Look at it there.")
    if picture.is_unanswered:
        return _("It is not known whether %(who)s may be contacted.") % {"who": who(picture)}, _(
            picture.sections[0].error.meaning.user if picture.sections[0].error else ""
        )
    yes = {channel.discriminator: picture.topics(channel, Answer.YES) for channel in picture.channels}
    rest = [_why_not(picture, channel) for channel in picture.channels if not yes[channel.discriminator]]
    return _may(picture, yes, named), " ".join(filter(None, [*rest, _open_ends(picture)]))


def _may(picture: Picture, yes: Mapping[str, Sequence[str]], named: int) -> str:
    some = [channel for channel in picture.channels if yes[channel.discriminator]]
    if some and len({tuple(yes[channel.discriminator]) for channel in some}) == 1:
        got = together([means(channel) for channel in some])
        return _("%(who)s may get %(means)s about %(topics)s.") % {
            "who": who(picture),
            "means": got,
            "topics": _topics(yes[some[0].discriminator], named),
        }
    if some:
        each = [
            _("%(means)s about %(topics)s") % {"means": means(one), "topics": _topics(yes[one.discriminator], named)}
            for one in some
        ]
        return _("%(who)s may get %(what)s.") % {"who": who(picture), "what": together(each)}
    if any(picture.topics(channel, Answer.UNKNOWN) for channel in picture.channels):
        return _("It is not known whether %(who)s may be contacted.") % {"who": who(picture)}
    return _("%(who)s may not be contacted.") % {"who": who(picture)}


def _topics(names: Sequence[str], named: int) -> str:
    if len(names) > named:
        return ngettext("%(n)s subscription", "%(n)s subscriptions", len(names)) % {"n": len(names)}
    return together([isolated(name) for name in names])


def _why_not(picture: Picture, channel: Channel) -> str:
    """Say why nothing may be sent over a channel, where it is the same for everything that could be."""
    cells = [
        cell
        for section in picture.sections
        for row in section.rows
        for cell in row.cells
        if cell.channel == channel and row.topic.channel in (None, channel.discriminator)
    ]
    links = {(link.name, link.why): link for cell in cells if (link := cell.chain.broken)}
    facts = {"means": means(channel)}
    if not cells:
        return ""
    # A suppression is said whatever else is so: it holds for everything, and overrides every consent.
    for reach in picture.found.reaches.on(channel.discriminator):
        if verdict.suppression(reach).why == verdict.SUPPRESSED:
            return _suppressed(channel.discriminator) % {**facts, "address": reach.text}
    if any(cell.answer == Answer.UNKNOWN for cell in cells):
        return _("Whether they may get %(means)s is not known.") % facts
    if len(links) > 1:
        return _("No %(means)s about anything.") % facts
    return str(_NOTHING.get(next(iter(links))[1], lazy("No %(means)s about anything."))) % facts


_NOTHING: Mapping[str, Any] = {
    verdict.NOTHING: lazy("No %(means)s: no consent is recorded."),
    verdict.OPTED_OUT: lazy("No %(means)s: they opted out."),
    verdict.WAITING: lazy("No %(means)s: they have yet to confirm."),
    verdict.NONE_THERE: lazy("No %(means)s: the profile has no address for it."),
}


def _suppressed(channel: str) -> str:
    if channel == SMS_CHANNEL:
        return _("No %(means)s: the number %(address)s is suppressed, and suppression overrides consent.")
    return _("No %(means)s: the address %(address)s is suppressed, and suppression overrides consent.")


def _open_ends(picture: Picture) -> str:
    silent = [section for section in picture.sections if section.error is not None]
    if silent:
        return _("Not every section has answered.")
    return _("A part of the answer could not be read.") if any(one.is_unread for one in picture.sections) else ""


# ── Link by link ─────────────────────────────────────────────────────────────────────────────────────────────


def cell_word(cell: Cell) -> tuple[str, str]:
    """Return the style and the word of a cell of the grid."""
    if cell.chain.links[1].why == verdict.OTHER_CHANNEL:
        return "not", _("not over this channel")
    style, word = CELLS[cell.link.why]
    return style, str(word)


def link_note(link: Link, section: SectionShown) -> str:
    """Return what is known of a link besides its word: when and why, or why it is not known."""
    if link.suppression or link.consent is None:
        return suppression_note(link)
    if section.is_version_1:
        return _("source, reason and time are not told under Consent 1.0")
    told = link.consent
    said = [_day(told.modified_at), told.reason, told.source, str(_NOTES.get(link.why, ""))]
    return ", ".join(part for part in said if part)


def suppression_note(link: Link) -> str:
    """Say since when an address is suppressed, and why; or why that is not known."""
    told = link.suppression
    said = [_day(told.modified_at), told.reason] if told else []
    return ", ".join(part for part in [*said, str(_NOTES.get(link.why, ""))] if part)


def _day(at: datetime | None) -> str:
    return formats.date_format(timezone.localtime(at), "DATE_FORMAT") if at else ""


def chain_says(chain: Chain) -> str:
    """Say of a chain where it breaks, or that it holds."""
    what = {"means": means(chain.channel)}
    if chain.answer == Answer.YES:
        return _("%(means)s holds") % what
    assert chain.broken is not None
    where = {"where": LINKS[chain.broken.name]}
    if chain.answer == Answer.NO:
        return _("%(means)s breaks at %(where)s") % {**what, **where}
    return _("%(means)s is not known: %(where)s") % {**what, **where}


LINKS: Mapping[str, Any] = {
    verdict.TOPIC: pgettext_lazy("link", "subscription"),
    verdict.CHANNEL: pgettext_lazy("link", "channel"),
    verdict.CONSENT: pgettext_lazy("link", "consent"),
    verdict.ADDRESS: pgettext_lazy("link", "address"),
    verdict.SUPPRESSION: pgettext_lazy("link", "suppression"),
}

VERDICTS: Mapping[Answer, Any] = {
    Answer.YES: lazy("May get %(means)s"),
    Answer.NO: lazy("No %(means)s"),
    Answer.UNKNOWN: lazy("Not known"),
}


def verdict_word(chain: Chain) -> str:
    """Return the word at the end of a chain."""
    return str(VERDICTS[chain.answer]) % {"means": means(chain.channel)}


_MEND: Mapping[str, tuple[Any, Any]] = {
    verdict.OTHER_CHANNEL: (
        lazy("nothing here: this subscription is sent over another channel."),
        lazy("Choose a subscription that is sent over this one."),
    ),
    verdict.OPTED_OUT: (
        lazy("a new opt-in, and only if they ask for it themselves."),
        lazy("Whoever has the right to change consents writes it down here, with what the person said."),
    ),
    verdict.WAITING: (
        lazy("their own confirmation: the link in the mail that APSIS sent them."),
        lazy("Nobody can confirm it for them."),
    ),
    verdict.NOTHING: (
        lazy("an opt-in: they were never asked, or never answered."),
        lazy("Whoever has the right to change consents writes it down here, once the person has said yes."),
    ),
    verdict.NONE_THERE: (
        lazy("an address on the profile."),
        lazy("Add it at APSIS, or with an import."),
    ),
    verdict.SUPPRESSED: (
        lazy("lifting the suppression at APSIS, and only if they ask for it themselves."),
        lazy("Suppression is lifted in APSIS One, by whoever has the right to. Nothing on this desk can."),
    ),
    verdict.ADDRESS_UNKNOWN: (
        lazy("the address: type it in the second field above, and look them up again."),
        lazy("APSIS tells suppression of an address only if that address is named."),
    ),
    verdict.NOT_ASKED: (
        lazy("asking about all types of consent."),
        lazy("Untick the types above, and look them up again."),
    ),
    verdict.NO_ANSWER: (
        lazy("an answer: look them up again in a minute."),
        lazy("Until then, do not contact them."),
    ),
}
_ELSE = (lazy("a look at the profile at APSIS."), lazy("Until it is known, do not contact them."))


def mend(chain: Chain) -> tuple[str, str] | None:
    """Return what would mend a chain, and who may; None for one that holds."""
    if chain.broken is None:
        return None
    what, who_may = _MEND.get(chain.broken.why, _ELSE)
    return str(what), str(who_may)


def event_says(suppressed: Suppression | None, type: str, topic: str, channel: str) -> str:
    """Say what happened, of a line of the history."""
    if suppressed:
        return _("%(address)s suppressed") % {"address": suppressed.address}
    words = {
        "opt-in": _("Opted in to %(topic)s, %(channel)s"),
        "confirmed-opt-in": _("Confirmed %(topic)s, %(channel)s"),
        "pending-opt-in": _("Asked to confirm %(topic)s, %(channel)s"),
        "opt-out": _("Opted out of %(topic)s, %(channel)s"),
    }
    said = words.get(type) or pgettext("history", "Something about %(topic)s, %(channel)s")
    return said % {"topic": isolated(topic), "channel": means(channel)}


# ── The answer to a customer ─────────────────────────────────────────────────────────────────────────────────


def answer(picture: Picture, at: datetime) -> str:
    """Return the verdict as sentences that can be sent to somebody who asks."""
    strong, soft = headline(picture, named=MOST_NAMED)
    local = timezone.localtime(at)
    when = _("As of %(day)s, %(time)s (%(zone)s), by what APSIS One has recorded:") % {
        "day": formats.date_format(local, "DATE_FORMAT"),
        "time": f"{local:%H:%M}",
        "zone": local.tzname(),
    }
    return " ".join(filter(None, [when, strong, soft]))
