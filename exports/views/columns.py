"""What stands in the columns of a run's file: its page, and having it counted."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import Request
from exports import actions, columns, looking
from exports.models import ExportRun
from exports.views.runs import seen_table


@require_safe
@permission_required("exports.view_exportrun", raise_exception=True)
def run_columns(request: Request, pk: int) -> HttpResponse:
    """Show what stands in each column, as far as it was counted. No cell's own text is among it."""
    run = seen_table(request, pk)
    if run.file is None or not run.file.row_count:
        nothing = looking.nothing(run, now=timezone.now())
        context = {"here": "runs", "run": run, "nothing": nothing}
        return TemplateResponse(request, "exports/run_columns.html", context, status=nothing.status if nothing else 200)
    return TemplateResponse(request, "exports/run_columns.html", _shown(run))


@require_POST
@permission_required("exports.download_exportrun", raise_exception=True)
def run_survey(request: Request, pk: int) -> HttpResponse:
    """Have it counted what stands in each column."""
    run = seen_table(request, pk)
    try:
        actions.survey(run, by=request.user)
    except actions.NotOffered as refusal:
        messages.warning(request, str(refusal))
    return redirect("exports:run_columns", run.pk)


@require_safe
@permission_required("exports.view_exportrun", raise_exception=True)
def run_survey_live(request: Request, pk: int) -> HttpResponse:
    """Answer with the figures of the columns, or 204 while what the page shows of them still holds."""
    run = seen_table(request, pk)
    if run.file is None:
        raise Http404
    context = _shown(run)
    if context["survey"].pace and context["survey"].mark == request.GET.get("mark"):
        return HttpResponse(status=204)
    return TemplateResponse(request, "exports/run_columns.html#survey", context)


def _shown(run: ExportRun) -> dict[str, Any]:
    survey = columns.of(run, now=timezone.now())
    return {"here": "runs", "run": run, "survey": survey, "formulas": columns.formulas(survey.lines)}
