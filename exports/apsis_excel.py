"""Bringing APSIS's own Excel file home beside the CSV: a form of the file that is fetched, not made.

It is the same export. Its link hands out either form, any number of times, for a day (S0), so this asks nothing of the
vendor that it counts: it is a read, and may be repeated. Whatever becomes of it, the CSV is home already.
"""

from __future__ import annotations

import errno
import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, cast

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction

from accounts import actions as accounts
from accounts import vault
from audit import actions as audit
from exports import deriving
from exports.contents import NotAsPromised
from exports.models import DerivedFile, ExportFile, ExportLine, ExportRun
from exports.offers import Wish
from exports.receive import CHUNK, gunzip
from runs import nudges, storage
from runs.heartbeat import Clock, HandedOn, Heartbeat, Stopped
from runs.models import StaleRun, Status
from runs.waits import SLOWEST_RETRY, pause
from upstream.answers import Again
from upstream.apsis.client import Apsis
from upstream.apsis.reports import Style
from upstream.errors import BrokenAnswer, CredentialRefused, NoSlot, UpstreamError

FORM = DerivedFile.Form.APSIS_EXCEL
MOST_TROUBLES = 8  # passing troubles in a row
MOST_DAMAGED = 3  # files that came whole and were damaged
SWELLS = 20  # times, at most, that a workbook of text grows when it is unpacked


class NotExcel(Exception):
    """What came is no Excel file, or not a whole one."""


class TooLarge(Exception):
    """More came than this desk is set to take."""


def ask(run: ExportRun, file: ExportFile, *, now: datetime) -> None:
    """Let APSIS's own Excel file be fetched, within the transaction in which the CSV is home."""
    wish = Wish(FORM)
    derived = DerivedFile.objects.create(
        owner=run.owner,
        account=run.account,
        of=file,
        form=FORM,
        choice=wish.to_json(),
        choice_digest=wish.digest,
        created_at=now,
        changed_at=now,
        due_at=now,
    )
    nudges.poke(derived)


def fetch(derived: DerivedFile, client: Apsis, clock: Clock) -> None:
    """Fetch the Excel file, read it back, and keep it as it came, under the claim. Raises StaleRun."""
    run, beat = derived.of.run, Heartbeat(derived, clock)
    name = f"{deriving.folder(derived)}/{derived.claim_no}"
    if derived.status == Status.QUEUED:
        derived.move(Status.RUNNING, "fetching", now=clock())
    storage.clear(default_storage, deriving.folder(derived), upto=derived.claim_no)
    if run.poll_ends_at is None or clock() >= run.poll_ends_at:
        return give_up(derived, "apsis_link_over", now=clock())
    try:
        length, sha256 = _keep(run, client, name, beat)
        if deriving.read_back(name, beat) != (length, sha256):
            raise NotExcel
        sheets, rows = _look_through(name, beat, most=SWELLS * settings.FILE_MAX_CONTENT_BYTES)
        _succeed(derived, name, length=length, sha256=sha256, rows=max(0, rows - sheets), sheets=sheets, clock=clock)
    except StaleRun:
        default_storage.delete(name)
        raise
    except HandedOn:
        default_storage.delete(name)
        derived.wait("fetching", now=clock(), until=clock())
        nudges.send(derived)
    except (UpstreamError, NotAsPromised, NotExcel, TooLarge, Stopped, FileNotFoundError, OSError) as error:
        default_storage.delete(name)
        _settle(derived, error, now=clock())


def _keep(run: ExportRun, client: Apsis, name: str, beat: Heartbeat) -> tuple[int, str]:
    """Write the bytes to storage as they come; return how many, and their digest."""
    link = vault.unseal(run.sealed_poll_url), cast(Style, run.poll_style)
    digest, length = hashlib.sha256(), 0
    with client.open_export(*link, as_xlsx=True, gzip=False) as stream:
        beat.total = stream.length
        # It is packed already, so it is asked for as it is; a vendor that packs it once more is not refused.
        chunks: Iterable[bytes] = gunzip(stream.chunks()) if stream.encoding == "gzip" else stream.chunks()
        with default_storage.open(name, "wb") as to:
            for chunk in chunks:
                length += len(chunk)
                if length > settings.FILE_MAX_CONTENT_BYTES:
                    raise TooLarge
                digest.update(chunk)
                to.write(chunk)
                beat("fetching", length)
    return length, digest.hexdigest()


