"""The provider and its wire: allauth's, and stricter. Authorisation code, PKCE, state, nonce; signatures are checked.

Nothing that the provider says about a person is kept, but which of its accounts is whose (accounts/oidc/door.py).
"""

from __future__ import annotations

import hashlib
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

import jwt
from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount import app_settings
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialLogin, SocialToken
from allauth.socialaccount.providers.base import ProviderException
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from allauth.utils import build_absolute_uri
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

Claims = dict[str, Any]

AGAIN = "again"  # the field of a form that asks for a sign-in now, whoever is signed in over there
KNOWN_FOR = 5 * 60  # seconds that where the provider answers is remembered
LONGEST_SUBJECT: int = app_settings.UID_MAX_LENGTH  # letters that the table of links holds; the standard allows 255
LEEWAY = 60.0  # seconds that its clock may differ from ours
# No symmetric one: the client's secret signs nothing here.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Wire(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # allauth tells no types
    """What is asked of the provider. Raises ProviderException for whatever is not as the standard has it."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """Where the provider answers, as it says itself; asked for every few minutes."""
        key = f"oidc:{hashlib.sha256(settings.OIDC_ISSUER.encode()).hexdigest()}"
        known = cache.get(key)
        if not isinstance(known, dict):
            known = self._asked(f"{settings.OIDC_ISSUER.rstrip('/')}/.well-known/openid-configuration")
            _check_configuration(known)
            cache.set(key, known, KNOWN_FOR)
        return known

    def get_callback_url(self, request: HttpRequest, app: object) -> str:
        return str(build_absolute_uri(request, reverse("oidc_callback")))

    def parse_token(self, data: dict[str, Any]) -> SocialToken:
        """Take the access token alone: it is used once and forgotten."""
        return SocialToken(token=data["access_token"])

    def complete_login(self, request: HttpRequest, app: Any, token: SocialToken, **kwargs: Any) -> SocialLogin:
        claims = self._id_token(app.client_id, kwargs["response"].get("id_token"))
        if "email" not in claims:
            told = self._asked(self.openid_config.get("userinfo_endpoint"), token=token.token)
            if told.get("sub") != claims["sub"]:
                raise ProviderException("userinfo is about somebody else")
            claims |= {name: told.get(name) for name in ("email", "email_verified")}
        return self.get_provider().sociallogin_from_response(request, claims)

    def _id_token(self, client_id: str, id_token: object) -> Claims:
        """Return what a token says that the provider signed, for us, and lately."""
        try:
            signed = str(id_token)
            kid = jwt.get_unverified_header(signed).get("kid")
            keys = jwt.PyJWKSet.from_dict(self._asked(self.openid_config["jwks_uri"])).keys
            fitting = [key for key in keys if kid in (None, key.key_id)]
            if len(fitting) != 1:
                raise ProviderException("no key of the provider fits the token")
            claims = jwt.decode(
                signed,
                fitting[0],
                algorithms=ALGORITHMS,
                audience=client_id,
                issuer=settings.OIDC_ISSUER,
                leeway=LEEWAY,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except jwt.PyJWTError as error:
            raise ProviderException(f"the token is not accepted: {type(error).__name__}") from error
        if claims.get("azp", client_id) != client_id or not claims["sub"]:
            raise ProviderException("the token is for another client, or about nobody")
        # Told here, for the database would say it with a crash, and SQLite not at all.
        if len(claims["sub"]) > LONGEST_SUBJECT or not claims["sub"].isprintable():
            raise ProviderException(f"the subject is longer than {LONGEST_SUBJECT} letters, or has unprintable ones")
        return claims

    def _asked(self, url: object, *, token: str = "") -> dict[str, Any]:
        """Return the JSON object at one of the provider's addresses. Raises RequestException too."""
        if not isinstance(url, str):
            raise ProviderException("the provider names no address for this")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with get_adapter().get_requests_session() as session:
            answer = session.get(url, headers=headers)
            answer.raise_for_status()
            said = answer.json()
        if not isinstance(said, dict):
            raise ProviderException("the answer is no JSON object")
        return said


def _check_configuration(said: dict[str, Any]) -> None:
    """Raise ProviderException unless the configuration is the issuer's own, and its addresses as safe as ours."""
    if said.get("issuer") != settings.OIDC_ISSUER:
        raise ProviderException("the issuer calls itself something else than OIDC_ISSUER")
    scheme = urlsplit(settings.OIDC_ISSUER).scheme  # https, but for the demo
    if not all(urlsplit(str(said.get(name, ""))).scheme == scheme for name in NEEDED):
        raise ProviderException("an address is missing, or not https")


class CompanyProvider(OpenIDConnectProvider):  # type: ignore[misc]
    """The company's provider. allauth finds it by the setting SOCIALACCOUNT_PROVIDERS."""

    package = "accounts.oidc"  # whose addresses are served: accounts/oidc/urls.py
    pkce_enabled_default = True
    oauth2_adapter_class = Wire

    def get_login_url(self, request: HttpRequest, **kwargs: Any) -> str:
        return reverse("oidc_login")

    def get_callback_url(self) -> str:
        return reverse("oidc_callback")

    def get_default_scope(self) -> list[str]:
        return ["openid", "email"]

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Take from the request where to lead on to and whether anew, and nothing else: it is always to sign in."""
        again = {"again": time.time()} if AGAIN in request.POST else {}
        return {"process": AuthProcess.LOGIN, "next_url": get_next_redirect_url(request), **again}

    def redirect(self, request: HttpRequest, process: str, **kept: Any) -> HttpResponse:
        """Begin a sign-in. What is `kept` stays in the session, with a nonce that must come back signed."""
        nonce = secrets.token_urlsafe(24)
        auth_params = {"nonce": nonce} | ({"prompt": "login", "max_age": "0"} if "again" in kept else {})
        return super().redirect(request, process, auth_params=auth_params, nonce=nonce, **kept)

    def sociallogin_from_response(self, request: HttpRequest, response: Claims) -> SocialLogin:
        login = super().sociallogin_from_response(request, response)
        # For this request alone; what is written to the session or the database has neither.
        login.claims = response
        login.proves_factor = not _ways(response).isdisjoint(settings.OIDC_SECOND_FACTOR)
        return login

    def extract_uid(self, data: Claims) -> str:
        return str(data["sub"])

    def extract_extra_data(self, data: Claims) -> dict[str, Any]:
        return {}

    def extract_common_fields(self, data: Claims) -> dict[str, Any]:
        return {}

    def extract_email_addresses(self, data: Claims) -> list[Any]:
        return []


def _ways(claims: Claims) -> set[str]:
    """Return how somebody proved who they are over there: `amr` and `acr` of the token."""
    amr = claims.get("amr")
    return {str(way) for way in (*(amr if isinstance(amr, list) else []), claims.get("acr")) if way}


provider_classes = [CompanyProvider]
