"""What holds for every answer."""

from collections.abc import Callable
from typing import cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import Resolver404, resolve
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh

from accounts import languages, lent_password
from accounts import second_factor as second_factor_rules
from accounts.requests import Request

Answer = Callable[[HttpRequest], HttpResponse]


def private_answers(get_response: Answer) -> Answer:
    """Keep what a signed-in person sees out of every cache, shared or not."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware


def own_time_zone(get_response: Answer) -> Answer:
    """Show each person the times of the place they work in."""

    def middleware(request: HttpRequest) -> HttpResponse:
        zone = getattr(request.user, "time_zone", None) or settings.TIME_ZONE
        with timezone.override(ZoneInfo(zone)):
            return get_response(request)

    return middleware


def own_language(get_response: Answer) -> Answer:
    """Speak to each person in the language they chose, before the one that their browser asks for."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with languages.of(request.user) as language:
            request.LANGUAGE_CODE = language  # Django’s own middleware sets it, too
            response = get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response

    return middleware


# What somebody with a password that an admin chose may reach: the way to one of their own, and the way out.
TO_A_PASSWORD = {"account_change_password", "account_logout", "healthz", "readyz"}
# What somebody who has yet to set up a second factor may reach: the way to one, and the way out.
TO_A_FACTOR = TO_A_PASSWORD | {
    "second_factor",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "account_reauthenticate",
}


def own_password(get_response: Answer) -> Answer:
    """Lead those whose password an admin knows to choosing one of their own."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated or not lent_password.is_due(cast(Request, request)):
            return get_response(request)
        return get_response(request) if _leads_to(TO_A_PASSWORD, request) else _led("account_change_password", request)

    return middleware


def second_factor(get_response: Answer) -> Answer:
    """Lead those whose group works with a second factor to setting one up, until they have."""

    def middleware(request: HttpRequest) -> HttpResponse:
        groups = settings.REQUIRE_SECOND_FACTOR
        if not groups or not request.user.is_authenticated or _leads_to(TO_A_FACTOR, request):
            return get_response(request)
        if not second_factor_rules.is_due(cast(Request, request), groups):
            return get_response(request)
        return _led("second_factor", request)

    return middleware


def _leads_to(names: set[str], request: HttpRequest) -> bool:
    try:
        return resolve(request.path_info).view_name in names
    except Resolver404:
        return False


def _led(name: str, request: HttpRequest) -> HttpResponse:
    return HttpResponseClientRefresh() if "HX-Request" in request.headers else redirect(name)


def fresh_page_for_lost_session(get_response: Answer) -> Answer:
    """Refresh the whole page when a fragment would have met the sign-in page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        at_the_gate = response.status_code == 302 and response["Location"].startswith(resolve_url(settings.LOGIN_URL))
        return HttpResponseClientRefresh() if at_the_gate and "HX-Request" in request.headers else response

    return middleware
