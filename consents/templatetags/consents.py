"""How the pages of a look-up say links, cells and addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from consents import sentences, verdict
from consents.forms import TYPES
from consents.list_words import ANSWERS
from consents.picture import Cell, Row, SectionShown
from consents.verdict import Answer, Chain, Event, Link, State

register = template.Library()
register.filter("chain_says", sentences.chain_says)
register.filter("verdict_word", sentences.verdict_word)
register.filter("mend", sentences.mend)

_STYLES = {"yes": "ready", "whole": "ready", "no": "fail", "broken": "fail"}
_SHAPES = {"yes": "tick", "whole": "tick", "no": "cross", "broken": "cross"}

_NAMES: Mapping[str, Any] = {
    verdict.TOPIC: lazy("Subscription (topic)"),
    verdict.CHANNEL: pgettext_lazy("link", "Channel"),
    verdict.CONSENT: pgettext_lazy("link", "Consent"),
    verdict.ADDRESS: pgettext_lazy("link", "Address"),
    verdict.SUPPRESSION: pgettext_lazy("link", "Suppression"),
}


@dataclass(frozen=True)
class Shown:
    """One link or one cell, in words."""

    style: str
    word: str
    note: str = ""
    name: str = ""
    over: str = ""


@register.filter
def answer_style(answer: str) -> str:
    """The style of a verdict or of a link: ready, fail, or that of what is not known."""
    return _STYLES.get(answer, "gone")


@register.filter
def answer_shape(answer: str) -> str:
    """The icon of the same."""
    return _SHAPES.get(answer, "dash")


@register.simple_tag
def chain_link(link: Link, chain: Chain, row: Row, cell: Cell, section: SectionShown) -> Shown:
    """Return a link of a chain in words; those behind the first that is broken are drawn faint."""
    style = "ok" if link.state == State.WHOLE else str(link.state)
    if chain.answer == "no" and chain.broken and _place(link) > _place(chain.broken):
        style = f"{style} link-after"
    words = {
        verdict.TOPIC: row.topic.name,
        verdict.CHANNEL: cell.channel.name,
        verdict.CONSENT: str(sentences.CELLS[cell.link.why][1]),
        verdict.ADDRESS: chain.address or _("none"),
        verdict.SUPPRESSION: suppression_word(link),
    }
    return Shown(style, words[link.name], _note(link, row, section), str(_NAMES[link.name]))


def _place(link: Link) -> int:
    return list(_NAMES).index(link.name)


def _note(link: Link, row: Row, section: SectionShown) -> str:
    if link.name == verdict.TOPIC:
        return "" if row.topic.channel else _("any channel")
    if link.why == verdict.OTHER_CHANNEL:
        return _("the subscription is sent over another")
    return sentences.link_note(link, section)


@register.simple_tag
def grid_cell(cell: Cell, section: SectionShown) -> Shown:
    """Return a cell of the grid in words."""
    style, word = sentences.cell_word(cell)
    over = ""
    if cell.link.state == State.WHOLE and cell.chain.links[-1].why == verdict.SUPPRESSED:
        over = _("blocked by suppression")
    note = "" if style == "not" else sentences.link_note(cell.link, section)
    return Shown(style, word, note, over=over)


@register.filter
def suppression_word(link: Link) -> str:
    """Say whether an address is suppressed."""
    words = {verdict.CLEAR: _("Not suppressed"), verdict.SUPPRESSED: _("Suppressed"), verdict.NOT_ASKED: _("Not asked")}
    return words.get(link.why, _("Not known"))


@register.filter
def address_note(link: Link) -> str:
    """Say since when an address is suppressed and why, or why that is not known."""
    return sentences.suppression_note(link)


@register.filter
def answer_word(answer: str) -> str:
    """The word of a verdict."""
    return str(ANSWERS[Answer(answer)])


@register.filter
def consent_word(why: str) -> str:
    """The word of a consent as it was shown."""
    return str(sentences.CELLS[why][1]) if why in sentences.CELLS else _("not known")


@register.filter
def type_word(type: str) -> str:
    """The word of a type of consent."""
    return str(TYPES.get(type, type))


@register.filter
def event_note(event: Event) -> str:
    """Say by what something came to be."""
    told: Any = event.consent or event.suppression
    return ", ".join(filter(None, [told.reason, getattr(told, "source", None)]))


@register.simple_tag
def event_says(event: Event, topic: str) -> str:
    """Say what happened."""
    told: Any = event.consent or event.suppression
    return sentences.event_says(event.suppression, getattr(told, "type", ""), topic, told.channel)
