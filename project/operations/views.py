"""The operations page and what an admin can do from it. Other people's runs are stopped and never opened."""

from __future__ import annotations

import zlib
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import Request
from exports import actions as exports
from exports import listing, retention
from exports.models import ExportRun
from project import actions
from project.operations import overview, runs
from project.operations.forms import DrainForm
from runs import nudges

PAGE = 50
EVERY = 10  # seconds between two looks of a page that stays open

operators_only = permission_required("runs.operate_desk", raise_exception=True)


@require_safe
@operators_only
def operations(request: Request) -> HttpResponse:
    """Show what the desk is at, what needs somebody, and the switch that starts nothing new."""
    return TemplateResponse(request, "operations/overview.html", _shown(request) | {"form": DrainForm()})


@require_safe
@operators_only
def operations_live(request: Request) -> HttpResponse:
    """Answer with what has changed on an open page, or 204 while it shows what is so."""
    shown = _shown(request)
    if request.GET.get("shown") == shown["mark"]:
        return HttpResponse(status=204)
    was_drained = request.GET.get("drained") == "1"
    shown |= {
        "is_news": request.GET.get("said") != shown["said"],
        "has_turned": was_drained != bool(shown["desk"].drain),
        "form": DrainForm(),
    }
    return TemplateResponse(request, "operations/overview.html#live", shown)


def _shown(request: Request) -> dict[str, Any]:
    desk = overview.look(page=request.GET.get("page", ""), now=timezone.now())
    context: dict[str, Any] = {"here": "operations", "desk": desk, "every": EVERY, "now": desk.now}
    # What a page shows is compared as it is shown: whatever a person would see otherwise is sent again, and no more.
    context["body"] = render_to_string("operations/overview.html#body", context, request)
    return context | {"mark": _mark(context["body"]), "said": _mark("".join(desk.headline))}


def _mark(text: str) -> str:
    return format(zlib.crc32(text.encode()), "08x")


# ── Draining ─────────────────────────────────────────────────────────────────────────────────────────────────


@require_POST
@operators_only
def drain_begin(request: Request) -> HttpResponse:
    """Let the desk finish what was begun, and start nothing."""
    form = DrainForm(request.POST)
    if not form.is_valid():
        return TemplateResponse(request, "operations/overview.html", _shown(request) | {"form": form}, status=422)
    if not actions.begin_drain(by=request.user, reason=form.cleaned_data["reason"]):
        messages.info(request, _("The desk was drained already, so nothing has changed."))
    return redirect("operations")


@require_POST
@operators_only
def drain_end(request: Request) -> HttpResponse:
    """Let the desk start runs again."""
    if not actions.end_drain(by=request.user):
        messages.info(request, _("The desk starts runs already, so nothing has changed."))
    return redirect("operations")


# ── Other people's runs ──────────────────────────────────────────────────────────────────────────────────────


@require_safe
@operators_only
def desk_runs(request: Request) -> HttpResponse:
    """List everybody's runs, newest first: whose, of what, how they stand, when, how large."""
    q, state = request.GET.get("q", "").replace("\0", "").strip()[:120], request.GET.get("state", "")
    state = state if state in runs.STATES else ""
    counts = runs.how_many(q=q)
    # First the keys: a database that skips a thousand pages need not read what stands on them.
    paginator = Paginator(runs.found(q=q, state=state).values_list("pk", flat=True), PAGE)
    paginator.count = counts[state] if state else sum(counts.values())  # counted once, above
    page, now = paginator.get_page(request.GET.get("page")), timezone.now()
    shown = runs.seen(ExportRun.objects.filter(pk__in=list(page))).defer("facts")
    context = {
        "here": "operations",
        "page_obj": page,
        "rows": [runs.row(run, now=now) for run in shown],
        "chips": listing.chips({name: word for name, (_s, word) in runs.STATES.items()}, counts, q=q, state=state),
        "q": q,
        "state": state,
        "state_word": runs.STATES[state][1] if state else "",
        "is_first_use": not (q or state or paginator.count),
    }
    return TemplateResponse(request, "operations/run_list.html", context)


@require_POST
@operators_only
def desk_run_call(request: Request, pk: int) -> HttpResponse:
    """Call a worker for a run. It claims the run or stops, so this is always safe."""
    run = get_object_or_404(ExportRun, pk=pk)
    if run.is_over:
        messages.info(request, _("Run %(n)s is over, so no worker was called.") % {"n": pk})
    elif nudges.send(run):
        messages.success(request, _("A worker was called for run %(n)s.") % {"n": pk})
    else:
        messages.error(
            request, _("The broker does not answer, so no worker was called. The tick does it once it is back.")
        )
    return redirect("operations")


@require_POST
@operators_only
def desk_run_hasten(request: Request, pk: int) -> HttpResponse:
    """Let a run that waits out a trouble try now."""
    run = get_object_or_404(ExportRun, pk=pk)
    if exports.hasten(run, by=request.user):
        messages.success(request, _("Run %(n)s tries now, at the vendor’s pace.") % {"n": pk})
    else:
        messages.info(request, _("Run %(n)s waits for nothing that could be done now.") % {"n": pk})
    return redirect("operations")


@require_http_methods(["GET", "HEAD", "POST"])
@operators_only
def desk_run_cancel(request: Request, pk: int) -> HttpResponse:
    """Stop somebody's run; first the page says what that means."""
    run = _run(pk)
    if request.method != "POST":
        return TemplateResponse(request, "operations/run_cancel.html", _one(run))
    if run.is_over:
        messages.info(request, _("Run %(n)s was over before, so nothing has changed.") % {"n": pk})
    else:
        exports.cancel(run, by=request.user)
        messages.success(request, _("Run %(n)s stops at its next step. Its owner reads who asked for it.") % {"n": pk})
    return redirect("desk_runs")


@require_http_methods(["GET", "HEAD", "POST"])
@operators_only
def desk_run_remove(request: Request, pk: int) -> HttpResponse:
    """Remove the file of somebody's run; first the page says what goes and what stays."""
    run = _run(pk)
    if request.method != "POST":
        return TemplateResponse(request, "operations/run_remove.html", _one(run))
    if retention.remove(run, by=request.user):
        messages.success(request, _("The file of run %(n)s is removed. Its owner reads who did it.") % {"n": pk})
    else:
        messages.info(request, _("Run %(n)s has no file here, so nothing has changed.") % {"n": pk})
    return redirect("desk_runs")


def _run(pk: int) -> ExportRun:
    return get_object_or_404(runs.seen(ExportRun.objects.all()), pk=pk)


def _one(run: ExportRun) -> dict[str, Any]:
    return {"here": "operations", "run": run, "row": runs.row(run, now=timezone.now())}
