"""Counting what stands in each column of a file: the long step of a survey."""

from __future__ import annotations

from django.db import transaction

from audit import actions as audit
from exports import files, rows, survey
from exports.contents import NotAsPromised
from exports.models import Survey
from exports.survey import Figures, NotAsVerified
from runs import nudges
from runs.heartbeat import Clock, HandedOn, Heartbeat, Stopped
from runs.models import Status


def make(made: Survey, clock: Clock) -> None:
    """Read a file to its end and keep the figures of its columns, under the claim. Raises StaleRun."""
    beat = Heartbeat(made, clock)
    beat.total = made.of.content_length
    if made.status == Status.QUEUED:
        made.move(Status.RUNNING, "making", now=clock())
    try:
        figures = _read(made, beat)
    except HandedOn:
        made.wait("making", now=clock(), until=clock())
        nudges.send(made)
    except Stopped:
        made.move(Status.FAILED, "stopped", now=clock())
    except FileNotFoundError:
        made.move(Status.FAILED, "original_gone", now=clock())
    except (NotAsVerified, NotAsPromised, rows.Unreadable, rows.RowTooLong, UnicodeDecodeError, OSError):
        made.move(Status.FAILED, "original_damaged", now=clock())
    else:
        now = clock()
        with transaction.atomic():
            made.move(Status.SUCCEEDED, "ready", now=now, columns=[column.to_json() for column in figures])
            audit.record("file.surveyed", by=made.owner, target=made.of.run, now=now, rows=made.of.row_count)


def _read(made: Survey, beat: Heartbeat) -> list[Figures]:
    """Return the figures of each column. Raises NotAsVerified where they are not of all that was verified."""
    figures = survey.take(rows.of(beat.watch(files.content(made.of), "making")))
    counted = {column.filled + column.empty for column in figures}
    if len(figures) != len(made.of.header) or counted != {made.of.row_count}:
        raise NotAsVerified
    return figures
