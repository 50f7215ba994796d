"""Making a form of a file: the long step of a derived file. Nothing is shown before it was read back."""

from __future__ import annotations

import errno
import hashlib
import zipfile
from typing import IO, Any

from django.core.files.storage import default_storage
from django.db import transaction

from audit import actions as audit
from exports import excel_csv, files, offers, readme, rows, selection, workbook
from exports.events import readable
from exports.events.reading import Unreadable
from exports.models import DerivedFile, ExportFile
from exports.receive import CHUNK
from runs import nudges, storage
from runs.heartbeat import Clock, HandedOn, Heartbeat, Stopped
from runs.models import StaleRun, Status

Form = DerivedFile.Form


class NotSound(Exception):
    """What was read back is not what was written."""


def folder(derived: DerivedFile) -> str:
    """Return where in storage a derived file lies."""
    return f"derived/{derived.uuid}"


def make(derived: DerivedFile, clock: Clock) -> None:
    """Write a form of a file, read it back, and keep it, under the claim. Raises StaleRun."""
    beat = Heartbeat(derived, clock)
    beat.total = derived.of.content_length
    # As for the original: the claim's number is in the name, and the row decides which of two counts.
    name = f"{folder(derived)}/{derived.claim_no}"
    if derived.status == Status.QUEUED:
        derived.move(Status.RUNNING, "making", now=clock())
    storage.clear(default_storage, folder(derived), upto=derived.claim_no)
    try:
        with default_storage.open(name, "wb") as to:
            made = _write(derived, beat, to)
        length, sha256 = read_back(name, beat)
        if derived.form in (Form.WORKBOOK, Form.READABLE):
            _test(name, beat)
        _succeed(derived, name, made, length=length, sha256=sha256, clock=clock)
    except StaleRun:
        default_storage.delete(name)
        raise
    except HandedOn:
        default_storage.delete(name)
        derived.wait("making", now=clock(), until=clock())
        nudges.send(derived)
    except (Stopped, FileNotFoundError, NotSound, Unreadable, OSError) as error:
        if (code := _why(error)) is None:
            raise
        default_storage.delete(name)
        derived.move(Status.FAILED, code, now=clock())


def _why(error: Exception) -> str | None:
    """Return the code of a failure that was foreseen."""
    match error:
        case Stopped():
            return "derived_stopped"
        case FileNotFoundError():
            return "original_gone"
        case NotSound():
            return "derived_damaged"
        case Unreadable():
            return "events_unread"
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return "derived_no_room"
    return None


def _write(derived: DerivedFile, beat: Heartbeat, to: IO[bytes]) -> dict[str, Any]:
    """Write the form; return its rows, and what the page must say of it."""
    if derived.form in offers.OF_EVENTS:
        return readable.write(derived, beat, to)
    file, pieces = derived.of, rows.of(beat.watch(files.content(derived.of), "making"))
    if derived.choice:
        chosen = {name: tuple(titles) for name, titles in derived.choice.items()}
        pieces = selection.contactable(pieces, selection.Contactable(**chosen))
    if derived.form == Form.EXCEL_CSV:
        return vars(excel_csv.write(pieces, to))
    if derived.form == Form.CSV:
        return {"rows": rows.write(pieces, to)}
    made = workbook.write(
        pieces,
        to,
        kinds={column.title: column.kind for column in file.run.consent_spec.columns()},
        rows=None if derived.choice else file.row_count,
        most=(file.row_count, file.content_length),
        about=readme.lines(derived),
        at=file.made_at,
    )
    return vars(made)


def read_back(name: str, beat: Heartbeat) -> tuple[int, str]:
    """Return the length and the digest of what is in storage."""
    digest, length = hashlib.sha256(), 0
    with default_storage.open(name, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            length += len(chunk)
            beat("verifying", length)
    return length, digest.hexdigest()


def _test(name: str, beat: Heartbeat) -> None:
    """Unpack every part of a workbook, so that its checksum is compared. Raises NotSound."""
    unpacked = 0
    try:
        with default_storage.open(name, "rb") as file, zipfile.ZipFile(file) as archive:
            for inside in archive.namelist():
                with archive.open(inside) as part:
                    while chunk := part.read(CHUNK):
                        unpacked += len(chunk)
                        beat("verifying", unpacked)
    except zipfile.BadZipFile:
        raise NotSound from None


def _succeed(derived: DerivedFile, name: str, made: dict[str, Any], *, length: int, sha256: str, clock: Clock) -> None:
    now = clock()
    remarks = {what: how_many for what, how_many in made.items() if what != "rows"}
    with transaction.atomic():
        # Whoever removes the original waits here for us, or we for them: what is made of it never outlives it.
        file = ExportFile.objects.select_for_update(of=("self",)).select_related("run__segment").get(pk=derived.of_id)
        if not file.is_kept(now):
            raise FileNotFoundError
        derived.move(
            Status.SUCCEEDED,
            "ready",
            now=now,
            storage_name=name,
            length=length,
            sha256=sha256,
            row_count=made["rows"],
            remarks=remarks,
        )
        facts = {"form": derived.form, "rows": made["rows"], "contactable": bool(derived.choice)}
        audit.record("file.derived", by=derived.owner, target=file.run, now=now, **facts)
