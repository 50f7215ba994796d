"""How people come in: the rules allauth asks us for."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts import recent
from audit import denials, sessions


class ClosedDoor(DefaultAccountAdapter):  # type: ignore[misc]  # allauth tells no types
    """Nobody signs themselves up; an admin makes every person."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Take a sign-in of a few minutes ago for a proof; allauth would ask again at once."""
        return not recent.is_recent(context.request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raise ValidationError after too many failed tries, and have that in the audit history."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            denials.throttled(request, sessions.named(credentials) or "")
            raise
