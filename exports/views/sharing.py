"""Sharing a run with colleagues by name, and taking it back."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.requests import Request
from exports import actions
from exports.forms import ShareForm
from exports.views.runs import own


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("exports.change_exportrun", raise_exception=True)
def run_share(request: Request, pk: int) -> HttpResponse:
    """Choose which colleagues see a run and take its files."""
    run = own(request, pk)
    if run.file is None:
        messages.info(request, _("A run can be shared once it has brought its file."))
        return redirect(run)
    form = ShareForm(request.POST if request.method == "POST" else None, run=run)
    if form.is_valid():
        people = form.cleaned_data["people"]
        actions.share(run, people, by=request.user)
        messages.success(
            request, _("Saved: who is ticked finds this run among theirs.") if people else _("Only you see it.")
        )
        return redirect(run)
    context = {"here": "runs", "run": run, "form": form}
    return TemplateResponse(request, "exports/run_share.html", context, status=422 if form.errors else 200)
