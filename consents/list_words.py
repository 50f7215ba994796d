"""What a list says: its sentence, what people were found to be, and its titles as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from consents import outcomes, sentences, verdict
from consents.models import Checklist
from consents.outcomes import Outcome
from consents.verdict import Answer
from runs.models import Status
from wording.amounts import count
from wording.names import isolated

# Why somebody may not be contacted, or why that is not known: one word for each outcome.
WHY: Mapping[str, Any] = {
    verdict.OPTED_OUT: lazy("opted out"),
    verdict.NOTHING: lazy("no consent recorded"),
    verdict.WAITING: lazy("has yet to confirm"),
    verdict.SUPPRESSED: lazy("address suppressed"),
    verdict.NONE_THERE: lazy("no address on the profile"),
    verdict.OTHER_CHANNEL: lazy("not over this channel"),
    outcomes.NOBODY: lazy("nobody known by this"),
    outcomes.LOCKED: lazy("profile locked"),
    outcomes.UNREADABLE: lazy("APSIS does not take this, or its answer could not be read"),
    verdict.ADDRESS_UNKNOWN: lazy("APSIS does not tell the address"),
    verdict.NOT_TOLD: lazy("APSIS does not tell suppression"),
    verdict.OTHER_ADDRESS: lazy("APSIS speaks of another address"),
    verdict.STRANGE: lazy("a word that the desk does not know"),
    verdict.TWO_ANSWERS: lazy("APSIS gives two answers"),
    verdict.UNREAD: lazy("a part of the answer could not be read"),
}
ANSWERS: Mapping[Answer, Any] = {Answer.YES: lazy("yes"), Answer.NO: lazy("no"), Answer.UNKNOWN: lazy("not known")}

FAILURES: Mapping[str, Any] = {
    "key_erased": lazy("Your key was erased meanwhile, so nobody more was asked about. Enter it, and begin anew."),
    "no_room": lazy("This desk’s disk was full, so nobody more was asked about. Begin anew once there is room."),
    "people_gone": lazy("The list of people is not here any more, so nobody more was asked about. Begin anew."),
}


@dataclass(frozen=True)
class Group:
    """People of one outcome: how many, and what their outcome is called."""

    word: str
    answer: Answer
    why: str
    people: int


def groups(made: Checklist) -> list[Group]:
    """Return the outcomes there are: those who may be contacted first, then the largest."""
    found = []
    for word, people in made.counts.items():
        answer, _colon, why = word.partition(":")
        found.append(Group(word, Answer(answer), str(WHY.get(why, why)), people))
    order = list(ANSWERS)
    return sorted(found, key=lambda group: (order.index(group.answer), -group.people))


def headline(made: Checklist) -> tuple[str, str]:
    """Return how a list stands, in two voices."""
    what = {"means": sentences.means(made.channel), "topic": isolated(made.topic_name)}
    if made.status == Status.FAILED:
        return _("This list was not asked about to its end."), failure(made)
    if made.status == Status.CANCELLED:
        return _("This list was stopped."), _asked(made)
    if made.status != Status.SUCCEEDED:
        so = _("Asking whether they may get %(means)s about %(topic)s.") % what
        return so, _asked_so_far(made)
    many = {answer: sum(group.people for group in groups(made) if group.answer == answer) for answer in Answer}
    so = ngettext(
        "%(yes)s of %(n)s person may get %(means)s about %(topic)s.",
        "%(yes)s of %(n)s people may get %(means)s about %(topic)s.",
        made.total,
    ) % {**what, "yes": count(many[Answer.YES]), "n": count(made.total)}
    return so, " ".join(filter(None, [_those(made, Answer.NO, many), _those(made, Answer.UNKNOWN, many)]))


def _asked(made: Checklist) -> str:
    return _("Asked about %(done)s of %(total)s.") % {"done": count(made.done), "total": count(made.total)}


def _asked_so_far(made: Checklist) -> str:
    """Say how far it is, and what it waits for."""
    says = _(made.facts["say"]) if made.code == "trouble" and made.facts.get("say") else ""
    return f"{_asked(made)} {says}".strip()


def _those(made: Checklist, answer: Answer, many: Mapping[Answer, int]) -> str:
    if not many[answer]:
        return ""
    parts = ", ".join(f"{count(group.people)} {group.why}" for group in groups(made) if group.answer == answer)
    words = _("Of %(n)s who may not: %(parts)s.") if answer == Answer.NO else _("Of %(n)s it is not known: %(parts)s.")
    return words % {"n": count(many[answer]), "parts": parts}


def failure(made: Checklist) -> str:
    """Say why a list ended early, and what to do."""
    if made.code in FAILURES:
        return f"{_asked(made)} {FAILURES[made.code]}"
    if made.facts.get("say"):
        return f"{_asked(made)} {_(made.facts['say'])}"
    told = {"reference": made.facts.get("reference", "")}
    return _("Something broke on our side. Begin anew, or quote %(reference)s.") % told


def why(outcome: Outcome) -> str:
    """Return the word of one person's outcome."""
    return str(WHY.get(outcome.why, outcome.why)) if outcome.why else ""


def table(made: Checklist, found: Iterator[Outcome]) -> Iterator[list[str]]:
    """Yield the rows of the file, its titles first."""
    yield [_("who"), _("may be contacted"), _("why not"), _("address"), _("since"), _("reason")]
    for one in found:
        yield [one.key.text, str(ANSWERS[one.answer]), why(one), one.address, _day(one.at), one.reason]


def _day(at: str) -> str:
    return formats.date_format(timezone.localtime(datetime.fromisoformat(at)), "Y-m-d") if at else ""
