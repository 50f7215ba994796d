"""How people come in: the rules allauth asks us for."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedDoor(DefaultAccountAdapter):  # type: ignore[misc]  # allauth tells no types
    """Nobody signs themselves up; an admin makes every person."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
