"""Taking a file in: whole from a form, or piece by piece from a script that goes on where it stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import PurePosixPath
from typing import IO
from urllib.parse import unquote

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from audit import actions as audit
from imports.models import Upload
from imports.parse import sniffing
from runs import storage
from wording.amounts import size

PIECE = 8 * 1024 * 1024  # bytes of one piece at most
READ = 1024 * 1024  # bytes read from storage at a time


class Misplaced(Exception):
    """A piece does not begin where the one before ended: what is here already says how to go on."""


class TooBig(Exception):
    """A file is larger than this desk takes."""


def limits() -> dict[str, int]:
    """Return what is said before a byte is sent, in bytes: of the whole file, of a part, of a piece."""
    return {"most": settings.IMPORT_MAX_BYTES, "part_bytes": settings.IMPORT_PART_BYTES, "piece": PIECE}


def too_big() -> str:
    """Say that a file is too large, with the limit and the cure."""
    said = _("This file is larger than %(most)s, the most this desk takes. Split it, and import one after the other.")
    return said % {"most": size(settings.IMPORT_MAX_BYTES)}


def file_name(written: str) -> str:
    """Return the name of a file as a header carries it, percent-encoded, without any folder."""
    return PurePosixPath(unquote(written, errors="replace").replace("\\", "/").replace("\0", "")).name or "file"


def accented(titles: Iterable[str], first: Iterable[tuple[int, list[str]]]) -> str:
    """Return the first words of a file that are not plain ASCII: by these one sees whether its encoding is right."""
    cells = (cell for _row, row in first for cell in row)
    words = (word for text in (*titles, *cells) for word in text.split() if not word.isascii())
    return " · ".join(dict.fromkeys(word[:30] for word in islice(words, 12)))


def expect(upload: Upload, *, name: str, length: int, now: datetime) -> Upload:
    """Begin to take a file of this name and length, unless it is the one that has been begun. Raises TooBig."""
    if length > settings.IMPORT_MAX_BYTES:
        raise TooBig
    if (upload.name, upload.length) != (name, length) or upload.is_whole:
        forget(upload)
        _become(upload, now=now, name=name[:200], length=length, received=0, sha256="", storage_name="")
    return upload


def take(upload: Upload, piece: bytes, *, at: int, now: datetime) -> None:
    """Keep one piece; with the last of them the file is whole. Raises Misplaced."""
    if upload.is_whole or at != upload.received or not piece or at + len(piece) > upload.length:
        raise Misplaced
    try:
        with default_storage.open(_piece(upload, at), "wb") as file:
            file.write(piece)
    except FileExistsError:
        raise Misplaced from None  # the same piece is being taken at this moment
    received = at + len(piece)
    if not Upload.objects.filter(pk=upload.pk, received=at).update(received=received, changed_at=now):
        raise Misplaced
    upload.received = received
    if received == upload.length:
        keep(upload, _pieces(upload), now=now)
        storage.clear(default_storage, f"{upload.folder}/pieces")


def keep(upload: Upload, chunks: Iterable[bytes], *, now: datetime) -> None:
    """Write a whole file and find out how it is read. What was said of another file before is forgotten."""
    name = f"{upload.folder}/{now:%Y%m%dT%H%M%S%f}"
    digest, length = hashlib.sha256(), 0
    with default_storage.open(name, "wb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
            length += len(chunk)
    is_spreadsheet, reading = _guess(name, length)
    with transaction.atomic():
        _become(
            upload, now=now, received=length, length=length, sha256=digest.hexdigest(), storage_name=name,
            is_spreadsheet=is_spreadsheet, sheets=[], table_name="", remarks={}, reading=reading, is_read=False,
            columns={}, consents=[], is_consented=False, decisions={},
        )  # fmt: skip
        audit.record("upload.received", by=upload.owner, target=upload, now=now, bytes=length)


def forget(upload: Upload) -> None:
    """Delete the bytes that an upload has, whole or in pieces."""
    for folder in storage.within(default_storage, upload.folder):
        storage.clear(default_storage, folder)
        default_storage.delete(folder)  # nothing is in it any more


def _guess(name: str, length: int) -> tuple[bool, dict[str, object] | None]:
    """Return whether a file is a spreadsheet, and else how it seems to be read; None for an empty one."""
    with default_storage.open(name) as file:
        sample = file.read(sniffing.SAMPLE)
    if sniffing.kind(sample) != "text":
        return True, None
    return False, sniffing.sniff(sample, is_whole=len(sample) == length).to_json() if sample else None


def _become(upload: Upload, *, now: datetime, **fields: object) -> None:
    for field, value in fields.items():
        setattr(upload, field, value)
    upload.changed_at = now
    upload.save(update_fields=[*fields, "changed_at"])


def _piece(upload: Upload, at: int) -> str:
    return f"{upload.folder}/pieces/{at}"


def _pieces(upload: Upload) -> Iterator[bytes]:
    at = 0
    while at < upload.length:
        with default_storage.open(_piece(upload, at)) as file:
            for chunk in _read(file):
                at += len(chunk)
                yield chunk


def _read(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(READ):
        yield chunk
