"""A request as our views know it."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User

BIGGEST = 2**63 - 1  # what a key of the database can be


def number(text: str) -> int | None:
    """Return the whole number that somebody sent, if a key can be that; None for all else, ² and ٣ among it."""
    found = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
    return found if found is not None and found <= BIGGEST else None


class Request(HttpRequest):
    """A request of somebody who is signed in: the middleware lets nobody else come as far as a view."""

    user: User
    htmx: HtmxDetails
