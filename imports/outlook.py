"""What an import would do to people's consents, in words and numbers: before it is confirmed, and beside its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from imports.consequences import AGAINST, NEW, NOT_THERE, NOTHING, SAME, SUPPRESSED, UNKNOWN, WAITING
from imports.draft import Consent
from imports.models import Comparison, Source
from runs.models import Status
from upstream.apsis.consents import OPT_OUT
from wording.amounts import count
from wording.names import isolated


@dataclass(frozen=True)
class Line:
    """So many people, and what is so of them; `changes` where the import goes against what they have said."""

    count: int
    words: str
    changes: bool


@dataclass(frozen=True)
class Outlook:
    """What is known of the people of an import, for the page: how far asking is, or one list of lines a consent.

    `trouble` says why nothing is known, or why asking pauses.
    """

    state: str  # "asking", "known", "unknown"
    done: int = 0
    total: int = 0
    known_at: datetime | None = None
    consents: Sequence[tuple[str, list[Line]]] = ()
    trouble: str = ""
    is_asked: bool = True  # of the vendor; otherwise told by exports, of these runs
    runs: Sequence[int] = ()


def of(compared: Comparison | None, consents: Sequence[Consent]) -> Outlook | None:
    """Return what is known; None of an import without consents."""
    if not consents:
        return None
    if compared is None:
        most = {"most": count(settings.IMPORT_COMPARED_ROWS)}
        more = _(
            "APSIS is asked about each person up to %(most)s rows. Of more, your newest export of the subscription "
            "alone, while its file is kept, tells who has consented: there is none."
        )
        return Outlook("unknown", trouble=more % most)
    if not compared.is_over:
        total = sum(part["rows"] for part in compared.of.parts)
        is_asked = compared.source == Source.ASKED
        done = compared.done if is_asked else int(compared.facts.get("bytes", 0))
        trouble = _trouble(compared) if compared.code == "trouble" else ""
        return Outlook("asking", done=done, total=total, is_asked=is_asked, trouble=trouble)
    if compared.status != Status.SUCCEEDED:
        return Outlook("unknown", trouble=_trouble(compared))
    listed = [
        (title(consent), _lines(consent, counts, is_asked=compared.source == Source.ASKED))
        for consent, counts in zip(consents, compared.counts, strict=True)
    ]
    told = [one for one in compared.facts.get("told", []) if one]
    known_at = min((datetime.fromisoformat(one["at"]) for one in told), default=compared.finished_at)
    runs = sorted({int(one["run"]) for one in told})
    return Outlook("known", known_at=known_at, consents=listed, runs=runs)


def may_send(compared: Comparison | None, consents: Sequence[Consent]) -> bool:
    """Say whether an import may go: nobody who opted out is subscribed again before their number is known."""
    is_asking = compared is not None and not compared.is_over
    return not (is_asking and any(consent.resubscribe for consent in consents))


def against(compared: Comparison | None, consents: Sequence[Consent]) -> list[int | None]:
    """Return for each consent how many people have said the contrary; None where that is not known."""
    if compared is None or compared.status != Status.SUCCEEDED:
        return [None] * len(consents)
    return [
        counts.get(AGAINST, 0) if compared.source == Source.ASKED or question["type"] == OPT_OUT else None
        for counts, question in zip(compared.counts, compared.questions, strict=True)
    ]


def bounds(compared: Comparison | None, consents: Sequence[Consent], rows: int) -> list[tuple[str, str, str]]:
    """Return topic, channel and how many at most are subscribed again, where how many exactly is not known.

    `rows` is how many would go.
    """
    found = []
    for place, (consent, known) in enumerate(zip(consents, against(compared, consents), strict=True)):
        if not consent.resubscribe or known is not None or (compared and not compared.is_over):
            continue
        counts = compared.counts[place] if compared and compared.status == Status.SUCCEEDED else {}
        most = sum(counts.values()) - counts.get(SAME, 0) if counts else rows
        found.append((consent.topic_name, consent.channel_name, count(most)))
    return found


def title(consent: Consent) -> str:
    """Return what a list of lines is about."""
    facts = {"topic": isolated(consent.topic_name), "channel": consent.channel_name}
    if consent.type == OPT_OUT:
        return _("“%(topic)s” by %(channel)s, opt-out") % facts
    return _("“%(topic)s” by %(channel)s, opt-in") % facts


def _lines(consent: Consent, counts: Mapping[str, int], *, is_asked: bool) -> list[Line]:
    is_out = consent.type == OPT_OUT
    flips = is_out or consent.resubscribe
    found = []
    for word in (AGAINST, SAME, NOTHING, NEW, NOT_THERE, WAITING, UNKNOWN, SUPPRESSED):
        n = counts.get(word, 0)
        if n or (word == AGAINST and (is_asked or is_out)):
            found.append(
                Line(n, _words(word, n, is_out=is_out, flips=flips), changes=bool(n) and flips and word == AGAINST)
            )
    return found


def _words(word: str, n: int, *, is_out: bool, flips: bool) -> str:
    said: dict[str, Any] = {
        NOTHING: ngettext("has said neither yes nor no", "have said neither yes nor no", n),
        NOT_THERE: ngettext(
            "had not consented by that export, which does not tell who has opted out",
            "had not consented by that export, which does not tell who has opted out",
            n,
        ),
        NEW: ngettext("is new to APSIS", "are new to APSIS", n),
        WAITING: ngettext("has yet to confirm an opt-in", "have yet to confirm an opt-in", n),
        UNKNOWN: ngettext(
            "is locked there, or the answer could not be read", "are locked there, or the answer could not be read", n
        ),
        SUPPRESSED: ngettext(
            "has a suppressed address and gets nothing all the same",
            "have a suppressed address and get nothing all the same",
            n,
        ),
    }
    if word == SAME and is_out:
        return ngettext("has opted out already", "have opted out already", n)
    if word == SAME:
        return ngettext("has it already", "have it already", n)
    if word == AGAINST and is_out:
        return ngettext("has consented, and loses it", "have consented, and lose it", n)
    if word == AGAINST and flips:
        return ngettext("has opted out, and is subscribed again", "have opted out, and are subscribed again", n)
    if word == AGAINST:
        return ngettext("has opted out, and stays so", "have opted out, and stay so", n)
    return str(said[word])


def _trouble(compared: Comparison) -> str:
    facts = compared.facts
    if facts.get("say"):
        return _(str(facts["say"]))
    if compared.code == "key_erased":
        return _("Your key was erased meanwhile.")
    if compared.code == "our_fault":
        broken = _("Something broke on our side. Quote %(reference)s to whoever runs this desk, and try again.")
        return broken % {"reference": facts.get("reference", "?")}
    return _("Asking was stopped before everybody was asked about.")
