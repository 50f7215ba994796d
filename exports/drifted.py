"""What changed between two runs as its page tells it: a sentence, a line for each channel, and what to mind."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from accounts.models import User
from exports.models import Drift, DriftQuerySet, ExportRun, SavedSegment
from exports.pair import Pair
from runs.models import Status
from wording.amounts import count, size

LATEST = 5  # comparisons in the list of a segment, or of a run
PACE = 2  # seconds between two looks at a comparison on its way

TROUBLES = {
    "stopped": lazy("Comparing was stopped. Compare again."),
    "original_gone": lazy("The file of one of the two runs was removed meanwhile, so nothing can be compared."),
    "original_damaged": lazy(
        "A file on this desk’s disk is not the one that was verified, so nothing was compared. Do not use what you may "
        "have taken of it today; run again with today’s data, and tell an admin."
    ),
    "no_column": lazy("The two files have no such column in common to tell people apart by. Choose another."),
    "no_room": lazy("This desk’s disk was full. The originals are here; compare again when an admin has made room."),
}


@dataclass(frozen=True)
class Line:
    """What became of the consents of one channel, in people."""

    name: str
    before: int
    lost: int
    gained: int
    left: int
    came: int
    moved: int
    now: int

    @property
    def is_still(self) -> bool:
        return not (self.lost or self.gained)


@dataclass(frozen=True)
class Told:
    """A comparison as its page shows it. `state` is one of: making, there, failed, too late.

    `so` and `soft` are its sentence in two voices. `differences` say what the two runs asked for otherwise, and
    `remarks` what else to mind.
    """

    state: str
    so: str
    soft: str = ""
    lead: str = ""
    lines: Sequence[Line] = ()
    differences: Sequence[str] = ()
    remarks: Sequence[str] = ()
    has_people: bool = False  # their file can be had
    said: str = ""
    progress: str = ""
    pace: int = 0
    mark: str = ""


def of(made: Drift, *, now: datetime) -> Told:
    """Return what is known of a comparison."""
    two = Pair(made.older, made.newer)
    mark = f"{zlib.crc32(f'{made.pk}:{made.version}'.encode()):08x}"
    asked: dict[str, Any] = {"differences": two.differences, "mark": mark}
    if made.status == Status.SUCCEEDED:
        return _there(made, two, asked, now=now)
    if made.is_over:
        is_kept = made.is_kept(now)
        said = _trouble(made)
        return Told("failed" if is_kept else "too late", _("These two runs were not compared."), said=said, **asked)
    return Told("making", _("Two runs are being compared."), pace=PACE, progress=_progress(made), **asked)


@dataclass(frozen=True)
class Brief:
    """A comparison as one line of a list."""

    made: Drift
    text: str


def of_segment(segment: SavedSegment, user: User) -> list[Brief]:
    """Return the last comparisons of somebody's own runs of a saved segment, newest first."""
    return _latest(Drift.objects.filter(newer__segment=segment, newer__owner=user, older__owner=user))


def of_run(run: ExportRun, user: User) -> list[Brief]:
    """Return the last comparisons of a run that somebody may see, newest first."""
    return _latest(Drift.objects.visible_to(user).touching(run))


def _latest(found: DriftQuerySet) -> list[Brief]:
    told = found.select_related("older__segment", "newer__segment").order_by("-pk")[:LATEST]
    return [Brief(made, sentence(made)) for made in told]


def sentence(made: Drift) -> str:
    """Return one line about a comparison, for a list of them."""
    if made.status == Status.SUCCEEDED:
        so, soft = _sentences(made, _lines(made, Pair(made.older, made.newer)))
        return f"{so} {soft}".strip()
    between = {"older": _day(made.older), "newer": _day(made.newer)}
    words = _("Not compared: %(older)s and %(newer)s") if made.is_over else _("Comparing %(older)s and %(newer)s")
    return words % between


def _there(made: Drift, two: Pair, asked: Mapping[str, Any], *, now: datetime) -> Told:
    lines = _lines(made, two)
    so, soft = _sentences(made, lines)
    return Told(
        "there",
        so,
        soft,
        lead=_lead(made.counts),
        lines=lines,
        remarks=[*_unclear(made.counts), *_apart(two), *_left_out(two)],
        has_people=made.is_kept(now),
        **asked,
    )


def _lines(made: Drift, two: Pair) -> list[Line]:
    counted = made.counts["channels"]
    return [Line(channel.name, **figures) for channel, figures in zip(two.channels, counted, strict=True)]


# ── The sentence ─────────────────────────────────────────────────────────────────────────────────────────────


def _sentences(made: Drift, lines: Sequence[Line]) -> tuple[str, str]:
    """Return what happened on the first channel on which anything did, and then of the others."""
    when = _when(made)
    if not lines:
        return _("%(when)s: the two runs have no channel in common.") % {"when": when}, ""
    told = sorted(lines, key=lambda line: line.is_still)
    if told[0].is_still:
        return _("%(when)s, nobody lost or gained consent.") % {"when": when}, ""
    so = _("%(when)s, %(what)s.") % {"when": when, "what": _happened(told[0])}
    rest = "; ".join(_happened(line) for line in told[1:])
    return so, _("And %(what)s.") % {"what": rest} if rest else ""


