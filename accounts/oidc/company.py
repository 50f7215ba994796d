"""The company's provider, as the settings name it. There is one, or none."""

from __future__ import annotations

from allauth.socialaccount.models import SocialApp
from django.conf import settings

LIBRARY = "openid_connect"  # what allauth calls this kind of provider


def name() -> str:
    """Return what the provider is called where people read it; empty where there is none."""
    return settings.OIDC_NAME if settings.OIDC_ISSUER else ""


def app() -> SocialApp | None:
    """Return the provider as allauth knows one. Never from the database: who can write there must open no door."""
    if not settings.OIDC_ISSUER:
        return None
    return SocialApp(
        provider=LIBRARY,
        # Accounts there are told apart by issuer and subject, as the standard asks; so a new issuer begins anew.
        provider_id=settings.OIDC_ISSUER,
        name=settings.OIDC_NAME,
        client_id=settings.OIDC_CLIENT_ID,
        secret=settings.OIDC_CLIENT_SECRET,
        settings={"server_url": settings.OIDC_ISSUER},
    )
