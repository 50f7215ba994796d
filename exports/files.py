"""Handing out the bytes of a file that a run brought home."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from exports.kinds import Kind
from exports.models import DerivedFile, Drift, ExportRun
from exports.ranges import Part
from exports.receive import CHUNK, gunzip

Form = Literal["content", "received"]
FORMS: tuple[Form, ...] = ("content", "received")


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
ENDINGS = {
    "workbook": ".xlsx",
    "readable": "_readable.xlsx",
    "events-csv": "_events.csv",
    "people-csv": "_people.csv",
    "events-excel": "_events_excel.csv",
    "people-excel": "_people_excel.csv",
    "excel-csv": "_excel.csv",
    "csv": ".csv",
    "apsis-xlsx": "_apsis.xlsx",
}
TYPES = {form: XLSX if ending.endswith(".xlsx") else CSV for form, ending in ENDINGS.items()}


@dataclass(frozen=True)
class What:
    """What a kind of file is to others: its ending, its type, what the audit history calls its forms."""

    ending: str
    type: str
    audited: Mapping[Form, str]


TABLE = What(".csv", CSV, {"content": "content", "received": "received"})
EVENTS = What(".json", "application/json", {"content": "json", "received": "json-received"})


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


class Stored(Protocol):
    """What came from the vendor in one piece: the file of a table, or a window of events."""

    storage_name: str
    encoding: str
    received_length: int
    received_sha256: str
    content_length: int
    content_sha256: str


def called(copy: Copy) -> str:
    """Return what a page calls the file itself, in one of its forms."""
    if copy.form in ("received", "json-received"):
        return _("Bytes as received")
    return _("CSV, the content") if copy.form == "content" else _("JSON, the content")


def copies(run: ExportRun) -> dict[str, Copy]:
    """Return a run's file as it can be taken, by key: the content, and the bytes as they were received.

    Of events, both of every window.
    """
    assert run.file is not None
    if run.segment.kind == Kind.CONSENTS:
        return {form: _copy(run, run.file, form, form, TABLE) for form in FORMS}
    windows, found = list(run.windows.all()), {}
    for window in windows:
        place = f"_{window.number}of{len(windows)}" if len(windows) > 1 else ""
        for form in FORMS:
            key = f"{form}-{window.number}"
            found[key] = _copy(run, window, form, key, EVENTS, place)
    return found


def copy_of(run: ExportRun, key: str) -> Copy:
    """Return one of these. Raises KeyError."""
    return copies(run)[key]


def _copy(run: ExportRun, stored: Stored, form: Form, key: str, kind: What, place: str = "") -> Copy:
    assert run.file is not None
    as_received, packed = form == "received", stored.encoding == "gzip"
    return Copy(
        key=key,
        form=kind.audited[form],
        name=_named(run, place + kind.ending + (".gz" if as_received and packed else "")),
        type="application/gzip" if as_received and packed else kind.type,
        length=stored.received_length if as_received else stored.content_length,
        sha256=stored.received_sha256 if as_received else stored.content_sha256,
        rows=run.file.row_count,
        storage_name=stored.storage_name,
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


def copy_of_drift(made: Drift) -> Copy:
    """Return the same for the people who changed between two runs."""
    since = timezone.localtime(made.older.as_of)
    return Copy(
        key=f"changes-{made.pk}",
        form="changes",
        name=_named(made.newer, f"_changes_since_{since:%Y-%m-%d}.csv"),
        type=CSV,
        length=made.length,
        sha256=made.sha256,
        rows=made.row_count,
        storage_name=made.storage_name,
    )


def name_of(run: ExportRun, key: str) -> str:
    """Return the file's name: vendor, saved segment, version, the time of its data with zone."""
    return copies(run)[key].name


def name_of_derived(derived: DerivedFile) -> str:
    """Return the same for what was made of a file; the name says where rows were left out."""
    return _named(derived.of.run, ("_contactable" if derived.choice else "") + ENDINGS[derived.form])


def _named(run: ExportRun, ending: str) -> str:
    assert run.file is not None
    at = timezone.localtime(run.requested_at or run.file.made_at)
    zone = re.sub(r"[^0-9+-]", "", f"{at:%z}")
    title = slugify(run.segment.name, allow_unicode=True) or f"segment-{run.segment_id}"
    return f"apsis_{title[:60]}_v{run.version_no}_{at:%Y-%m-%dT%H%M}{zone}{ending}"


def stream(run: ExportRun, key: str) -> Iterator[bytes]:
    """Yield the bytes: as they were received, or the content, unpacked on the way."""
    copy = copy_of(run, key)
    with copy.open() as file:
        yield from copy.read(file)


def content(stored: Stored) -> Iterator[bytes]:
    """Yield the content of a file or of a window, unpacked on the way. Raises FileNotFoundError when it is gone."""
    chunks = _stored(stored.storage_name)
    return gunzip(chunks) if stored.encoding == "gzip" else chunks


def is_there(run: ExportRun, *, now: datetime) -> bool:
    """Say whether the bytes can still be had."""
    return run.file is not None and run.file.is_kept(now) and all(map(default_storage.exists, stored_names(run)))


def stored_names(run: ExportRun) -> list[str]:
    """Return under which names in storage the bytes of a run's file lie."""
    if run.segment.kind == Kind.EVENTS:
        return list(run.windows.values_list("storage_name", flat=True))
    return [run.file.storage_name] if run.file else []


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
