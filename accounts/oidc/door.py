"""Whom the desk lets in that comes from the company's provider, and what it says to the others.

The provider says who somebody is; an admin of the desk says who may come in. So the first time, somebody is known by
the e-mail address that their account here has, if the provider vouches for it; from then on by the account there
(issuer and subject), which is linked to theirs here. An address that is given to somebody else later opens nothing.
"""

from __future__ import annotations

import logging
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthError, ProviderException
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import provider_links
from accounts.models import User
from accounts.oidc import company
from accounts.oidc.provider import LEEWAY
from audit import denials

logger = logging.getLogger(__name__)

# Why somebody was not signed in → the page's headline, and what it means and what to do
SENTENCES = {
    "unknown": (
        gettext_noop("Nobody here has your e-mail address"),
        gettext_noop(
            "%(name)s told the desk who you are, but no account here has the e-mail address that it gave. Ask an admin "
            "of your desk for an account with that address, then come in the same way."
        ),
    ),
    "unconfirmed": (
        gettext_noop("%(name)s does not vouch for your e-mail address"),
        gettext_noop(
            "The desk knows people by an address that is confirmed over there, and yours is not. Ask whoever looks "
            "after %(name)s to confirm it, or sign in here with your password."
        ),
    ),
    "taken": (
        gettext_noop("Another account at %(name)s came in with your e-mail address before"),
        gettext_noop(
            "So the desk cannot tell whether you are the one it belongs to. If your account over there was made anew, "
            "ask an admin of your desk to undo the link to the old one: Admin, People, your name."
        ),
    ),
    "operator": (
        gettext_noop("An operator’s account is not opened from %(name)s"),
        gettext_noop("It may do everything here, so it takes its own password and second factor. Sign in with those."),
    ),
    "cancelled": (
        gettext_noop("You were not signed in"),
        gettext_noop(
            "%(name)s ended the sign-in before it was through. Nothing has happened; begin again if you like."
        ),
    ),
    "stale": (
        gettext_noop("%(name)s did not ask you again who you are"),
        gettext_noop(
            "The desk asks for that before a key is changed, and %(name)s vouched for an earlier sign-in. Sign out "
            "over there, come in again, and enter the key then. Nothing was changed."
        ),
    ),
    "lost": (
        gettext_noop("This sign-in took too long, or began elsewhere"),
        gettext_noop("It is to be finished within ten minutes, in the browser it began in. Begin again here."),
    ),
    "trouble": (
        gettext_noop("%(name)s did not answer as it should"),
        gettext_noop(
            "Nobody can come in that way just now. Try again in a minute, or sign in with your password. If it goes "
            "on, tell whoever runs this desk."
        ),
    ),
}
STATUS = {"trouble": 502, "lost": 400, "cancelled": 400}


def sorry(request: HttpRequest, why: str) -> HttpResponse:
    """Return the page for somebody who was not signed in: why, what it means, what to do."""
    words = {"name": company.name()}
    title, text = (_(sentence) % words for sentence in SENTENCES[why])
    context = {"title": title, "text": text}
    page = TemplateResponse(request, "accounts/oidc_sorry.html", context, status=STATUS.get(why, 403))
    return page.render()


class CompanyDoor(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth tells no types
    """What allauth asks of us about people who come from the provider."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        app = company.app()
        if (
            app is None
            or provider not in (None, app.provider, app.provider_id)
            or client_id not in (None, app.client_id)
        ):
            return []
        return [app]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Settle who has come. Raises ImmediateHttpResponse for whoever is not let in."""
        if sociallogin.claims.get("nonce") != sociallogin.state.get("nonce"):
            raise ImmediateHttpResponse(sorry(request, "lost"))
        if not _is_anew(sociallogin):
            raise ImmediateHttpResponse(sorry(request, "stale"))
        if not sociallogin.is_existing:
            sociallogin.user = _by_address(request, sociallogin)
        person = sociallogin.user
        if not person.is_active:
            _refused("closed", person)
            raise ImmediateHttpResponse(redirect("account_inactive"))
        if person.is_superuser:
            _refused("operator", person)
            raise ImmediateHttpResponse(sorry(request, "operator"))

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: object,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Answer with a page of ours. Raises ImmediateHttpResponse."""
        if error == AuthError.CANCELLED:
            raise ImmediateHttpResponse(sorry(request, "cancelled"))
        if exception is None and "state" not in (extra_context or {}):
            raise ImmediateHttpResponse(sorry(request, "lost"))
        tell(exception)
        raise ImmediateHttpResponse(sorry(request, "trouble"))


def tell(error: Exception | None) -> None:
    """Say to the operator why the provider's answer was of no use. Its own words may hold anything, so not in those."""
    why = str(error) if isinstance(error, ProviderException) else type(error).__name__
    logger.warning("A sign-in at the provider failed.", extra={"why": why})


def _is_anew(sociallogin: SocialLogin) -> bool:
    """Say whether somebody who was to show anew who they are did, by the time that the provider signed."""
    began, at = sociallogin.state.get("again"), sociallogin.claims.get("auth_time")
    return began is None or (isinstance(at, int | float) and at >= began - LEEWAY)


def _by_address(request: HttpRequest, sociallogin: SocialLogin) -> User:
    """Return the person whose address the provider vouches for. Raises ImmediateHttpResponse."""
    address = sociallogin.claims.get("email")
    verified = sociallogin.claims.get("email_verified")
    # Some providers write the word instead of the value.
    if not isinstance(address, str) or not (verified is True or verified == "true"):
        why, person = "unconfirmed", None
    else:
        person = provider_links.person_with(address)
        is_taken = person is not None and provider_links.has_one(person, sociallogin.account.provider)
        why = "unknown" if person is None else "taken" if is_taken else ""
    if why:
        _refused(why, person)
        raise ImmediateHttpResponse(sorry(request, why))
    assert person is not None
    return person


def _refused(why: str, person: User | None) -> None:
    denials.attempted("session.provider_refused", by=None, target=person or "", why=why, through=company.name())
