"""What holds for every answer."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh

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


def fresh_page_for_lost_session(get_response: Answer) -> Answer:
    """Refresh the whole page when a fragment would have met the sign-in page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        at_the_gate = response.status_code == 302 and response["Location"].startswith(resolve_url(settings.LOGIN_URL))
        return HttpResponseClientRefresh() if at_the_gate and "HX-Request" in request.headers else response

    return middleware
