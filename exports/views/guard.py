"""What stands between a press on Run and the run."""

from __future__ import annotations

from django.http import HttpResponse
from django.template.response import TemplateResponse

from accounts.models import Credential
from accounts.requests import Request
from exports import checks, preflight
from exports.models import SavedSegment


def run_guard(request: Request, segment: SavedSegment) -> HttpResponse | None:
    """Return a page that says what must be put right or confirmed first, or None when the run may start.

    What blocks is judged by the key of whoever presses Run. Everyone is asked about twice: in the segment, and here.
    """
    context = {"here": "segments", "segment": segment, "spec": segment.asks}
    status = 409 if request.method == "POST" else 200  # whoever only looks was refused nothing
    if blocks := in_the_way(request, segment):
        context |= {"blocks": blocks}
        return TemplateResponse(request, "exports/run_blocked.html", context, status=status)
    if is_for_everyone(segment) and request.POST.get("confirmed") != "everyone":
        return TemplateResponse(request, "exports/run_confirm.html", context, status=status)
    return None


def in_the_way(request: Request, segment: SavedSegment) -> list[preflight.Finding]:
    """Return what must be put right before this person can run a segment."""
    return [finding for finding in _findings(request, segment) if finding.level == "block"]


def is_for_everyone(segment: SavedSegment) -> bool:
    """Say whether a run would export every profile, so that it is asked about once more."""
    return segment.asks.is_for_everyone


def _findings(request: Request, segment: SavedSegment) -> list[preflight.Finding]:
    own = Credential.objects.visible_to(request.user).filter(account=segment.account).select_related("account")
    return checks.of(segment.asks, own.first(), segment.account, segment)
