"""Handing out the faulty rows of a file, as they came."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from django.core.files.storage import default_storage
from django.db import connection
from django.http import Http404, StreamingHttpResponse
from django.utils.http import content_disposition_header

from accounts.requests import Request
from audit import actions as audit
from imports import files
from imports.models import Import, Upload


def rejects(request: Request, of: Upload | Import, folder: str) -> StreamingHttpResponse:
    """Answer with the faulty rows of a file, to be corrected and sent again. Raises Http404 where they are gone."""
    stored = files.rejects_in(folder)
    length = files.size(stored)
    if length is None:
        raise Http404
    audit.record("import.rejects_downloaded", by=request.user, target=of, bytes=length)
    name = f"{PurePath(of.name).stem or 'import'}_rejected.csv"
    headers = {
        "Content-Type": "text/csv",
        "Content-Length": str(length),
        "Content-Disposition": str(content_disposition_header(True, name)),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    # A slow download must not hold a database connection for as long as it lasts.
    connection.close()
    return StreamingHttpResponse(_read(stored), headers=headers)


def _read(name: str) -> Iterator[bytes]:
    with default_storage.open(name) as file:
        yield from file.chunks()
