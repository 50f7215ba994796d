"""What every step of the wizard begins with: whose upload it is, and whether it may be here yet."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts.definitions import Library
from accounts.requests import Request
from audit import denials
from imports import trail
from imports.draft import Draft
from imports.models import Upload
from imports.parse.reading import Unreadable

WORDS = [word for word, _name in trail.STEPS]

View = Callable[[Request, Draft], HttpResponseBase]


def step(word: str, *, at_least: str = "") -> Callable[[View], Callable[[Request, int], HttpResponseBase]]:
    """Make a view a step of the wizard: it is given the draft of one's own upload, once that has come so far.

    An upload that has become an import leads there; one whose time is over says so.
    """

    def decorated(view: View) -> Callable[[Request, int], HttpResponseBase]:
        @permission_required("imports.add_import", raise_exception=True)
        @wraps(view)
        def wrapper(request: Request, pk: int) -> HttpResponseBase:
            own = Upload.objects.visible_to(request.user).select_related("account", "credential", "owner", "became")
            upload = denials.own_or_404(request, own, pk=pk)
            if upload.confirmed_at:
                return redirect(upload.became)
            if upload.gone_at or timezone.now() >= upload.expires_at:
                context = {"here": "imports", "upload": upload}
                return TemplateResponse(request, "imports/upload_gone.html", context, status=410)
            furthest = trail.reached(upload)
            if WORDS.index(at_least or word) > WORDS.index(furthest):
                return redirect(trail.url(upload, furthest))
            try:
                return view(request, Draft(upload, Library(upload.credential)))
            except (Unreadable, FileNotFoundError):
                # What could be read a moment ago cannot be any more: there it is said why.
                return redirect(trail.url(upload, "file" if word == "reading" else "reading"))

        return wrapper

    return decorated


def page(
    request: Request, draft: Draft | None, word: str, *, status: int = 200, part: str = "", **more: Any
) -> HttpResponse:
    """Answer with a step's page, or a part of it."""
    upload = draft.upload if draft else None
    context = {"here": "imports", "draft": draft, "upload": upload, "steps": trail.of(upload, word), **more}
    return TemplateResponse(request, f"imports/upload_{word}.html{part}", context, status=status)
