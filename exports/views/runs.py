"""Export runs: start, watch, cancel."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import replace_url

from accounts.requests import Request, number
from audit import denials
from exports import actions, letters, listing, progress
from exports.events.remedies import MOST_WINDOWS
from exports.kinds import Kind
from exports.mine import SHARED, Mine
from exports.models import ExportRun, SavedSegment
from exports.views.guard import run_guard

# What the filters say, by the words of their addresses.
WORDS = {
    "working": lazy("On their way"),
    "ready": lazy("Ready"),
    "failed": lazy("Failed"),
    "cancelled": lazy("Cancelled"),
    SHARED: lazy("Shared with you"),
}


@require_safe
@permission_required("exports.view_exportrun", raise_exception=True)
def run_list(request: Request) -> HttpResponse:
    """List one's runs and those that others share, newest first; searched by the segment's name, filtered by state."""
    return TemplateResponse(request, "exports/run_list.html", _listed(request))


@require_safe
@permission_required("exports.view_exportrun", raise_exception=True)
def run_rows(request: Request) -> HttpResponse:
    """Answer with the list alone, as search and filter stand; the page's address follows."""
    context = _listed(request) | {"is_fragment": True}
    address = reverse("exports:run_list")
    if query := urlencode({name: context[name] for name in ("q", "state") if context[name]}):
        address += f"?{query}"
    # Typing replaces the address: a Back for every letter would help nobody.
    return replace_url(TemplateResponse(request, "exports/run_list.html#list", context), address)


def _listed(request: Request) -> dict[str, Any]:
    """Return what the list of runs shows, as its address asks."""
    q, state = request.GET.get("q", "").replace("\0", "").strip()[:120], request.GET.get("state", "")
    state = state if state in WORDS else ""
    mine = Mine(request.user, named=q, state=state)
    page = Paginator(mine, listing.PAGE).get_page(request.GET.get("page"))
    # What is shown of a run is read for those of the page alone.
    visible = ExportRun.objects.visible_to(request.user).listed().select_related("owner")
    found_of, now = visible.in_bulk(list(page)), timezone.now()
    return {
        "here": "runs",
        "page_obj": page,
        "rows": [listing.row(found_of[pk], now=now) for pk in page if pk in found_of],
        "q": q,
        "state": state,
        "state_word": WORDS.get(state, ""),
        "chips": listing.chips(WORDS, mine.counts, q=q, state=state),
        "all": Mine(request.user) if q else mine,
        # Only a list that is not narrowed can be empty because nothing was ever run.
        "is_first_use": not (q or state or mine),
    }


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
    windows = min(number(request.POST.get("windows", "")) or 1, MOST_WINDOWS)
    return redirect(actions.start(segment, by=request.user, windows=max(1, windows)))


@require_safe
@permission_required("exports.view_exportrun", raise_exception=True)
def run_detail(request: Request, pk: int) -> HttpResponse:
    """Show a run: one sentence, its journey, its log, its files."""
    run = seen(request, pk)
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
    run = seen(request, pk)
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


def own(request: Request, pk: int) -> ExportRun:
    """Return a run of one's own, to be changed, with all that its page shows of others. Raises Http404."""
    return _told(request, ExportRun.objects.owned_by(request.user), pk)


def seen(request: Request, pk: int) -> ExportRun:
    """Return the same, or a run that somebody shared, to be read. Raises Http404."""
    return _told(request, ExportRun.objects.visible_to(request.user), pk)


def seen_table(request: Request, pk: int) -> ExportRun:
    """Return a run that brings a table: only such a file has rows and columns to look at. Raises Http404."""
    run = seen(request, pk)
    if run.segment.kind != Kind.CONSENTS:
        raise Http404
    return run


def _told(request: Request, runs: QuerySet[ExportRun], pk: int) -> ExportRun:
    told = ("segment", "credential__account", "file__removed_by", "owner")
    return denials.own_or_404(request, runs.select_related(*told), pk=pk)


def shown(request: Request, run: ExportRun, *, said: str = "") -> dict[str, Any]:
    """Return what the run's page and its fragments need."""
    return {"here": "runs", **progress.shown(run, to=request.user, now=timezone.now(), said=said)}
