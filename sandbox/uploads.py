"""Where import files go: the vendor's file storage, on an origin of its own, which speaks XML and knows no tokens.

Source: S3's browser uploads, whose hosts and form the vendor's own clients use; what it answers is S3's (inferred).
"""

from __future__ import annotations

import io
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from werkzeug.formparser import FormDataParser
from werkzeug.wrappers import Request, Response

from sandbox.imports import Import
from sandbox.settings import Settings

BUCKET = "/imports-upload"
_OTHER_NAME = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}


def origin(request: Request, settings: Settings) -> str:
    """Return where files go: this server under its other name, unless a switch names a place."""
    if settings.upload_origin:
        return settings.upload_origin
    parts = urlsplit(request.host_url)
    name = _OTHER_NAME.get(parts.hostname or "", "localhost")
    return f"{parts.scheme}://{name}" + (f":{parts.port}" if parts.port else "")


def is_storage(path: str) -> bool:
    """Tell whether a call is for the storage: it answers below its bucket, where the API answers nothing."""
    return path == BUCKET or path.startswith(f"{BUCKET}/")


def fields_of(found: Import) -> dict[str, str]:
    """Return the fields of the form that a file comes with."""
    return {
        "key": f"imports/{found.id}.csv",
        "policy": f"policy-{found.id}",
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-signature": found.secret,
    }


def refusal(status: int, code: str, message: str) -> Response:
    """Return a refusal as the storage words it."""
    told = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{told}', status, content_type="application/xml")


def take(request: Request, known: dict[str, Import], settings: Settings, now: float) -> Response:
    """Take a file, or say in XML why not. A plain GET is refused and uses nothing up."""
    if request.method != "POST":
        return refusal(403, "AccessDenied", "Access Denied")
    if "Authorization" in request.headers:
        return refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
    parser = FormDataParser(stream_factory=lambda *about, **more: io.BytesIO(), max_form_memory_size=100_000)
    length, options = request.content_length, request.mimetype_params
    _stream, form, files = parser.parse(request.stream, request.mimetype, length, options)
    found = next((one for one in known.values() if form.get("key") == f"imports/{one.id}.csv"), None)
    if found is None or {name: form.get(name) for name in fields_of(found)} != fields_of(found):
        return refusal(403, "SignatureDoesNotMatch", "The request signature does not match")
    if now >= found.ends_at:
        return refusal(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
    file = files.get("file")
    if file is None:
        return refusal(400, "InvalidArgument", "POST requires exactly one file upload per request.")
    data = file.stream.read()
    if len(data) > settings.import_bytes:
        return refusal(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
    found.uploads += 1
    if found.uploaded_at is None:  # a second file to the same place changes nothing any more
        found.rows, found.data, found.uploaded_at = max(0, data.count(b"\n") - 1), data, now
    return Response(status=204)
