"""Pages that say no where Django would say it in a word of its own: too much, the wrong way, the database away.

They need no session and no database, so that they can be drawn whatever is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.views import defaults

from accounts import database

COME_BACK = 30  # seconds after which a browser or a proxy may ask again


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer what cannot be read; what is too much of it is said apart."""
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return HttpResponse(render_to_string("413.html"), status=413)
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer where a page broke: as maintenance where only the database is away, else as a fault of ours."""
    if isinstance(sys.exc_info()[1], database.AWAY):
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": str(COME_BACK)})
    return defaults.server_error(request)


def wrong_way(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give the answer “not this way” a page: views leave it blank."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 405 and not response.streaming and not response.content:
            response.content = render_to_string("405.html").encode()
        return response

    return middleware
