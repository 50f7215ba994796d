"""Handing out the bytes of a file that a run brought home."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from exports.models import DerivedFile, ExportFile, ExportRun
from exports.ranges import Part
from exports.receive import CHUNK, gunzip

Form = Literal["content", "received"]
FORMS: tuple[Form, ...] = ("content", "received")


ENDINGS = {"workbook": ".xlsx", "excel-csv": "_excel.csv", "csv": ".csv", "apsis-xlsx": "_apsis.xlsx"}
TYPES = {
    "workbook": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "excel-csv": "text/csv; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "apsis-xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class CutShort(Exception):
    """Fewer bytes are in storage than the file has. The answer breaks off, so that nobody takes it for whole."""


@dataclass(frozen=True)
class Copy:
    """One form of a file, as it can be taken: what it is called, what proves it whole, and where its bytes are.

    `key` names it among all the forms of its file, `form` in the audit history.
    """

    key: str
    form: str
    name: str
    type: str
    length: int
    sha256: str
    rows: int
    storage_name: str
    is_unpacked: bool = False  # on the way, so that nobody knows where a part of it begins

    @property
    def etag(self) -> str:
        return f'"{self.sha256}"'

    def open(self) -> File[Any]:
        """Open what is stored. Raises FileNotFoundError when its bytes are gone."""
        return default_storage.open(self.storage_name, "rb")

    def read(self, file: File[Any], part: Part | None = None) -> Iterator[bytes]:
        """Yield the bytes of an open copy, or a part of them. Raises CutShort."""
        if self.is_unpacked:
            return gunzip(_chunks(file))
        return _exactly(file, part or Part(0, self.length - 1, self.length))


def called(form: Form) -> str:
    """Return what a page calls the file itself, in one of its forms."""
    return _("Bytes as received") if form == "received" else _("CSV, the content")


def copy_of(run: ExportRun, form: Form) -> Copy:
    """Return a run's file as it can be taken: the content, or the bytes as they were received."""
    file = run.file
    assert file is not None
    as_received = form == "received"
    packed = file.encoding == "gzip"
    return Copy(
        key=form,
        form=form,
        name=name_of(run, form),
        type="application/gzip" if as_received and packed else TYPES["csv"],
        length=file.received_length if as_received else file.content_length,
        sha256=file.received_sha256 if as_received else file.content_sha256,
        rows=file.row_count,
        storage_name=file.storage_name,
        is_unpacked=packed and not as_received,
    )


def copy_of_derived(derived: DerivedFile) -> Copy:
    """Return the same for what was made of a file."""
    return Copy(
        key=f"made-{derived.pk}",
        form=f"contactable-{derived.form}" if derived.choice else derived.form,
        name=name_of_derived(derived),
        type=TYPES[derived.form],
        length=derived.length,
        sha256=derived.sha256,
        rows=derived.row_count,
        storage_name=derived.storage_name,
    )


def name_of(run: ExportRun, form: Form) -> str:
    """Return the file's name: vendor, saved segment, version, the time of its data with zone."""
    assert run.file is not None
    return _named(run, ".csv.gz" if form == "received" and run.file.encoding == "gzip" else ".csv")


def name_of_derived(derived: DerivedFile) -> str:
    """Return the same for what was made of a file; the name says where rows were left out."""
    return _named(derived.of.run, ("_contactable" if derived.choice else "") + ENDINGS[derived.form])


def _named(run: ExportRun, ending: str) -> str:
    assert run.file is not None
    at = timezone.localtime(run.requested_at or run.file.made_at)
    zone = re.sub(r"[^0-9+-]", "", f"{at:%z}")
    title = slugify(run.segment.name, allow_unicode=True) or f"segment-{run.segment_id}"
    return f"apsis_{title[:60]}_v{run.version_no}_{at:%Y-%m-%dT%H%M}{zone}{ending}"


def stream(run: ExportRun, form: Form) -> Iterator[bytes]:
    """Yield the bytes: as they were received, or the content, unpacked on the way."""
    copy = copy_of(run, form)
    with copy.open() as file:
        yield from copy.read(file)


def content(file: ExportFile) -> Iterator[bytes]:
    """Yield the content of a file, unpacked on the way. Raises FileNotFoundError when its bytes are gone."""
    chunks = _stored(file.storage_name)
    return gunzip(chunks) if file.encoding == "gzip" else chunks


def is_there(run: ExportRun, *, now: datetime) -> bool:
    """Say whether the bytes can still be had."""
    return run.file is not None and run.file.is_kept(now) and default_storage.exists(run.file.storage_name)


def _stored(name: str) -> Iterator[bytes]:
    with default_storage.open(name, "rb") as file:
        yield from _chunks(file)


def _chunks(file: File[Any]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _exactly(file: File[Any], part: Part) -> Iterator[bytes]:
    """Yield a part of a file, never a byte less without an error."""
    file.seek(part.first)
    left = part.size
    while left:
        chunk = file.read(min(CHUNK, left))
        if not chunk:
            raise CutShort(f"{left} bytes are missing")
        left -= len(chunk)
        yield chunk
