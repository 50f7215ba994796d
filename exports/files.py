"""Handing out the bytes of a file that a run brought home."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.text import slugify

from exports.models import DerivedFile, ExportFile, ExportRun
from exports.receive import CHUNK, gunzip

Form = Literal["content", "received"]
FORMS: tuple[Form, ...] = ("content", "received")


ENDINGS = {"workbook": ".xlsx", "excel-csv": "_excel.csv", "csv": ".csv"}
TYPES = {
    "workbook": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "excel-csv": "text/csv; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}


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
    assert run.file is not None
    return content(run.file) if form == "content" else _stored(run.file.storage_name)


def content(file: ExportFile) -> Iterator[bytes]:
    """Yield the content of a file, unpacked on the way. Raises FileNotFoundError when its bytes are gone."""
    chunks = _stored(file.storage_name)
    return gunzip(chunks) if file.encoding == "gzip" else chunks


def length_of(run: ExportRun, form: Form) -> int:
    assert run.file is not None
    return run.file.content_length if form == "content" else run.file.received_length


def is_there(run: ExportRun, *, now: datetime) -> bool:
    """Say whether the bytes can still be had."""
    return run.file is not None and run.file.is_kept(now) and default_storage.exists(run.file.storage_name)


def stream_derived(derived: DerivedFile) -> Iterator[bytes]:
    return _stored(derived.storage_name)


def _stored(name: str) -> Iterator[bytes]:
    with default_storage.open(name, "rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
