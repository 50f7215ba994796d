"""What changed between two runs: having them compared, the page of that, and the people who changed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import Request
from audit import denials
from exports import actions, asking, drifted, files, grants
from exports.files import Copy
from exports.forms import JoinForm
from exports.kinds import Kind
from exports.models import Drift, SavedSegment
from exports.pair import Pair
from exports.views import downloads
from exports.views.segments import compare_form, history
from runs.models import Status

may_view = permission_required("exports.view_exportrun", raise_exception=True)


@require_POST
@downloads.may_download
def drift_create(request: Request, pk: int) -> HttpResponse:
    """Have two runs of one's saved segment compared, and lead on to what changed."""
    segments = SavedSegment.objects.visible_to(request.user).select_related("account")
    segment = denials.own_or_404(request, segments, pk=pk)
    if segment.kind != Kind.CONSENTS:
        raise Http404
    form = compare_form(request, segment, request.POST)
    if form.is_valid():
        try:
            return redirect(actions.compare(*form.chosen, by=request.user))
        except actions.NotOffered as refusal:
            form.add_error(None, str(refusal))
    return history(request, segment, form, status=422)


@require_safe
@may_view
def drift_detail(request: Request, pk: int) -> HttpResponse:
    """Show what changed between two runs, or how far finding it out is."""
    return TemplateResponse(request, "exports/drift_detail.html", _shown(request, _seen(request, pk)))


@require_safe
@may_view
def drift_live(request: Request, pk: int) -> HttpResponse:
    """Answer with what changed, or 204 while what the page shows of it still holds."""
    context = _shown(request, _seen(request, pk))
    if context["told"].pace and context["told"].mark == request.GET.get("mark"):
        return HttpResponse(status=204)
    return TemplateResponse(request, "exports/drift_detail.html#drift", context)


@require_POST
@downloads.may_download
def drift_again(request: Request, pk: int) -> HttpResponse:
    """Have the same two runs compared once more where that failed, or joined by another column."""
    made = _seen(request, pk)
    form = JoinForm(request.POST, two=Pair(made.older, made.newer))
    if not form.is_valid():
        context = _shown(request, made) | {"form": form}
        return TemplateResponse(request, "exports/drift_detail.html", context, status=422)
    try:
        joined_on = form.cleaned_data["joined_on"]
        return redirect(actions.compare(made.older, made.newer, by=request.user, joined_on=joined_on))
    except actions.NotOffered as refusal:
        messages.warning(request, str(refusal))
    return redirect(made)


@require_http_methods(["GET", "HEAD", "POST"])
@downloads.may_download
def drift_take(request: Request, pk: int) -> HttpResponse:
    """Ask what the people who changed are for; a press gives leave to download them."""
    made, copy = _people(request, pk)
    return downloads.asked(request, made.newer, copy, _("Who changed"), reverse("exports:drift_download", args=[pk]))


@require_safe
@downloads.may_download
def drift_download(request: Request, pk: int) -> HttpResponseBase:
    """Hand out the people who changed."""
    made, copy = _people(request, pk)
    return downloads.handed_out(request, made.newer, copy, reverse("exports:drift_take", args=[pk]))


def _seen(request: Request, pk: int) -> Drift:
    """Return a comparison of two runs that are one's own or shared, both of them. Raises Http404."""
    told = [f"{run}__{of}" for run in ("older", "newer") for of in ("segment", "file", "owner")]
    return denials.own_or_404(request, Drift.objects.visible_to(request.user).select_related("owner", *told), pk=pk)


def _people(request: Request, pk: int) -> tuple[Drift, Copy]:
    made = _seen(request, pk)
    if made.status != Status.SUCCEEDED or not made.is_kept(timezone.now()):
        raise Http404
    return made, files.copy_of_drift(made)


def _shown(request: Request, made: Drift) -> dict[str, Any]:
    told = drifted.of(made, now=timezone.now())
    two = Pair(made.older, made.newer)
    ask = None
    if told.has_people:
        last = grants.last_purpose(made.newer, request.user)
        ask = asking.of(made.newer, files.copy_of_drift(made), name=_("Who changed"), last=last)
    return {
        "here": "segments" if made.newer.owner_id == request.user.pk else "runs",
        "drift": made,
        "told": told,
        "ask": ask,
        "form": JoinForm(two=two, initial={"joined_on": made.joined_on}),
        "joined_on": next((shared.name for shared in two.joins if shared.id == made.joined_on), ""),
        "is_own": made.newer.owner_id == request.user.pk,
    }
