"""Runs that do not get on as they should: why, as far as the row shows, and the one safe thing to do about it.

Nothing here can make the desk ask twice in the dark. To call a worker is always safe: it claims the run or stops, and
goes by the intentions (docs/run-states.md). To hasten is for questions that may be repeated freely, and for those that
the vendor has answered by its own word. Where a question may have been received, there is only waiting and cancelling.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.conf import settings
from django.db.models import Case, F, IntegerField, Q, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from accounts.models import Credential
from exports import sentences
from exports.models import ExportRun
from runs import line
from wording.amounts import count
from wording.moments import duration

Act = Literal["call", "hasten", "cancel"]

LATE = timedelta(minutes=1)  # for a short step that is due
LATE_FOR_FILES = timedelta(minutes=15)  # for a file: others may be in front of it
LONG_IN_LINE = timedelta(hours=1)
MANY_TROUBLES = 6  # in a row: over four minutes of them

# In the order in which somebody should look: what the desk itself fails to do comes first.
WHYS = ("abandoned", "uncalled", "unfetched", "answer_lost", "key_refused", "trouble", "in_line")


@dataclass(frozen=True)
class Stuck:
    """A stuck run: what happened, what it means, and what one can safely do."""

    run: ExportRun
    why: str
    what: str
    means: str
    act: Act


def find(*, now: datetime) -> dict[int, str]:
    """Return the stuck runs by their keys, each with why; those that need somebody most come first. One query."""
    lease = timedelta(seconds=settings.RUN_LEASE)
    free = Q(lease_until=None)
    # Of those in line only the first is called, and while the desk is drained not even that.
    heads = line.first(ExportRun.objects.all(), now=now - LATE).exclude(code=line.HELD)
    by_wait = Window(RowNumber(), partition_by=F("account"), order_by=["created_at", "pk"])
    longest = ExportRun.objects.unfinished().filter(code=line.WAITING, created_at__lte=now - LONG_IN_LINE)
    # Of each line the one that waits longest speaks for all.
    longest = longest.order_by().annotate(by_wait=by_wait).filter(by_wait=1)
    short = ~ExportRun.on_files() & (~ExportRun.unasked() | Q(pk__in=heads.order_by().values("pk")))
    conditions = {
        "abandoned": Q(lease_until__lte=now - lease),
        "uncalled": free & Q(due_at__lte=now - LATE) & short,
        "unfetched": free & Q(due_at__lte=now - LATE_FOR_FILES) & ExportRun.on_files(),
        "answer_lost": free & Q(code="answer_lost"),
        "key_refused": Q(credential__state=Credential.State.REFUSED),
        "trouble": Q(code__in=("trouble", "disk_full"), trouble_count__gte=MANY_TROUBLES),
        "in_line": Q(pk__in=longest.values("pk")),
    }
    why = Case(
        *(When(conditions[name], then=Value(number)) for number, name in enumerate(WHYS)),
        output_field=IntegerField(),
    )
    found = ExportRun.objects.unfinished().annotate(why=why).filter(why__isnull=False)
    return {pk: WHYS[number] for pk, number in found.order_by("why", "due_at", "pk").values_list("pk", "why")}


def tell(run: ExportRun, why: str, *, now: datetime) -> Stuck:
    """Return a run of `find` with its words."""
    what, means = _words(run, why, now)
    return Stuck(run, why, what, means, _act(run, why))


def _act(run: ExportRun, why: str) -> Act:
    if why in ("abandoned", "uncalled", "unfetched"):
        return "call"
    return "hasten" if why == "trouble" and run.may_be_hastened else "cancel"


def _words(run: ExportRun, why: str, now: datetime) -> tuple[str, str]:
    due = sentences.clock(run.due_at)
    if why == "abandoned":
        assert run.lease_until is not None
        since = {"time": duration(now - run.lease_until)}
        return (
            _("A worker began a step and never ended it."),
            _("Its claim ended %(time)s ago, and nobody has taken the run up since. Nothing is lost.") % since,
        )
    if why == "uncalled":
        return (
            _("Its next step is due since %(at)s, and no worker took it.") % {"at": due},
            _("Nothing is lost. Is a worker of the queue “calls” at work, and does the tick run?"),
        )
    if why == "unfetched":
        return (
            _("Its file is to be fetched since %(at)s, and no worker took it.") % {"at": due},
            _("The workers of the queue “files” are busy with other files, or there are none."),
        )
    if why == "answer_lost":
        return (
            _("Whether the vendor received its request is not known."),
            _("The desk asks once more at %(at)s, and not before. Cancel it only if nobody needs the file.")
            % {"at": due},
        )
    if why == "key_refused":
        return (
            _("The vendor refuses its owner’s key."),
            _("It fails at its next step, unless the owner enters another key before."),
        )
    if why == "trouble":
        tries = {"n": count(run.trouble_count), "at": due}
        if run.code == "disk_full":
            return (
                _("This desk’s disk had no room for its file, %(n)s times in a row.") % tries,
                _("The file is kept by the vendor for a day. Make room, then let the desk try now."),
            )
        return (
            _("It met trouble at the vendor %(n)s times in a row.") % tries,
            _("The desk tries again at %(at)s by itself.") % tries,
        )
    waited = {"time": duration(now - run.created_at)}
    return (
        _("It has stood in line for %(time)s, longer than any other of its account.") % waited,
        _("The account takes few exports at a time, and the line moves by itself. Below you see who is before it."),
    )