def _happened(line: Line) -> str:
    said = {"channel": line.name}
    if line.is_still:
        return _("nobody lost or gained %(channel)s consent") % said
    if not line.lost:
        words = ngettext(
            "%(n)s person gained %(channel)s consent and nobody lost it",
            "%(n)s people gained %(channel)s consent and nobody lost it",
            line.gained,
        )
        return words % {**said, "n": count(line.gained)}
    lost = ngettext("%(n)s person lost %(channel)s consent", "%(n)s people lost %(channel)s consent", line.lost)
    lost %= {**said, "n": count(line.lost)}
    if not line.gained:
        return _("%(lost)s and nobody gained it") % {"lost": lost}
    gained = ngettext("%(n)s gained it", "%(n)s gained it", line.gained) % {"n": count(line.gained)}
    return _("%(lost)s and %(gained)s") % {"lost": lost, "gained": gained}


def _when(made: Drift) -> str:
    """Say between which two moments, as short as can be."""
    older, newer = (timezone.localtime(run.as_of) for run in (made.older, made.newer))
    if f"{older:%Y%m%d%H%M}" == f"{newer:%Y%m%d%H%M}":
        return _("Between run %(older)s and run %(newer)s") % {"older": made.older.pk, "newer": made.newer.pk}
    if older.date() == newer.date():
        told = {"from": f"{older:%H:%M}", "to": f"{newer:%H:%M}", "day": _day(made.newer)}
        return _("On %(day)s, between %(from)s and %(to)s") % told
    if newer.date() == timezone.localdate():
        return _("Since %(day)s") % {"day": _day(made.older)}
    return _("Between %(first)s and %(last)s") % {"first": _day(made.older), "last": _day(made.newer)}


def _day(run: ExportRun) -> str:
    at = timezone.localtime(run.as_of)
    return formats.date_format(at, "l j F" if at.year == timezone.localdate().year else "l j F Y")


def _lead(counts: Mapping[str, Any]) -> str:
    """Say who came and who left."""
    both = ngettext("%(n)s person is in both files", "%(n)s people are in both files", counts["both"])
    said = {
        "both": both % {"n": count(counts["both"])},
        "came": ngettext("%(n)s came", "%(n)s came", counts["came"]) % {"n": count(counts["came"])},
        "left": ngettext("%(n)s left", "%(n)s left", counts["left"]) % {"n": count(counts["left"])},
    }
    return _("%(both)s, %(came)s and %(left)s.") % said


# ── What to mind ─────────────────────────────────────────────────────────────────────────────────────────────


def _unclear(counts: Mapping[str, Any]) -> list[str]:
    """Say whom nobody could tell apart."""
    said, (older, newer) = [], counts["unclear"]
    if keys := counts["keys_again"]:
        words = ngettext(
            "%(n)s key stands more than once in a file, in %(older)s rows before and %(newer)s now. Whose row is whose "
            "cannot be known, so these are not compared.",
            "%(n)s keys stand more than once in a file, in %(older)s rows before and %(newer)s now. Whose row is whose "
            "cannot be known, so these are not compared.",
            keys,
        )
        said.append(words % {"n": count(keys), "older": count(older["again"]), "newer": count(newer["again"])})
    if older["blank"] or newer["blank"]:
        words = _("Rows without a key are not compared: %(older)s before, %(newer)s now.")
        said.append(words % {"older": count(older["blank"]), "newer": count(newer["blank"])})
    return said


def _apart(two: Pair) -> list[str]:
    if not two.apart:
        return []
    return [_("Only one of the two runs has these channels, so they are not compared: %(names)s.") % {
        "names": ", ".join(two.apart)
    }]  # fmt: skip


def _left_out(two: Pair) -> list[str]:
    """Say where losing consent and leaving the file are the same."""
    if not any(spec.exclude_unsubscribed for spec in two.specs):
        return []
    return [
        _(
            "People without any of these consents are left out of such a file. Who lost their last one is among those "
            "who left, and who gave their first among those who came."
        )
    ]


# ── While it is made, and when it is not ─────────────────────────────────────────────────────────────────────


def _progress(made: Drift) -> str:
    done, total = made.facts.get("bytes"), made.facts.get("total")
    if made.status == Status.QUEUED or not total:
        return _("Waiting for a worker")
    if made.code == "reading":
        return _("Read %(done)s of %(total)s") % {"done": size(done), "total": size(total)}
    return _("Writing down who changed") if made.code == "comparing" else _("Reading it back")


def _trouble(made: Drift) -> str:
    if made.code in TROUBLES:
        return str(TROUBLES[made.code])
    told = {"reference": made.facts.get("reference", "")}
    return _("Something broke on our side; the files are untouched. Compare again, or quote %(reference)s.") % told
