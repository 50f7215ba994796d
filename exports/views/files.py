"""The files of a run: what is there, what can be made of them, and handing them out."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from django.contrib.auth.decorators import permission_required
from django.db import connection
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import Request
from audit import actions as audit
from exports import actions, files, shelf
from exports.forms import WishForm
from exports.models import DerivedFile, ExportRun
from exports.views.runs import own, shown
from runs.models import Status


@require_safe
@permission_required("exports.download_exportrun", raise_exception=True)
def run_download(request: Request, pk: int, form: files.Form) -> HttpResponse | StreamingHttpResponse:
    """Hand out a file of a run: its content, or the bytes as they were received."""
    run = own(request, pk)
    if form not in files.FORMS or not files.is_there(run, now=timezone.now()):
        raise Http404
    assert run.file is not None
    packed = form == "received" and run.file.encoding == "gzip"
    kind = "application/gzip" if packed else files.TYPES["csv"]
    headers = _headers(files.name_of(run, form), kind, files.length_of(run, form))
    return _handed_out(request, run, headers, lambda: files.stream(run, form), form=form, rows=run.file.row_count)


@require_safe
@permission_required("exports.download_exportrun", raise_exception=True)
def derived_download(request: Request, pk: int, derived: int) -> HttpResponse | StreamingHttpResponse:
    """Hand out what was made of a run's file."""
    run = own(request, pk)
    found = DerivedFile.objects.filter(of=run.file, pk=derived, status=Status.SUCCEEDED) if run.file else None
    made = found.select_related("of__run__segment").first() if found else None
    if made is None or not files.is_there(run, now=timezone.now()):
        raise Http404
    headers = _headers(files.name_of_derived(made), files.TYPES[made.form], made.length)
    form = f"contactable-{made.form}" if made.choice else made.form
    return _handed_out(request, run, headers, lambda: files.stream_derived(made), form=form, rows=made.row_count)


@require_POST
@permission_required("exports.download_exportrun", raise_exception=True)
def derived_create(request: Request, pk: int) -> HttpResponse:
    """Have another form of a run's file made."""
    run = own(request, pk)
    form = WishForm(request.POST, widest=shelf.all_of(run))
    if form.is_valid():
        try:
            actions.derive(run, form.wish, by=request.user)
        except actions.NotOffered as refusal:
            form.add_error(None, str(refusal))
    if form.errors:
        context = shown(run) | {"wish": form}
        return TemplateResponse(request, "exports/run_detail.html", context, status=422)
    return redirect(f"{run.get_absolute_url()}#run-files")


@require_safe
@permission_required("exports.view_exportrun", raise_exception=True)
def run_files(request: Request, pk: int) -> HttpResponse:
    """Answer with the files of a run, or 204 while what the page shows of them still holds."""
    run = own(request, pk)
    found = shelf.of(run, now=timezone.now())
    if found and found.pace and found.mark == request.GET.get("mark"):
        return HttpResponse(status=204)
    return TemplateResponse(request, "exports/run_detail.html#run_files", shown(run))


def _headers(name: str, kind: str, length: int) -> dict[str, str]:
    return {
        "Content-Type": kind,
        "Content-Disposition": _attachment(name),
        "Content-Length": str(length),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }


def _handed_out(
    request: Request, run: ExportRun, headers: dict[str, str], stream: Callable[[], Iterator[bytes]], **facts: Any
) -> HttpResponse | StreamingHttpResponse:
    """Write down who takes what, then stream it."""
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    audit.record("file.downloaded", by=request.user, target=run, **facts)
    response = StreamingHttpResponse(stream(), headers=headers)
    # A slow download must not hold a database connection for as long as it lasts.
    connection.close()
    return response


def _attachment(name: str) -> str:
    """Return the header that names a download: plain for the oldest clients, then as it is (RFC 6266, RFC 5987)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().replace('"', "").replace("\\", "")
    header = f'attachment; filename="{plain}"'
    return header if plain == name else f"{header}; filename*=UTF-8''{quote(name, safe='')}"
