"""The long step of a conversion: a sheet of a spreadsheet is written as text, which is then read like any other."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO

from django.core.files.storage import default_storage
from django.db import transaction

from imports.models import Conversion, Upload
from imports.parse import sniffing, spreadsheets
from imports.parse.reading import Reading, Unreadable
from imports.parse.spreadsheets import Converted
from runs import nudges
from runs.heartbeat import Clock, HandedOn, Heartbeat, Stopped
from runs.models import Status

PIECE = 1024 * 1024  # bytes copied at a time


def make(made: Conversion, clock: Clock) -> None:
    """Write a sheet as text, under the claim. Raises StaleRun."""
    beat = Heartbeat(made, clock)
    if made.status == Status.QUEUED:
        made.move(Status.RUNNING, "converting", now=clock())
    # The claim number is in the name: two processes that both believe to hold it write two files.
    name = f"{made.upload.folder}/table-{made.pk}-{made.claim_no}"
    try:
        found, sheets, reading = _made(made, name, beat)
        beat.stop_if_asked()
    except HandedOn:
        made.wait("converting", now=clock(), until=clock())
        nudges.send(made)
    except Stopped:
        made.move(Status.CANCELLED, "stopped", now=clock())
    except FileNotFoundError:
        made.move(Status.FAILED, "file_gone", now=clock())
    except Unreadable as error:
        made.move(Status.FAILED, error.code, now=clock(), facts=error.facts)
    else:
        now = clock()
        with transaction.atomic():
            made.move(Status.SUCCEEDED, "converted", now=now, facts={"rows": found.rows, **found.remarks})
            Upload.objects.filter(pk=made.upload_id).update(
                table_name=name,
                sheets=sheets,
                remarks=dict(found.remarks),
                reading=reading.to_json(),
                is_read=False,
                columns={},
                changed_at=now,
            )


def _made(made: Conversion, name: str, beat: Heartbeat) -> tuple[Converted, list[str], Reading]:
    with tempfile.TemporaryDirectory(prefix="sheet-") as scratch:
        path = Path(scratch) / "workbook"
        with default_storage.open(made.upload.storage_name) as file, path.open("wb") as copy:
            _copy(file, copy)
        sheets = spreadsheets.sheets(str(path))
        if not sheets:
            raise Unreadable("no_sheet")
        sheet = made.sheet if made.sheet in sheets else sheets[0]
        text = Path(scratch) / "table"
        with text.open("w+b") as out:
            found = spreadsheets.convert(str(path), sheet, out, alive=lambda written: beat("converting", written))
            out.seek(0)
            with default_storage.open(name, "wb") as kept:
                _copy(out, kept)
            out.seek(0)
            sample = out.read(sniffing.SAMPLE)
    return found, sheets, _reading(sample, sheet, found)


def _reading(sample: bytes, sheet: str, found: Converted) -> Reading:
    """Return how the text is read: all is known of it but the row that its titles stand in."""
    guess = sniffing.sniff(sample, is_whole=False)
    return Reading("utf-8", ",", '"', guess.header_row if found.rows else 1, sheet)


def _copy(source: IO[bytes], to: IO[bytes]) -> None:
    while piece := source.read(PIECE):
        to.write(piece)
