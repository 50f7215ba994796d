"""How people come in: the rules allauth asks us for."""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as request_context
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import recent
from audit import denials, sessions

logger = logging.getLogger(__name__)

# The same for a name that nobody has and for a wrong password, so that nobody learns who works here.
NO_MATCH = _("Name and password do not belong together. Try both again; capitals count in the password.")


class ClosedDoor(DefaultAccountAdapter):  # type: ignore[misc]  # allauth tells no types
    """Nobody signs themselves up; an admin makes every person."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": NO_MATCH,
        "email_password_mismatch": NO_MATCH,
        "enter_current_password": _("This is not your present password."),
        "incorrect_password": _("This is not the password you sign in with here."),
        "too_many_login_attempts": _("Too many failed tries. Wait a few minutes, then try once more."),
        "rate_limited": _("Too many tries in a short time. Wait a few minutes, then try once more."),
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail; where no mail server takes it, say so on the next page, whoever was to get it."""
        try:
            super().send_mail(template_prefix, email, context)
        except OSError as error:  # what SMTP says is one, too
            logger.error("A mail was not sent: %s.", type(error).__name__)  # noqa: TRY400 - its trace may name addresses
            sentence = _("No mail was sent: this desk’s mail server takes none now. Ask your admin for a new password.")
            messages.error(request_context.request, sentence)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Take a sign-in of a few minutes ago for a proof; allauth would ask again at once."""
        return not recent.is_recent(request_context.request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raise ValidationError after too many failed tries, and have that in the audit history."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            denials.throttled(request, sessions.named(credentials) or "")
            raise
