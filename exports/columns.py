"""What stands in each column of a run's file as its page tells it: counted, being counted, or to be asked for."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from exports import figures
from exports.figures import FileColumn, Share
from exports.models import ExportRun, Survey
from runs.models import Status
from wording.amounts import count, size

PACE = 2  # seconds between two looks at a survey on its way

TROUBLES = {
    "stopped": lazy("Counting was stopped. Ask again."),
    "original_gone": lazy("The file was removed meanwhile, so nothing in it can be counted."),
    "original_damaged": lazy(
        "The file on this desk’s disk is not the one that was verified, so it was not counted. Do not use what you may "
        "have taken of it today; run again with today’s data, and tell an admin."
    ),
}


@dataclass(frozen=True)
class Line:
    """A column, and what stands in it, in words."""

    column: FileColumn
    filled: Share
    empty: int
    distinct: str
    longest: int
    looks: Sequence[tuple[str, int]]
    is_address: bool  # most of what is there looks like an address, and it is no consent
    formulas: int


@dataclass(frozen=True)
class Surveyed:
    """A survey as its page shows it. `state` is one of: offered, making, failed, there, too late."""

    state: str
    lines: Sequence[Line] = ()
    said: str = ""
    at: datetime | None = None
    pace: int = 0
    mark: str = ""
    progress: str = ""


def of(run: ExportRun, *, now: datetime) -> Surveyed:
    """Return what is known of a run's file, column by column."""
    file = run.file
    assert file is not None
    made = list(Survey.objects.filter(of=file))
    wanted = [one for one in made if one.status not in (Status.FAILED, Status.CANCELLED)]
    last = next(iter(wanted or reversed(made)), None)
    is_kept = file.is_kept(now)
    if last is None:
        return Surveyed("offered" if is_kept else "too late")
    mark = f"{zlib.crc32(f'{last.pk}:{last.version}'.encode()):08x}"
    if last.status == Status.SUCCEEDED:
        return Surveyed("there", _lines(run, last), at=last.finished_at, mark=mark)
    if last.is_over:
        return Surveyed("failed" if is_kept else "too late", said=_trouble(last), mark=mark)
    return Surveyed("making", pace=PACE, mark=mark, progress=_progress(last))


def _lines(run: ExportRun, made: Survey) -> list[Line]:
    found = figures.of(run)
    assert found is not None
    return [line(column, counted) for column, counted in zip(found.columns, made.columns, strict=True)]


def line(column: FileColumn, counted: Mapping[str, Any]) -> Line:
    """Return what is told of one column; `counted` as exports.survey counts."""
    filled, formulas = counted["filled"], counted["formulas"]
    looks = [(str(word), counted[name]) for name, word in LOOKS.items() if counted[name]]
    addresses = counted["emails"] + counted["phones"]
    return Line(
        column,
        Share(column.title, filled, filled + counted["empty"]),
        counted["empty"],
        _distinct(counted),
        counted["longest"],
        looks,
        column.kind not in ("consent", "key") and addresses * 2 > filled,
        formulas,
    )


LOOKS = {"emails": lazy("e-mail"), "phones": lazy("phone"), "dates": lazy("date"), "formulas": lazy("formula")}


def _distinct(counted: Mapping[str, Any]) -> str:
    distinct = counted["distinct"]
    if counted["is_more"]:
        return _("more than %(n)s") % {"n": count(distinct)}
    if distinct == counted["filled"] > 1:
        return _("%(n)s, all different") % {"n": count(distinct)}
    return str(count(distinct))


def _progress(made: Survey) -> str:
    done, total = made.facts.get("bytes"), made.facts.get("total")
    if made.status == Status.QUEUED or not total:
        return _("Waiting for a worker")
    return _("Read %(done)s of %(total)s") % {"done": size(done), "total": size(total)}


def _trouble(made: Survey) -> str:
    if made.code in TROUBLES:
        return str(TROUBLES[made.code])
    told = {"reference": made.facts.get("reference", "")}
    return _("Something broke on our side; the file is untouched. Ask again, or quote %(reference)s.") % told


def formulas(lines: Sequence[Line]) -> str:
    """Say how many cells Excel would take for formulas, and what to do; nothing where there are none."""
    total = sum(line.formulas for line in lines)
    if not total:
        return ""
    words = ngettext(
        "%(n)s cell begins as a formula does. The workbook keeps it as text, and the CSV for Excel guards it; the "
        "content as CSV does neither, so do not open that in Excel.",
        "%(n)s cells begin as a formula does. The workbook keeps them as text, and the CSV for Excel guards them; the "
        "content as CSV does neither, so do not open that in Excel.",
        total,
    )
    return words % {"n": count(total)}
