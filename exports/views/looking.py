"""Looking at a run's file without taking it."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.requests import Request
from audit import actions as audit
from exports import looking
from exports.events import happened
from exports.events.happened import Happened
from exports.kinds import Kind
from exports.models import ExportRun
from exports.views.runs import seen

log = logging.getLogger(__name__)


@require_GET  # a HEAD would stand in the audit history as a look, and show nobody anything
@permission_required("exports.download_exportrun", raise_exception=True)
def run_look(request: Request, pk: int) -> HttpResponse:
    """Show the first rows of a run's file, or what stands in its events, and write down that somebody looked."""
    run = seen(request, pk)
    if run.segment.kind == Kind.EVENTS:
        return _values(request, run)
    if nothing := looking.nothing(run, now=timezone.now()):
        return _nothing(request, run, nothing)
    try:
        look = looking.look(run)
    except looking.Damaged as damaged:
        log.error("file damaged", extra={"run": run.pk, "why": damaged.why, "reference": looking.reference(run)})  # noqa: TRY400
        return _nothing(request, run, looking.damage(run, damaged.why))
    audit.record("file.looked_at", by=request.user, target=run, rows=len(look.rows))
    return _page(request, run, look=look)


def _values(request: Request, run: ExportRun) -> HttpResponse:
    found, nothing = happened.of(run), looking.nothing(run, now=timezone.now())
    if not nothing and isinstance(found, Happened):
        audit.record("file.values_looked_at", by=request.user, target=run)
        return TemplateResponse(request, "exports/run_values.html", {"here": "runs", "run": run, "happened": found})
    nothing = nothing or looking.unread()
    context = {"here": "runs", "run": run, "nothing": nothing}
    return TemplateResponse(request, "exports/run_values.html", context, status=nothing.status)


def _nothing(request: Request, run: ExportRun, nothing: looking.Nothing) -> HttpResponse:
    return _page(request, run, status=nothing.status, nothing=nothing)


def _page(request: Request, run: ExportRun, *, status: int = 200, **context: Any) -> HttpResponse:
    return TemplateResponse(request, "exports/run_look.html", {"here": "runs", "run": run, **context}, status=status)
