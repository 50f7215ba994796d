"""Handing out what an import leaves behind: the faulty rows as they came, and how people stood before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath

from django.core.files.storage import default_storage
from django.http import Http404, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header

from accounts import database
from accounts.requests import Request
from audit import actions as audit
from imports import files, restoring
from imports.models import Import, Upload


def rejects(request: Request, of: Upload | Import, folder: str) -> StreamingHttpResponse:
    """Answer with the faulty rows of a file, to be corrected and sent again. Raises Http404 where they are gone."""
    stored = files.rejects_in(folder)
    length = files.size(stored)
    if length is None:
        raise Http404
    audit.record("import.rejects_downloaded", by=request.user, target=of, bytes=length)
    return _csv(_read(stored), f"{_stem(of)}_rejected.csv", {"Content-Length": str(length)})


def restore(request: Request, whole: Import) -> StreamingHttpResponse:
    """Answer with whose consents an import turned round, as they stood before. Raises Http404 where that is gone."""
    if not restoring.people(whole) or not whole.are_files_kept(timezone.now()):
        raise Http404
    audit.record("import.restore_downloaded", by=request.user, target=whole, rows=restoring.people(whole))
    return _csv(restoring.rows(whole), f"{_stem(whole)}_before.csv", {})


def _stem(of: Upload | Import) -> str:
    return PurePath(of.name).stem or "import"


def _csv(rows: Iterator[bytes], name: str, more: Mapping[str, str]) -> StreamingHttpResponse:
    headers = {
        "Content-Type": "text/csv",
        "Content-Disposition": str(content_disposition_header(True, name)),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        **more,
    }
    # A slow download must not hold a database connection for as long as it lasts.
    database.let_go()
    return StreamingHttpResponse(rows, headers=headers)


def _read(name: str) -> Iterator[bytes]:
    with default_storage.open(name) as file:
        yield from file.chunks()
