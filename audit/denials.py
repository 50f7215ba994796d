"""Attempts that came to nothing: a page that is not for this person, a thing of somebody else's, too many tries.

What is written here never changes the answer: a refusal that cannot be recorded is logged, and stays a refusal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.db import DatabaseError, models, transaction
from django.http import Http404, HttpRequest, HttpResponse

from audit import actions

logger = logging.getLogger(__name__)
Row = TypeVar("Row", bound=models.Model)

ONCE_IN = 60  # seconds; who knocks without end fills no disk


def own_or_404(request: HttpRequest, rows: models.QuerySet[Row], **lookup: Any) -> Row:
    """Return the one row of `rows`, which are those this person may see.

    Raises Http404 for what is not there and for what is another's alike; only the audit history knows the difference.
    """
    row = rows.filter(**lookup).first()
    if row is None:
        thing = rows.model._default_manager.filter(**lookup).first()
        if thing is not None:
            attempted("access.denied", by=request.user, target=thing)
        raise Http404
    return row


def attempted(action: str, *, by: Any, target: models.Model | str, **facts: Any) -> None:
    """Record an attempt, where it can be recorded."""
    try:
        with transaction.atomic():
            actions.record(action, by=by, target=target, **facts)
    except DatabaseError:
        logger.exception("An attempt could not be written to the audit history.")


def throttled(request: HttpRequest, target: models.Model | str = "") -> None:
    """Record that somebody was held back for trying too often: once a minute for each place they try from."""
    if cache.add(f"audit-throttled:{get_adapter().get_client_ip(request)}", 1, ONCE_IN):
        attempted("session.throttled", by=None, target=target)


def refusals(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Record every page that a signed-in person was refused, and every try that was one too many."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 403 and request.user.is_authenticated:
            attempted("access.forbidden", by=request.user, target=_asked_for(request), method=str(request.method))
        elif response.status_code == 429:
            throttled(request)
        return response

    return middleware


def _asked_for(request: HttpRequest) -> str:
    """Return the path somebody was after; the admin site leads those it does not want to its sign-in page first."""
    is_gate = request.resolver_match is not None and request.resolver_match.view_name == "admin:login"
    return request.GET.get("next", "").partition("?")[0] if is_gate and "next" in request.GET else request.path
