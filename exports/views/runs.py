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
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import replace_url

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
SHARED = "shared"  # the word of those that others share, in whatever state


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
    own = ExportRun.objects.owned_by(request.user)
    shared = ExportRun.objects.shared_with(request.user)
    q, state = request.GET.get("q", "").replace("\0", "").strip()[:120], request.GET.get("state", "")
    state = state if state in STATES or state == SHARED else ""
    in_all = _how_many(own, shared)
    how_many = in_all
    if q:
        named = SavedSegment.objects.filter(name__icontains=q)
        own, shared = own.filter(segment__in=named), shared.filter(segment__in=named)
        how_many = _how_many(own, shared)
    if state in STATES:
        own, shared = (runs.filter(status__in=STATES[state][0]) for runs in (own, shared))
    # Only keys are counted through to a page far back; what is shown of a run is read for fifty.
    keys = _keys(None if state == SHARED else own, shared if in_all[SHARED] or state == SHARED else None)
    paginator = Paginator(keys, PAGE)
    paginator.count = how_many[state] if state else sum(how_many[name] for name in STATES)
    page = paginator.get_page(request.GET.get("page"))
    visible = ExportRun.objects.visible_to(request.user).listed().select_related("owner")
    found_of = visible.in_bulk(list(page))
    words = {**{name: word for name, (_s, word) in STATES.items()}, SHARED: lazy("Shared with you")}
    return {
        "here": "runs",
        "page_obj": page,
        "rows": [listing.row(found_of[pk], now=timezone.now()) for pk in page if pk in found_of],
        "q": q,
        "state": state,
        "state_word": words.get(state, ""),
        "chips": listing.chips(words, how_many, q=q, state=state),
        "in_all": in_all,
        # Only a list that is not narrowed can be empty because nothing was ever run.
        "is_first_use": not (q or state or page.paginator.count),
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
    return redirect(actions.start(segment, by=request.user))


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


def _how_many(own: QuerySet[ExportRun], shared: QuerySet[ExportRun]) -> dict[str, int]:
    """Count runs by the words of the filters."""
    counts = [dict(runs.order_by().values_list("status").annotate(Count("pk"))) for runs in (own, shared)]
    by_state = {
        name: sum(count.get(status, 0) for count in counts for status in statuses)
        for name, (statuses, _word) in STATES.items()
    }
    return by_state | {SHARED: sum(counts[1].values())}


def _keys(own: QuerySet[ExportRun] | None, shared: QuerySet[ExportRun] | None) -> QuerySet[ExportRun, int]:
    """Return the keys of runs, newest first: of both lists merged, each in the order of an index of its own."""
    keys = []
    if own is not None:
        keys.append(own.order_by().values_list("id", flat=True))
    if shared is not None:  # in the order of the shares, which SQLite does not know to be that of the runs
        keys.append(shared.order_by().values_list("shares__run_id", flat=True))
    first, *others = keys
    if others:
        return first.union(*others, all=True).order_by("-id")
    return first.order_by("-id" if shared is None else "-shares__run_id")


def own(request: Request, pk: int) -> ExportRun:
    """Return a run of one's own, to be changed, with all that its page shows of others. Raises Http404."""
    return _told(request, ExportRun.objects.owned_by(request.user), pk)


def seen(request: Request, pk: int) -> ExportRun:
    """Return the same, or a run that somebody shared, to be read. Raises Http404."""
    return _told(request, ExportRun.objects.visible_to(request.user), pk)


def _told(request: Request, runs: QuerySet[ExportRun], pk: int) -> ExportRun:
    told = ("segment", "credential__account", "file__removed_by", "owner")
    return denials.own_or_404(request, runs.select_related(*told), pk=pk)


def shown(request: Request, run: ExportRun, *, said: str = "") -> dict[str, Any]:
    """Return what the run's page and its fragments need."""
    return {"here": "runs", **progress.shown(run, to=request.user, now=timezone.now(), said=said)}
