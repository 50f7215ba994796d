"""What a file holds, in figures: who may be contacted and how, and what each column means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from exports.models import ExportFile, ExportRun
from exports.spec import Column
from wording.amounts import count

FOLDED_AFTER = 14  # columns


@dataclass(frozen=True)
class Share:
    """So many of so many, with the bar that shows it."""

    name: str
    value: int
    of: int

    @property
    def width(self) -> float:
        """Of a bar 100 wide. What is there at all is seen."""
        if not self.of:
            return 0.0
        return max(0.6, round(100 * self.value / self.of, 1)) if self.value else 0.0

    @property
    def percent(self) -> str:
        """In whole per cent, never rounded to nobody or everybody."""
        if not self.of:
            return ""
        exact = 100 * self.value / self.of
        if 0 < exact < 1:
            return _("under 1 %%") % ()
        if 99 < exact < 100:
            return _("over 99 %%") % ()
        return _("%(n)s %%") % {"n": round(exact)}


@dataclass(frozen=True)
class FileColumn:
    """A column as the file has it. `kind` is empty for one that nobody asked for."""

    number: int
    title: str
    kind: str
    name: str
    is_address: bool = False
    filled: Share | None = None


@dataclass(frozen=True)
class Figures:
    """The figures of a file that a run brought home."""

    file: ExportFile
    wanted: tuple[Column, ...]

    @property
    def counts(self) -> dict[str, Any]:
        return dict(self.file.counts)

    @property
    def rows(self) -> int:
        return self.file.row_count

    @property
    def contactable(self) -> int:
        """People who said yes on at least one channel."""
        return int(self.counts.get("contactable", 0))

    @property
    def silent(self) -> int:
        """People in the file who may not be contacted."""
        return max(0, self.rows - self.contactable)

    @cached_property
    def channels(self) -> list[Share]:
        """Those who consented, channel by channel."""
        consented = self.counts.get("consented", {})
        return [
            Share(column.name, consented.get(column.title, 0), self.rows)
            for column in self.wanted
            if column.kind == "consent"
        ]

    @property
    def both(self) -> int | None:
        """Those who consented on both channels, where there are just two: more cannot be told from the counts."""
        if len(self.channels) != 2:
            return None
        return max(0, sum(channel.value for channel in self.channels) - self.contactable)

    @cached_property
    def segments(self) -> list[Share]:
        members = self.counts.get("members", {})
        return [
            Share(column.name, members.get(column.title, 0), self.rows)
            for column in self.wanted
            if column.kind == "segment"
        ]

    @property
    def members(self) -> int:
        """People who are in at least one of the segments."""
        return int(self.counts.get("member_of_any", 0))

    @property
    def contactable_members(self) -> int | None:
        """Those of them who said yes on at least one channel; None for a file from before this was counted."""
        return self.counts.get("contactable_members")

    @property
    def channel_sentence(self) -> str:
        """The channels with their figures, for the small print: “Email 31,204, SMS 12,377, both 9,711”."""
        parts = [f"{channel.name} {count(channel.value)}" for channel in self.channels]
        if self.both is not None:
            parts.append(_("both %(n)s") % {"n": count(self.both)})
        return ", ".join(parts)

    @cached_property
    def columns(self) -> list[FileColumn]:
        """The columns in the file's own order, each with what it means."""
        known = {column.title: column for column in self.wanted}
        return [self._column(number, title, known.get(title)) for number, title in enumerate(self.file.header, 1)]

    @property
    def first_columns(self) -> Sequence[FileColumn]:
        return self.columns[:FOLDED_AFTER]

    @property
    def more_columns(self) -> Sequence[FileColumn]:
        return self.columns[FOLDED_AFTER:]

    @property
    def addresses(self) -> list[str]:
        """The titles of columns that hold an address whether or not the person agreed."""
        return [column.title for column in self.columns if column.is_address]

    def _column(self, number: int, title: str, column: Column | None) -> FileColumn:
        if column is None:
            # What the vendor calls its key is not documented; it is its first column.
            return (
                FileColumn(number, title, "key", _("Export key")) if number == 1 else FileColumn(number, title, "", "")
            )
        key = {"consent": "consented", "segment": "members", "attribute": "filled"}.get(column.kind, "")
        counted = self.counts.get(key, {}).get(title)  # of a file from before these were counted it is not known
        filled = None if counted is None else Share(title, counted, self.rows)
        return FileColumn(number, title, column.kind, column.name, column.is_address, filled)


def of(run: ExportRun) -> Figures | None:
    """Return the figures of the run's file; they outlive its bytes. None while there is no file."""
    if run.file is None:
        return None
    return Figures(run.file, tuple(run.consent_spec.columns()))