def _look_through(name: str, beat: Heartbeat, *, most: int) -> tuple[int, int]:
    """Unpack every part, so that its checksum is compared; return how many sheets and rows there are, titles included.

    Raises NotExcel for what is no workbook, and TooLarge for one that swells beyond `most` bytes.
    """
    sheets = rows = unpacked = 0
    try:
        with default_storage.open(name, "rb") as file, zipfile.ZipFile(file) as archive:
            parts = archive.namelist()
            if "[Content_Types].xml" not in parts:
                raise NotExcel
            for part in parts:
                is_sheet = part.startswith("xl/worksheets/") and part.endswith(".xml")
                sheets += is_sheet
                with archive.open(part) as data:
                    for seen in _overlapping(data):
                        unpacked += len(seen)
                        if unpacked > most:
                            raise TooLarge
                        beat("verifying", unpacked)
                        rows += seen.count(b"<row ") + seen.count(b"<row>") if is_sheet else 0
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, ValueError):
        raise NotExcel from None  # cut, encrypted, packed in a way that nobody expects
    return sheets, rows


OVERLAP = len(b"<row ") - 1


def _overlapping(data: IO[bytes]) -> Iterator[bytes]:
    """Yield a part piece by piece, each behind the end of the one before: no word of five is missed, or met twice."""
    kept = b""
    while chunk := data.read(CHUNK):
        yield kept + chunk
        kept = (kept + chunk)[-OVERLAP:]


def _succeed(
    derived: DerivedFile, name: str, *, length: int, sha256: str, rows: int, sheets: int, clock: Clock
) -> None:
    now = clock()
    with transaction.atomic():
        # As in deriving: whoever removes the CSV waits here for us, or we for them.
        file = ExportFile.objects.select_for_update(of=("self",)).select_related("run__segment").get(pk=derived.of_id)
        if not file.is_kept(now):
            raise FileNotFoundError
        remarks = {"sheets": sheets} | ({"rows_of_csv": file.row_count} if rows and rows != file.row_count else {})
        derived.move(
            Status.SUCCEEDED,
            "ready",
            now=now,
            storage_name=name,
            length=length,
            sha256=sha256,
            row_count=rows,
            remarks=remarks,
        )
        file.run.add_line("excel_fetched", now=now, bytes=length)
        audit.record("file.excel_fetched", by=None, target=file.run, now=now, bytes=length)


# ── Trouble ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _settle(derived: DerivedFile, error: Exception, *, now: datetime) -> None:
    """Wait and fetch again, or give up on this form; the CSV stays as it is."""
    if isinstance(error, NoSlot):
        return derived.wait("fetching", now=now, until=now + pause(error.retry_after or 1.0, error.retry_after))
    tries = derived.remarks.get("tries", 0) + 1
    most = MOST_TROUBLES if isinstance(error, UpstreamError) else MOST_DAMAGED
    if _may_pass(error) and tries < most:
        at_least = error.retry_after if isinstance(error, UpstreamError) else None
        until = now + pause(min(SLOWEST_RETRY, 2.0**tries), at_least)
        return derived.wait("trouble", now=now, until=until, remarks={"tries": tries})
    if (code := _code(error)) is None:
        raise error
    if isinstance(error, CredentialRefused):
        accounts.mark_refused(derived.of.run.credential, error.meaning.user, now=now)
    give_up(derived, code, now=now)


def _may_pass(error: Exception) -> bool:
    if isinstance(error, UpstreamError):
        return error.meaning.again is Again.SAME
    return isinstance(error, NotAsPromised | NotExcel)


def _code(error: Exception) -> str | None:
    """Return the code of a failure that was foreseen."""
    match error:
        case Stopped():
            return "derived_stopped"
        case FileNotFoundError():
            return "original_gone"
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return "derived_no_room"
        case TooLarge():
            return "apsis_too_large"
        case NotExcel() | NotAsPromised() | BrokenAnswer():
            return "apsis_no_excel"
        case CredentialRefused():
            return "apsis_key_refused"
        case UpstreamError():
            return "apsis_trouble" if error.meaning.again is Again.SAME else "apsis_link_over"
    return None


def give_up(derived: DerivedFile, code: str, *, now: datetime) -> None:
    """End without the Excel file; the run's log says so. Raises StaleRun."""
    with transaction.atomic():
        derived.move(Status.FAILED, code, now=now)
        derived.of.run.add_line("excel_missed", now=now, level=ExportLine.Level.WARN)
