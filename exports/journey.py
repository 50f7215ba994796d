"""The way of a run, as its page draws it: six stations, the time between them, and the same times to scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from exports.models import ExportLine, ExportRun
from runs.models import Status
from wording.moments import clock, duration, stamp

STATIONS = (
    ("asked", lazy("Asked")),
    ("in_line", lazy("In line")),
    ("preparing", lazy("Preparing at APSIS")),
    ("fetching", lazy("Fetching")),
    ("verifying", lazy("Verifying")),
    ("ready", lazy("Ready")),
)
LAST = len(STATIONS) - 1
TAPE, TAPE_GAP = 1000, 2  # units of the drawing

# The run stands still on purpose: an hourglass, not a ring.
WAITING = {"asked", "waiting_in_line", "held_back", "answer_lost", "trouble", "disk_full", "retrying",
    "waits_a_minute", "next_window",
}  # fmt: skip
# What we found wrong in a file ourselves: it broke at the check, whatever was still arriving.
FAULTS_OF_FILES = {
    "file_empty", "file_too_large", "gzip_damaged", "gzip_cut_short", "line_too_long", "row_of_other_width",
    "row_unreadable", "not_utf8", "column_missing", "column_twice", "stored_otherwise",
    "json_empty", "json_cut_short", "windows_gone",
}  # fmt: skip


@dataclass(frozen=True)
class Station:
    """One station of the line, ready to be drawn (templates/_parts/journey.html)."""

    name: str
    state: str  # done · now · wait · fail · stop · gone · goal · off
    took: str = ""
    at: str = ""
    state_word: str = ""


@dataclass(frozen=True)
class Stretch:
    """A part of the tape: what the time was spent on, in thousandths of the whole."""

    css: str
    name: str
    took: str
    x: float
    width: float


Times = Mapping[str, datetime | None]


def times(run: ExportRun, lines: Sequence[ExportLine]) -> dict[str, datetime | None]:
    """Return when each station was reached, None where nobody wrote it down.

    `lines` holds the hops of the run but for the many answers “still preparing”, in any order.
    """
    preparing = min((line.at for line in lines if line.code == "requested"), default=run.requested_at)
    # A later request of the same run may stand in line as well; the station is that of the first.
    joined = [line.at for line in lines if line.code == "joined" and (preparing is None or line.at <= preparing)]
    fetched = [line.at for line in lines if line.code == "fetched"]
    verifying = run.changed_at if run.code == "verifying" else max(fetched, default=None)
    return {
        "asked": run.created_at,
        "in_line": min(joined, default=run.started_at),
        "preparing": preparing,
        "fetching": run.ready_at,
        "verifying": verifying,
        "ready": run.finished_at if run.status == Status.SUCCEEDED else None,
    }


def place(run: ExportRun, at: Times) -> int:
    """Return the station where the run is, or where it ended."""
    if run.status == Status.SUCCEEDED:
        return LAST
    if at["fetching"]:
        return 4 if run.code in ("verifying", "joining") or run.code in FAULTS_OF_FILES else 3
    if at["preparing"]:
        return 2
    return 1 if at["in_line"] else 0


def stations(
    run: ExportRun, at: Times, *, now: datetime, guess: tuple[datetime, datetime] | None = None, is_gone: bool = False
) -> list[Station]:
    """Return the six stations. `guess` is between which times a run of this segment is usually ready."""
    here = place(run, at)
    line = []
    for number, (key, name) in enumerate(STATIONS):
        reached = at[key]
        if number < here:
            line.append(_passed(str(name), at, number, beside=run.created_at if number else now))
        elif number == here:
            line.append(_present(str(name), reached, run, now, is_gone=is_gone))
        elif run.is_over:
            line.append(Station(str(name), "off", at=_("not reached")))
        elif number == LAST and guess:
            line.append(Station(str(name), "off", at=_guessed(*guess)))
        else:
            line.append(Station(str(name), "off"))
    return line


def tape(at: Times) -> list[Stretch]:
    """Return where the time of a finished run went, to scale; nothing when a part of it is not known."""
    moments = [at[key] for key, _name in STATIONS]
    known = [moment for moment in moments if moment is not None]
    if len(known) < len(moments) or known[-1] <= known[0]:
        return []
    lengths = [after - before for before, after in pairwise(known)]
    # A part too short to be seen is drawn as a hair, so that none is missing; the others give way.
    shares = [max(0.004, length / (known[-1] - known[0])) for length in lengths]
    stretches, x = [], 0.0
    for (_key, name), css, length, share in zip(STATIONS, "abcde", lengths, shares, strict=False):
        width = TAPE * share / sum(shares)
        stretches.append(Stretch(css, str(name), duration(length), round(x, 1), round(width - TAPE_GAP, 1)))
        x += width
    return stretches


def whole(at: Times) -> timedelta | None:
    """Return how long a finished run took from press to file."""
    if at["ready"] is None or at["asked"] is None:
        return None
    return at["ready"] - at["asked"]


def _passed(name: str, at: Times, number: int, *, beside: datetime) -> Station:
    reached, left = at[STATIONS[number][0]], at[STATIONS[number + 1][0]]
    took = duration(left - reached) if left and reached else ""
    return Station(name, "done", took=took, at=clock(reached, beside))


def _present(name: str, reached: datetime | None, run: ExportRun, now: datetime, *, is_gone: bool) -> Station:
    if run.status == Status.SUCCEEDED:
        return _arrived(name, run, is_gone=is_gone)
    begun = reached or run.changed_at
    if run.is_over:
        assert run.finished_at is not None
        # Without the time of its arrival nobody knows how long the run stayed here.
        took = duration(run.finished_at - reached) if reached else ""
        when = clock(run.finished_at, run.created_at)
        if run.status == Status.CANCELLED:
            return Station(name, "stop", took=took, at=format_html(_("cancelled {}"), when))
        return Station(name, "fail", took=took, at=format_html(_("failed {}"), when))
    took = _("%(time)s so far") % {"time": so_far(now - begun)}
    since = format_html(_("since {}"), clock(begun, now))
    return Station(name, "wait" if run.code in WAITING else "now", took=took, at=since)


def _arrived(name: str, run: ExportRun, *, is_gone: bool) -> Station:
    assert run.finished_at is not None
    if is_gone:
        assert run.file is not None
        if run.file.removed_by_id:
            return Station(_("Removed"), "gone", at=clock(run.file.removed_at, run.created_at))
        return Station(_("Removed"), "gone", at=format_html(_("kept until {}"), stamp(run.file.expires_at)))
    took = _("%(time)s in all") % {"time": duration(run.finished_at - run.created_at)}
    return Station(name, "goal", took=took, at=clock(run.finished_at, run.created_at))


def so_far(length: timedelta) -> str:
    """Return a time that goes on, as exact as it stays true until the page is drawn again."""
    seconds = length.total_seconds()
    return duration(seconds - seconds % 60) if seconds >= 600 else duration(max(1, int(seconds)))


def _guessed(first: datetime, last: datetime) -> str:
    if f"{first:%H:%M}" == f"{last:%H:%M}":
        return format_html(_("about {}"), stamp(first))
    return format_html(_("about {} to {}"), stamp(first), stamp(last))
