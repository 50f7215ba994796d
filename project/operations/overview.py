"""All that the operations page shows, and its one sentence. The number of queries does not grow with the runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.humanize.templatetags.humanize import apnumber
from django.core.files.storage import default_storage
from django.core.paginator import Page, Paginator
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports import stuck
from exports.models import ExportRun
from exports.stuck import Stuck
from imports.models import ImportPart
from project import probes
from project.operations import disk, needs, processes, runs, stages, vendors
from project.operations.disk import Files
from project.operations.needs import Need, Unsealed
from project.operations.processes import Staff
from project.operations.stages import Stage
from project.operations.vendors import Vendor
from project.probes import Probe
from runs import broker, drain, storage
from runs.models import Drain
from wording.amounts import count

ACCOUNTS = 20  # vendor accounts on a page
MOST_STUCK = 20  # stuck runs that are shown one by one

# Both may hang, and the page must not.
PROBES: dict[str, Probe[Any]] = {
    "broker": Probe(broker.lengths),
    "room": Probe(lambda: storage.room(default_storage)),
}


@dataclass(frozen=True)
class Overview:
    """The desk at one moment."""

    now: datetime
    drain: Drain | None
    needs: list[Need]
    stuck: list[Stuck]
    stuck_count: int
    stages: list[Stage]
    page: Page
    vendors: list[Vendor]
    at_vendor: int
    waiting: int
    staff: Staff
    queues: dict[str, int] | None
    files: Files
    loose: Unsealed

    @property
    def more_stuck(self) -> int:
        return self.stuck_count - len(self.stuck)

    @property
    def on_the_way(self) -> int:
        return sum(stage.count for stage in self.stages)

    @property
    def headline(self) -> tuple[str, str]:
        """The page's one sentence in its two voices."""
        return self._first(), self._then()

    def _first(self) -> str:
        wanting = len(self.needs) + self.stuck_count
        if wanting:
            words = ngettext("%(n)s thing needs you.", "%(n)s things need you.", wanting)
            return capfirst(words % {"n": apnumber(wanting) if wanting < 10 else count(wanting)})
        return _("Drained: nothing new starts.") if self.drain else _("Everything runs.")

    def _then(self) -> str:
        if self.drain:
            left = ngettext(
                "%(n)s run is still to be finished.", "%(n)s runs are still to be finished.", self.finishing
            )
            return left % {"n": count(self.finishing)} if self.finishing else _("What was begun is finished.")
        if not self.on_the_way:
            return _("No run is on its way.")
        moving = ngettext("%(n)s run is on its way", "%(n)s runs are on their way", self.on_the_way)
        waiting = ngettext("%(n)s of them in line.", "%(n)s of them in line.", self.waiting)
        words = moving % {"n": count(self.on_the_way)}
        return f"{words}, {waiting % {'n': count(self.waiting)}}" if self.waiting else f"{words}."

    @property
    def finishing(self) -> int:
        """How many runs the vendor, or the desk after it, is at."""
        return max(0, self.on_the_way - self.waiting)


def look(*, page: str, now: datetime) -> Overview:
    """Look at the desk; `page` is that of the vendor accounts."""
    answers = probes.answers(PROBES)
    queues, room = (None if isinstance(answer, Exception) else answer for answer in answers.values())
    accounts = vendors.busiest_first()
    shown = Paginator(accounts, ACCOUNTS).get_page(page)
    whys = stuck.find(now=now)
    staff, files, loose = processes.tell(now=now), disk.tell(room, now=now), needs.unsealed()
    drained, at_work = drain.current(), stages.tell(now=now)
    held = needs.held(drained, at_work)
    waiting_parts = ImportPart.objects.unfinished().filter(ImportPart.unasked()).count()
    return Overview(
        now=now,
        drain=drained,
        needs=needs.tell(staff, queues, files, loose, needs.unsent(), held, now=now),
        stuck=_worst(whys, now=now),
        stuck_count=len(whys),
        stages=at_work,
        page=shown,
        vendors=vendors.tell(list(shown), now=now),
        at_vendor=sum(busy.at_vendor for busy in accounts),
        waiting=sum(busy.waiting for busy in accounts) + waiting_parts,
        staff=staff,
        queues=queues,
        files=files,
        loose=loose,
    )


def _worst(whys: dict[int, str], *, now: datetime) -> list[Stuck]:
    """Return the first of the stuck runs, with their words."""
    shown = list(whys)[:MOST_STUCK]
    rows = {run.pk: run for run in runs.seen(ExportRun.objects.filter(pk__in=shown))}
    # One that has got on since is not stuck any more.
    return [stuck.tell(rows[pk], whys[pk], now=now) for pk in shown if pk in rows]
