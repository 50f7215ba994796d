"""What became of every row of an import: seven numbers, which sum to the rows of the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from imports.models import Import, ImportPart
from runs.models import Status

USABLE_AFTER = timedelta(minutes=30)  # help.apsis.one, File Import Checklist: before other tools there see a profile


@dataclass(frozen=True)
class Fate:
    """One of the seven: its word for code and style, its name, its rows, and where it takes up the bar, in percent."""

    word: str
    name: str
    count: int
    share: float = 0.0


@dataclass(frozen=True)
class Report:
    """The seven numbers of an import as they stand."""

    rows: int
    created: int
    updated: int
    unchanged: int
    left_out: int
    rejected_here: int
    rejected_there: int
    unknown: int

    @property
    def sum(self) -> int:
        """All seven together: the rows of the file."""
        return sum(fate.count for fate in self.fates)

    @property
    def arrived(self) -> int:
        """The rows that are at the vendor as they should be."""
        return self.created + self.updated + self.unchanged

    @property
    def fates(self) -> list[Fate]:
        """The seven, those first that somebody may have to do something about."""
        return [Fate(word, name, count, 100 * count / max(self.rows, 1)) for word, name, count in self._named()]

    def _named(self) -> Iterator[tuple[str, str, int]]:
        yield "rejected-there", _("Rejected by APSIS"), self.rejected_there
        yield "rejected-here", _("Rejected by our check"), self.rejected_here
        yield "unknown", _("Not known"), self.unknown
        yield "left-out", _("Left out by your choice"), self.left_out
        yield "created", _("Created"), self.created
        yield "updated", _("Updated"), self.updated
        yield "unchanged", _("Unchanged"), self.unchanged


def of(whole: Import, parts: Sequence[ImportPart]) -> Report:
    """Return the report of an import from its parts that count. What a part stopped in time held was left out."""
    counted = [part for part in parts if part.replaced_at is None]
    created, updated, unchanged, failed = (
        sum(getattr(part, name) or 0 for part in counted) for name in ("created", "updated", "unchanged", "failed")
    )
    stopped = sum(part.row_count for part in counted if part.status == Status.CANCELLED)
    sent = sum(part.row_count for part in counted if part.status != Status.CANCELLED)
    return Report(
        rows=whole.row_count,
        created=created,
        updated=updated,
        unchanged=unchanged,
        left_out=whole.left_out + stopped,
        rejected_here=whole.rejected,
        rejected_there=failed,
        # Where the vendor counts otherwise than we sent, the difference is nobody's guess.
        unknown=sent - created - updated - unchanged - failed,
    )


def usable_from(parts: Sequence[ImportPart]) -> datetime | None:
    """Return when the imported people can be used at the vendor, as far as its pages say; None before the last part."""
    ends = [part.finished_at for part in parts if part.replaced_at is None and part.status == Status.SUCCEEDED]
    known = [end for end in ends if end is not None]
    return max(known) + USABLE_AFTER if known else None
