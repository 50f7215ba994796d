"""How long a password can be: longer than anybody keeps, and short enough that hashing it is no work for a server."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LONGEST = 1000  # letters


class LongestValidator:
    """Refuse a new password that the sign-in would not take."""

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError for one that is too long."""
        if len(password) > LONGEST:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return _("A password has at most %(n)s letters.") % {"n": LONGEST}
