"""How people come in: the rules allauth asks us for."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from audit import denials, sessions


class ClosedDoor(DefaultAccountAdapter):  # type: ignore[misc]  # allauth tells no types
    """Nobody signs themselves up; an admin makes every person."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raise ValidationError after too many failed tries, and have that in the audit history."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            denials.throttled(request, sessions.named(credentials) or "")
            raise
