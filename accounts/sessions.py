"""A person's sessions. Django keeps them by cookie, so they are found by looking into each that still lives."""

from collections.abc import Iterator

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import User


def of(person: User) -> Iterator[Session]:
    """Yield the living sessions of a person. Sessions live half a day, so there are never many."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get(SESSION_KEY) == str(person.pk):
            yield session


def end(person: User, *, but: str | None = None) -> int:
    """End a person's sessions, all `but` the one with this key; return how many."""
    keys = [session.session_key for session in of(person) if session.session_key != but]
    Session.objects.filter(session_key__in=keys).delete()
    return len(keys)
