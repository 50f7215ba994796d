"""Comparing the files of two runs: the long step of a drift. Nobody is named before what was written was read back."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from audit import actions as audit
from exports import deriving, drift, excel_csv, files, rows
from exports.contents import NotAsPromised
from exports.drift import Change, ColumnsMissing, Counts, NotAsVerified, Side, What
from exports.models import Drift, ExportFile, ExportRun
from exports.pair import NoColumn, Pair
from runs import nudges, storage
from runs.heartbeat import Clock, HandedOn, Heartbeat, Stopped
from runs.models import StaleRun, Status

DAMAGE = (NotAsVerified, NotAsPromised, rows.Unreadable, rows.RowTooLong, UnicodeDecodeError)


def folder(made: Drift) -> str:
    """Return where in storage the people of a comparison lie."""
    return f"drift/{made.uuid}"


def make(made: Drift, clock: Clock) -> None:
    """Compare two files, write down who changed, read that back, and keep it, under the claim. Raises StaleRun."""
    beat = Heartbeat(made, clock)
    # As for a derived file: the claim's number is in the name, and the row decides which of two counts.
    name = f"{folder(made)}/{made.claim_no}"
    if made.status == Status.QUEUED:
        made.move(Status.RUNNING, "reading", now=clock())
    storage.clear(default_storage, folder(made), upto=made.claim_no)
    try:
        with default_storage.open(name, "wb") as to, translation.override(_language(made)):
            counts, lines = _write(made, beat, to)
        length, sha256 = deriving.read_back(name, beat)
        _succeed(made, _Found(name, counts, lines, length, sha256), clock)
    except StaleRun:
        default_storage.delete(name)
        raise
    except HandedOn:
        default_storage.delete(name)
        made.wait("reading", now=clock(), until=clock())
        nudges.send(made)
    except (Stopped, NoColumn, ColumnsMissing, OSError, *DAMAGE) as error:
        default_storage.delete(name)
        if (code := _why(error)) is None:
            raise
        made.move(Status.FAILED, code, now=clock())


@dataclass(frozen=True)
class _Found:
    """What was made, and where it lies."""

    name: str
    counts: Counts
    lines: int
    length: int
    sha256: str


def _language(made: Drift) -> str:
    return made.owner.language or settings.LANGUAGE_CODE


def _why(error: Exception) -> str | None:
    """Return the code of a failure that was foreseen."""
    match error:
        case Stopped():
            return "stopped"
        case FileNotFoundError():
            return "original_gone"
        case NoColumn():
            return "no_column"
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return "no_room"
        case OSError():
            return None
    return "original_damaged"


def _write(made: Drift, beat: Heartbeat, to: IO[bytes]) -> tuple[Counts, int]:
    """Write who changed, a line for each person and channel; return the counts, and how many lines came."""
    counts = Counts()
    # Somebody will open it by a double click, and an address is anybody's own words.
    written = excel_csv.write(_lines(made, beat, counts), to)
    if counts.rows != [_file(run).row_count for run in (made.older, made.newer)]:
        raise NotAsVerified
    return counts, written.rows


def _lines(made: Drift, beat: Heartbeat, counts: Counts) -> Iterator[list[str]]:
    two = Pair(made.older, made.newer)
    names, words, lines = [channel.name for channel in two.channels], _words(), 0
    yield [_("what happened"), _("channel"), _("key"), _("address before"), _("address now")]
    for part in _compared(made, two, beat, counts):
        yield from (_cells(change, words, names) for change in part)
        lines += len(part)
        beat("comparing", lines)


def _compared(made: Drift, two: Pair, beat: Heartbeat, counts: Counts) -> Iterator[list[Change]]:
    older, newer = _file(made.older), _file(made.newer)
    beat.total = older.content_length + newer.content_length
    keys = two.titles(made.joined_on)
    chunks = (
        beat.watch(files.content(older), "reading"),
        beat.watch(files.content(newer), "reading", before=older.content_length),
    )
    sides = (
        Side(rows.of(chunks[0]), keys[0], [channel.older for channel in two.channels]),
        Side(rows.of(chunks[1]), keys[1], [channel.newer for channel in two.channels]),
    )
    return drift.compare(*sides, counts, rows=older.row_count + newer.row_count)


def _file(run: ExportRun) -> ExportFile:
    if run.file is None:
        raise FileNotFoundError
    return run.file


def _words() -> dict[What, str]:
    return {
        "lost": _("lost consent"),
        "gained": _("gained consent"),
        "moved": _("address changed"),
        "left": _("left"),
        "came": _("came"),
    }


def _cells(change: Change, words: dict[What, str], names: list[str]) -> list[str]:
    channel = "" if change.channel is None else names[change.channel]
    return [words[change.what], channel, change.key.decode(), change.before.decode(), change.now.decode()]


def _succeed(made: Drift, found: _Found, clock: Clock) -> None:
    now = clock()
    with transaction.atomic():
        # Whoever removes an original waits here for us, or we for them: no name outlives the file it is from.
        pks = [_file(run).pk for run in (made.older, made.newer)]
        originals = list(ExportFile.objects.select_for_update().filter(pk__in=pks).order_by("pk"))
        if not all(file.is_kept(now) for file in originals):
            raise FileNotFoundError
        made.move(
            Status.SUCCEEDED,
            "ready",
            now=now,
            counts=found.counts.to_json(),
            storage_name=found.name,
            length=found.length,
            sha256=found.sha256,
            row_count=found.lines,
        )
        older = str(made.older.pk)  # a number of a run is no amount
        audit.record("run.compared", by=made.owner, target=made.newer, now=now, older=older, rows=found.lines)
