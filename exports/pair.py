"""Two runs of one saved segment beside one another: what both have, and what only one asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from exports import changes
from exports.models import ExportRun, SavedSegment
from exports.spec import ConsentSpec
from runs.models import Status

MOST = 50  # runs to choose from


class NoColumn(Exception):
    """The two files have no column to be joined by: none that is sure to be the key, or not the one that was named."""


@dataclass(frozen=True)
class Shared:
    """Something that both runs have a column of. Its title may be another in each."""

    id: str
    name: str
    older: str
    newer: str


@dataclass(frozen=True)
class Pair:
    """Two runs that brought files, the one with the older data first."""

    older: ExportRun
    newer: ExportRun

    @property
    def specs(self) -> tuple[ConsentSpec, ConsentSpec]:
        return self.older.consent_spec, self.newer.consent_spec

    @property
    def channels(self) -> list[Shared]:
        """The channels of which both have a column, in the newer one's order."""
        before, now = ({item.id: item for item in spec.consents} for spec in self.specs)
        return [Shared(id, item.name, before[id].column, item.column) for id, item in now.items() if id in before]

    @property
    def apart(self) -> list[str]:
        """The names of channels that only one of them has a column of."""
        before, now = ({item.id: item.name for item in spec.consents} for spec in self.specs)
        return [name for id, name in {**before, **now}.items() if id not in before or id not in now]

    @property
    def joins(self) -> list[Shared]:
        """The attributes that both have a column of: what rows can be joined by where export keys cannot be trusted."""
        before, now = ({item.discriminator or item.id: item for item in spec.attributes} for spec in self.specs)
        return [Shared(id, item.name, before[id].column, item.column) for id, item in now.items() if id in before]

    @property
    def differences(self) -> list[str]:
        """What the two asked for otherwise, as sentences; nothing where a difference of the files is one of people."""
        return changes.between(*self.specs)

    def titles(self, joined_on: str) -> tuple[str, str]:
        """Return the titles of the columns to join by. Raises NoColumn."""
        if not joined_on:
            return key_of(self.older), key_of(self.newer)
        found = next((one for one in self.joins if one.id == joined_on), None)
        if found is None:
            raise NoColumn
        return found.older, found.newer


def of(one: ExportRun, other: ExportRun) -> Pair:
    """Return two runs in the order of their data."""
    older, newer = sorted((one, other), key=lambda run: (run.as_of, run.pk))
    return Pair(older, newer)


def choices(segment: SavedSegment, user: User, *, now: datetime) -> list[ExportRun]:
    """Return somebody's runs of a saved segment that can be compared, newest first: those whose files are here."""
    runs = ExportRun.objects.owned_by(user).filter(segment=segment, status=Status.SUCCEEDED)
    found = list(runs.filter(file__removed_at=None, file__expires_at__gt=now).brief().order_by("-pk")[:MOST])
    for run in found:
        run.segment = segment
    return found


def key_of(run: ExportRun) -> str:
    """Return the title of a file's export key. Raises NoColumn.

    What the vendor calls it is not documented: it is the first column, and one that nobody has asked for.
    """
    assert run.file is not None
    header: Sequence[str] = run.file.header
    asked = {column.title for column in run.consent_spec.columns() if column.kind != "key"}
    if not header or header[0] in asked:
        raise NoColumn
    return header[0]
