"""Taking a file: a press that may say what for, then the bytes, whole or in parts."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from django.contrib.auth.decorators import permission_required
from django.core.files.base import File
from django.db import connection
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import Request
from exports import asking, files, grants, ranges, shelf
from exports.files import Copy
from exports.forms import PurposeForm
from exports.models import DerivedFile, ExportRun
from exports.views.runs import seen
from runs.models import Status

may_download = permission_required("exports.download_exportrun", raise_exception=True)


@require_safe
@may_download
def run_download(request: Request, pk: int, form: str) -> HttpResponseBase:
    """Hand out a file of a run: its content, or the bytes as they were received."""
    run, copy = _of_run(request, pk, form)
    return handed_out(request, run, copy, reverse("exports:run_take", args=[pk, form]))


@require_http_methods(["GET", "HEAD", "POST"])
@may_download
def run_take(request: Request, pk: int, form: str) -> HttpResponse:
    """Ask what a file of a run is for; a press gives leave to download it, and leads on to the bytes."""
    run, copy = _of_run(request, pk, form)
    return asked(request, run, copy, files.called(copy), reverse("exports:run_download", args=[pk, form]))


@require_safe
@may_download
def derived_download(request: Request, pk: int, derived: int) -> HttpResponseBase:
    """Hand out what was made of a run's file."""
    run, copy, _name = _of_derived(request, pk, derived)
    return handed_out(request, run, copy, reverse("exports:derived_take", args=[pk, derived]))


@require_http_methods(["GET", "HEAD", "POST"])
@may_download
def derived_take(request: Request, pk: int, derived: int) -> HttpResponse:
    """Ask the same of what was made of a run's file."""
    run, copy, name = _of_derived(request, pk, derived)
    return asked(request, run, copy, name, reverse("exports:derived_download", args=[pk, derived]))


def _of_run(request: Request, pk: int, form: str) -> tuple[ExportRun, Copy]:
    run = seen(request, pk)
    copy = files.copies(run).get(form) if files.is_there(run, now=timezone.now()) else None
    if copy is None:
        raise Http404
    return run, copy


def _of_derived(request: Request, pk: int, derived: int) -> tuple[ExportRun, Copy, str]:
    run = seen(request, pk)
    found = DerivedFile.objects.filter(of=run.file, pk=derived, status=Status.SUCCEEDED) if run.file else None
    made = found.select_related("of__run__segment").first() if found else None
    if made is None or not files.is_there(run, now=timezone.now()):
        raise Http404
    return run, files.copy_of_derived(made), shelf.called(made)


# ── The leave ────────────────────────────────────────────────────────────────────────────────────────────────


def asked(request: Request, run: ExportRun, copy: Copy, name: str, url: str) -> HttpResponse:
    """Give leave for the purpose that was said, or show the page that asks for it."""
    form = PurposeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            session = str(request.session.session_key)
            purpose = form.cleaned_data["purpose"]
            grants.give(run, copy, to=request.user, session=session, purpose=purpose, now=timezone.now())
            return redirect(url)
        except grants.PurposeNeeded:
            form.add_error("said", _("Say in a few words what the file is for."))
    ask = asking.of(run, copy, name=name, last=form["said"].value() or grants.last_purpose(run, request.user))
    context = {"here": "runs", "run": run, "form": form, "ask": ask}
    return TemplateResponse(request, "exports/run_take.html", context, status=422 if form.errors else 200)


# ── The bytes ────────────────────────────────────────────────────────────────────────────────────────────────


def handed_out(request: Request, run: ExportRun, copy: Copy, ask: str) -> HttpResponseBase:
    """Answer with the bytes that are asked for, or lead whoever has no leave yet to the page that asks."""
    grant = grants.held(run, copy, by=request.user, session=str(request.session.session_key))
    if grant is None:
        return redirect(ask)
    headers = _headers(copy)
    if known := get_conditional_response(request, etag=copy.etag):
        known["ETag"], known["Cache-Control"] = copy.etag, headers["Cache-Control"]
        return known
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    try:
        part = _part(request, copy)
    except ranges.Unsatisfiable:
        nothing = {"Content-Range": f"bytes */{copy.length}", "Content-Length": "0"}
        return HttpResponse(status=416, headers=headers | nothing)
    try:
        source = copy.open()  # before anything is promised: what was removed a moment ago is not there
    except FileNotFoundError:
        raise Http404 from None
    download = grants.begin(grant, run, copy, from_start=part is None or part.first == 0, now=timezone.now())
    if part:
        headers |= {"Content-Range": str(part), "Content-Length": str(part.size)}
    sending = Sending(source, copy.read(source, part), lambda sent: grants.count(download, sent))
    response = StreamingHttpResponse(sending, status=206 if part else 200, headers=headers)
    # A slow download must not hold a database connection for as long as it lasts.
    connection.close()
    return response


def _part(request: Request, copy: Copy) -> ranges.Part | None:
    """Return the part of a copy that is asked for, None for the whole. Raises Unsatisfiable."""
    if copy.is_unpacked:
        return None
    # Without a date of our own to compare with, one that is sent says nothing; a weak tag proves no bytes.
    if request.headers.get("If-Range", copy.etag) != copy.etag:
        return None
    return ranges.asked(request.headers.get("Range", ""), copy.length)


class Sending:
    """The bytes of an answer, counted as they leave. Whoever sends them closes this, however it ended."""

    def __init__(self, source: File[Any], chunks: Iterator[bytes], count: Callable[[int], None]) -> None:
        self._source, self._chunks, self._count = source, chunks, count
        self._sent = self._under_way = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        # The next is asked for when the one before has left.
        self._sent, self._under_way = self._sent + self._under_way, 0
        chunk = next(self._chunks)
        self._under_way = len(chunk)
        return chunk

    def close(self) -> None:
        if not self._source.closed:
            self._source.close()
            self._count(self._sent)
            connection.close()


def _headers(copy: Copy) -> dict[str, str]:
    return {
        "Content-Type": copy.type,
        "Content-Disposition": _attachment(copy.name),
        "Content-Length": str(copy.length),
        "Accept-Ranges": "none" if copy.is_unpacked else "bytes",
        "ETag": copy.etag,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }


def _attachment(name: str) -> str:
    """Return the header that names a download: plain for the oldest clients, then as it is (RFC 6266, RFC 5987)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().replace('"', "").replace("\\", "")
    header = f'attachment; filename="{plain}"'
    return header if plain == name else f"{header}; filename*=UTF-8''{quote(name, safe='')}"
