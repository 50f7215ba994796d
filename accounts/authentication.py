"""Who asks: the person comes with their session, in the one query that reads it (docs/decisions/0011)."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from accounts.sessions import SessionStore


class PersonBesideSession(AuthenticationMiddleware):
    """Django's own, but for where the person is read."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: person_of(request))  # type: ignore[assignment]


def person_of(request: HttpRequest) -> AbstractBaseUser | AnonymousUser:
    """Return who asks. Whatever is not exactly as it should be is left to Django, which looks again and decides."""
    session = cast(SessionStore, request.session)
    # Reading from it is what loads it, and the person with it.
    is_said = session.get(auth.SESSION_KEY)
    person = session.person
    if person is not None and is_said == str(person.pk) and _opens(session, person):
        return person
    return auth.get_user(request)


def _opens(session: SessionStore, person: User) -> bool:
    """Say whether this session lets this person in: what Django asks too, of an account and a password as they are."""
    return (
        person.is_active
        and session.get(auth.BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
        and constant_time_compare(session.get(auth.HASH_SESSION_KEY) or "", person.get_session_auth_hash())
    )
