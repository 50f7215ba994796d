"""A request as our views know it."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class Request(HttpRequest):
    """A request of somebody who is signed in: the middleware lets nobody else come as far as a view."""

    user: User
    htmx: HtmxDetails
