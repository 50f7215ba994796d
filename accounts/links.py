"""Addresses of pages for where there is no request to take the host from: mails, and what a command prints."""

from django.conf import settings


def absolute(path: str) -> str:
    """Return the whole address of a page of this desk, by the first of the names it answers to."""
    scheme = "http" if settings.DEMO else "https"
    return f"{scheme}://{host()}{path}"


def host() -> str:
    """Return the desk's own name, with its port where that is part of it."""
    return f"127.0.0.1:{settings.PORT}" if settings.DEMO else str(settings.ALLOWED_HOSTS[0])
