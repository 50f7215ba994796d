"""The files of a run: what is there, and what can be made of them."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import Request
from exports import actions, files, retention, shelf, taken
from exports.forms import WishForm
from exports.views.runs import own, seen, shown


@require_POST
@permission_required("exports.download_exportrun", raise_exception=True)
def derived_create(request: Request, pk: int) -> HttpResponse:
    """Have another form of a run's file made."""
    run = seen(request, pk)
    form = WishForm(request.POST, widest=shelf.all_of(run))
    if form.is_valid():
        try:
            actions.derive(run, form.wish, by=request.user)
        except actions.NotOffered as refusal:
            form.add_error(None, str(refusal))
    if form.errors:
        context = shown(request, run) | {"wish": form}
        return TemplateResponse(request, "exports/run_detail.html", context, status=422)
    return redirect(f"{run.get_absolute_url()}#run-files")


@require_safe
@permission_required("exports.view_exportrun", raise_exception=True)
def run_files(request: Request, pk: int) -> HttpResponse:
    """Answer with the files of a run, or 204 while what the page shows of them still holds."""
    run = seen(request, pk)
    found = shelf.of(run, now=timezone.now())
    if found and found.pace and found.mark == request.GET.get("mark"):
        return HttpResponse(status=204)
    return TemplateResponse(request, "exports/run_detail.html#run_files", shown(request, run))


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("exports.change_exportrun", raise_exception=True)
def run_remove(request: Request, pk: int) -> HttpResponse:
    """Remove a run's file before its time; first the page says what goes and what stays."""
    run = own(request, pk)
    if request.method != "POST":
        is_there = files.is_there(run, now=timezone.now())
        context = {"here": "runs", "run": run, "is_there": is_there, "taken": taken.of(run)}
        context["index_kept_days"] = settings.INDEX_KEPT_DAYS
        return TemplateResponse(request, "exports/run_remove.html", context)
    if not retention.remove(run, by=request.user):
        messages.info(request, _("This run has no file here, so nothing has changed."))
    return redirect(run)
