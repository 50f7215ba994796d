"""To the provider, and back from it."""

from __future__ import annotations

from allauth.account.utils import get_next_redirect_url
from allauth.decorators import rate_limit
from allauth.socialaccount.providers.base import ProviderException
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe
from requests import RequestException

from accounts.oidc import door
from accounts.oidc.provider import AGAIN, Wire

TROUBLE = (ProviderException, OAuth2Error, RequestException)


@login_not_required
@require_POST
@rate_limit(action="login")  # type: ignore[untyped-decorator]  # allauth tells no types
def oidc_login(request: HttpRequest) -> HttpResponse:
    """Lead to the provider, by a page that leads on at once.

    Not by a redirect: browsers hold the address that a form leads to, and every one after it, against the policy of the
    page with the form, and where a provider sends people on the way is not ours to list.
    """
    wire = _wire(request)
    if request.user.is_authenticated and AGAIN not in request.POST:
        return redirect(get_next_redirect_url(request) or settings.LOGIN_REDIRECT_URL)
    try:
        away = wire.get_provider().redirect_from_request(request)
    except TROUBLE as error:
        door.tell(error)
        return door.sorry(request, "trouble")
    if not isinstance(away, HttpResponseRedirect):
        return away  # the page that says why not
    context = {"name": wire.get_provider().name, "url": away.url}
    return TemplateResponse(request, "accounts/oidc_leave.html", context)


@login_not_required
@require_safe
def oidc_callback(request: HttpRequest) -> HttpResponse:
    """Take somebody who comes back: who they are is settled in accounts/oidc/door.py."""
    wire = _wire(request)
    try:
        return OAuth2CallbackView.adapter_view(wire)(request)
    except TROUBLE as error:
        door.tell(error)
        return door.sorry(request, "trouble")


@login_not_required
@require_safe
def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead on from pages of allauth about a sign-in that failed: ours say why where it happens."""
    return redirect("account_login")


def _wire(request: HttpRequest) -> Wire:
    if not settings.OIDC_ISSUER:
        raise Http404
    return Wire(request, settings.OIDC_ISSUER)
