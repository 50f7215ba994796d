"""Whom a downloaded file still has and should not: people who do not consent any more, as far as later files show."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports import sentences
from exports.models import ExportRun
from exports.named import channels
from people.models import FileIndex
from wording.amounts import count


@dataclass(frozen=True)
class Lapsed:
    """What the page says of it: the numbers, channel by channel; and what they are worth."""

    title: str
    text: str


def of(run: ExportRun) -> Lapsed | None:
    """Return how many people in a run's file have lost their consent since; None where nothing is known of any.

    Only files that somebody downloaded are read, so no more is claimed than these show.
    """
    index = FileIndex.objects.filter(file=run.file_id).only("lapsed", "lapsed_as_of").first() if run.file_id else None
    if index is None or index.lapsed_as_of is None or not index.lapsed:
        return None
    names = channels(run.consent_spec)  # and their order, which JSON need not keep
    said = [_lost(index.lapsed[channel], name) for channel, name in names.items() if channel in index.lapsed]
    title = _("Since this file was made: %(who)s.") % {"who": ", ".join(said)}
    return Lapsed(title, _worth(sentences.clock(index.lapsed_as_of)))


def _lost(people: int, channel: str) -> str:
    words = ngettext(
        "%(n)s person in it has stopped consenting to %(channel)s",
        "%(n)s people in it have stopped consenting to %(channel)s",
        people,
    )
    return words % {"n": count(people), "channel": channel}


def _worth(newest: str) -> str:
    return _(
        "As far as later runs for the same subscriptions show, of those files that were downloaded; the newest is of "
        "%(newest)s. Who is in none of them is not counted, so there may be more. A downloaded copy still has all of "
        "them: run again, and throw the copy away."
    ) % {"newest": newest}
