"""The long step of a check: every row of an upload looked at, and the parts cut that would go."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import translation

from imports import faults, files
from imports.models import Check
from imports.parse.checking import Checked, check
from imports.parse.plan import Plan
from imports.parse.reading import Reading, Unreadable
from imports.parse.splitting import Part, split
from runs import nudges
from runs.heartbeat import Clock, HandedOn, Heartbeat, Stopped
from runs.models import Status


def make(made: Check, clock: Clock) -> None:
    """Check an upload and cut its parts, under the claim. Raises StaleRun."""
    beat = Heartbeat(made, clock)
    length = files.size(made.upload.table) or 0
    beat.total = 2 * length  # it is read twice
    if made.status == Status.QUEUED:
        made.move(Status.RUNNING, "checking", now=clock())
    # The claim number is in the name: two processes that both believe to hold the check write two folders.
    folder = f"{made.upload.folder}/check-{made.pk}-{made.claim_no}"
    try:
        with translation.override(made.owner.language or settings.LANGUAGE_CODE):
            checked, parts = _made(made, folder, length, beat)
        beat.stop_if_asked()
    except HandedOn:
        made.wait("checking", now=clock(), until=clock())
        nudges.send(made)
    except Stopped:
        made.move(Status.CANCELLED, "stopped", now=clock())
    except FileNotFoundError:
        made.move(Status.FAILED, "file_gone", now=clock())
    except Unreadable as error:
        made.move(Status.FAILED, error.code, now=clock(), facts=error.facts)
    else:
        with transaction.atomic():
            made.move(
                Status.SUCCEEDED,
                "checked",
                now=clock(),
                findings=checked.findings.to_json(),
                parts=[part.to_json() for part in parts],
                folder=folder,
            )


def _made(made: Check, folder: str, length: int, beat: Heartbeat) -> tuple[Checked, list[Part]]:
    reading, plan = Reading.from_json(made.upload.reading or {}), Plan.from_json(made.plan)
    with (
        tempfile.TemporaryDirectory(prefix="check-") as scratch,
        default_storage.open(made.upload.table) as file,
        default_storage.open(files.rejects_in(folder), "wb") as rejects,
    ):
        checked = check(file, reading, plan, folder=Path(scratch), alive=lambda read: beat("checking", read))
        file.seek(0)
        parts = split(
            file,
            reading,
            plan,
            checked,
            limit=settings.IMPORT_PART_BYTES,
            part=lambda number: default_storage.open(files.part_in(folder, number), "wb"),
            numbers=lambda number: default_storage.open(files.rows_in(folder, number), "wb"),
            rejects=rejects,
            say=faults.short,
            alive=lambda read: beat("cutting", length + read),
        )
    with default_storage.open(files.examples_in(folder), "wb") as kept:
        kept.write(_told(checked))
    return checked, parts


def _told(checked: Checked) -> bytes:
    """Write down the first faulty rows of each kind, and days as they will be stored: for the page, beside the file."""
    examples: Iterable[Any] = [[*of, found] for of, found in checked.examples.items()]
    return json.dumps({"examples": list(examples), "pairs": checked.pairs}).encode()
