"""How people come in: the rules allauth asks us for."""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as request_context
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import admission, languages, recent
from accounts.models import User
from accounts.oidc import company
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
        "too_many_login_attempts": _(
            "Too many tries have failed, so none is taken now. Wait five minutes, then try once more. No account is "
            "closed by this; if the password is forgotten, ask for a link or an admin for a new one."
        ),
        "rate_limited": _("Too many tries in a short time. Wait a few minutes, then try once more."),
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail in its reader's language; where no mail server takes it, say so on the next page."""
        try:
            with languages.of(context.get("user")):
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

    def post_login(
        self, request: HttpRequest, user: User, *, signal_kwargs: dict[str, Any] | None, **more: Any
    ) -> HttpResponse:
        """Remember through which account at the provider somebody has come in, now that they are."""
        come = (signal_kwargs or {}).get("sociallogin")
        if come is not None:
            admission.link_provider(user, issuer=come.account.provider, subject=come.account.uid, name=company.name())
        return super().post_login(request, user, signal_kwargs=signal_kwargs, **more)

    def set_password(self, user: User, password: str) -> None:
        """Keep a password that its owner chose: nobody has lent it."""
        user.has_lent_password = False
        super().set_password(user, password)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("own_account")

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Send nothing to somebody whom an admin gave no password: they come in through the company, or not at all."""
        if user.has_usable_password():
            super().send_password_reset_mail(user, email, context)

    def get_login_stages(self) -> list[str]:
        """Ask for the second factor by our own rule, which knows what the provider asked for."""
        ours = {"allauth.mfa.stages.AuthenticateStage": "accounts.second_factor.FactorStage"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count the failed tries of a person together, whether their name was typed or their address."""
        person = sessions.named(credentials)
        if person is not None:
            credentials = {"username": f"person {person.pk}"}
        return str(super()._get_login_attempts_cache_key(request, **credentials))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raise ValidationError after too many failed tries, and have that in the audit history."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            denials.throttled(request, sessions.named(credentials) or "")
            raise
