"""A ready run over a file of a test's own rows, plain or packed."""

from __future__ import annotations

import gzip
import hashlib

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from exports.models import ExportRun, SavedSegment
from tests.exports import made


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)  # names of tests are made of it, in every process alike


def keep(run: ExportRun, content: bytes, *, header: list[str], rows: int, is_packed: bool = True) -> ExportRun:
    """Let a ready run's file hold this content, as if it had been verified."""
    file = run.file
    assert file is not None
    stored = gzip.compress(content) if is_packed else content
    default_storage.delete(file.storage_name)
    default_storage.save(file.storage_name, ContentFile(stored))
    file.encoding = "gzip" if is_packed else ""
    file.header, file.row_count = header, rows
    file.content_length, file.received_length = len(content), len(stored)
    file.content_sha256 = hashlib.sha256(content).hexdigest()
    file.received_sha256 = hashlib.sha256(stored).hexdigest()
    file.save()
    return ExportRun.objects.get(pk=run.pk)


def spoil(run: ExportRun, stored: bytes | None) -> None:
    """Let something else lie where a run's file is kept, or nothing."""
    assert run.file is not None
    default_storage.delete(run.file.storage_name)
    if stored is not None:
        default_storage.save(run.file.storage_name, ContentFile(stored))


def table(segment: SavedSegment, lines: list[str], *, is_packed: bool = True, end: str = "\r\n") -> ExportRun:
    """Make a ready run whose file has the columns that the segment asks for, and these lines below them."""
    header = [column.title for column in segment.consent_spec.columns()]
    content = end.join([",".join(header), *lines, ""]).encode()
    return keep(made.ready(segment, rows=len(lines)), content, header=header, rows=len(lines), is_packed=is_packed)
