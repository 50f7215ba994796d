"""Export runs: start, watch, cancel."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import Request
from audit import denials
from exports import actions, letters, listing, progress
from exports.models import ExportRun, SavedSegment
from exports.views.guard import run_guard
from runs.models import UNFINISHED, Status

PAGE = 50


# word in the address → statuses, and what the chip says
STATES = {
    "working": (UNFINISHED, lazy("On their way")),
    "ready": ((Status.SUCCEEDED,), lazy("Ready")),
    "failed": ((Status.FAILED,), lazy("Failed")),
    "cancelled": ((Status.CANCELLED,), lazy("Cancelled")),
}


@require_safe
@permission_required("exports.view_exportrun", raise_exception=True)
def run_list(request: Request) -> HttpResponse:
    """List one's runs, newest first; searched by the segment's name, filtered by state."""
    mine = ExportRun.objects.visible_to(request.user)
    q, state = request.GET.get("q", "").replace("\0", "").strip()[:120], request.GET.get("state", "")
    state = state if state in STATES else ""
    found = mine.filter(segment__in=SavedSegment.objects.filter(name__icontains=q)) if q else mine
    in_all = _how_many(mine)
    how_many = _how_many(found) if q else in_all
    runs = found.filter(status__in=STATES[state][0]) if state else found
    # Only keys are counted through to a page far back; what is shown of a run is read for fifty.
    paginator = Paginator(runs.values_list("pk", flat=True), PAGE)
    paginator.count = how_many[state] if state else sum(how_many.values())
    page = paginator.get_page(request.GET.get("page"))
    found_of = mine.listed().in_bulk(list(page))
    context = {
        "here": "runs",
        "page_obj": page,
        "rows": [listing.row(found_of[pk], now=timezone.now()) for pk in page],
        "q": q,
        "state": state,
        "state_word": STATES[state][1] if state else "",
        "chips": listing.chips({name: word for name, (_s, word) in STATES.items()}, how_many, q=q, state=state),
        "in_all": in_all,
        # Only a list that is not narrowed can be empty because nothing was ever run.
        "is_first_use": not (q or state or page.paginator.count),
    }
    return TemplateResponse(request, "exports/run_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("exports.add_exportrun", raise_exception=True)
def run_create(request: Request, pk: int) -> HttpResponse:
    """Start a run of a saved segment, unless something must be put right or said first. Asked by GET, only say that."""
    segment = denials.own_or_404(
        request, SavedSegment.objects.visible_to(request.user).select_related("account"), pk=pk
    )
    if question := run_guard(request, segment):
        return question
    if request.method != "POST":
        return redirect(segment)
    return redirect(actions.start(segment, by=request.user))


@require_safe
@permission_required("exports.view_exportrun", raise_exception=True)
def run_detail(request: Request, pk: int) -> HttpResponse:
    """Show a run: one sentence, its journey, its log, its files."""
    run = own(request, pk)
    letters.seen(run, by=request.user, now=timezone.now())
    return TemplateResponse(request, "exports/run_detail.html", shown(request, run))


@require_safe
def run_live(request: Request, pk: int) -> HttpResponse:
    """Answer with the run's fragment, or 204 while what the page shows, and its pace, still hold.

    Most polls end at 204, so those cost one query. It tells nothing that the owner's page does not show already.
    """
    brief = ExportRun.objects.visible_to(request.user).filter(pk=pk).values(*progress.BRIEF).first()
    if brief and progress.is_current(brief, request.GET.dict(), now=timezone.now()):
        return HttpResponse(status=204)
    return _live(request, pk)


@permission_required("exports.view_exportrun", raise_exception=True)
def _live(request: Request, pk: int) -> HttpResponse:
    run = own(request, pk)
    letters.seen(run, by=request.user, now=timezone.now())
    context = shown(request, run, said=request.GET.get("said", ""))
    return TemplateResponse(request, "exports/run_detail.html#run_live", context)


@require_POST
@permission_required("exports.change_exportrun", raise_exception=True)
def run_cancel(request: Request, pk: int) -> HttpResponse:
    """Ask a run to stop."""
    run = own(request, pk)
    if run.is_over:
        messages.info(request, _("This run was over before you cancelled it, so nothing has changed."))
    actions.cancel(run, by=request.user)
    return redirect(run)


def _how_many(runs: QuerySet[ExportRun]) -> dict[str, int]:
    """Count runs by the words of the filters."""
    by_status = dict(runs.order_by().values_list("status").annotate(Count("pk")))
    return {name: sum(by_status.get(status, 0) for status in statuses) for name, (statuses, _word) in STATES.items()}


def own(request: Request, pk: int) -> ExportRun:
    """Return a run of one's own, with all that its page shows of others. Raises Http404."""
    runs = ExportRun.objects.visible_to(request.user)
    told = ("segment", "credential__account", "file__removed_by", "owner")
    return denials.own_or_404(request, runs.select_related(*told), pk=pk)


def shown(request: Request, run: ExportRun, *, said: str = "") -> dict[str, Any]:
    """Return what the run's page and its fragments need."""
    return {"here": "runs", **progress.shown(run, to=request.user, now=timezone.now(), said=said)}
