"""People's sessions, kept with whose they are: one query reads both, and a person's own are found at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Session, User


class SessionStore(db.SessionStore):
    """Django's own, in our table. `person` is whoever the stored session is of, as their row says right now."""

    person: User | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        made = cast(Session, super().create_model_instance(data))
        made.person_id = data.get(SESSION_KEY)
        return made

    def _get_session_from_db(self) -> Session | None:
        found: Session | None = super()._get_session_from_db()  # type: ignore[misc]  # which its stubs leave out
        self.person = found.person if found else None
        return found


def of(person: User) -> QuerySet[Session]:
    """Return the living sessions of a person."""
    return Session.objects.filter(person=person, expire_date__gt=timezone.now())


def end(person: User, *, but: str | None = None) -> int:
    """End a person's sessions, all `but` the one with this key; return how many."""
    ended, _by_model = of(person).exclude(session_key=but).delete()
    return ended


def forget_over(*, now: datetime) -> int:
    """Delete what is left of sessions whose time is over; return how many."""
    deleted, _by_model = Session.objects.filter(expire_date__lte=now).delete()
    return deleted
