"""One's own account: name, time zone, second factor, sessions."""

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import admission, languages, provider_links, second_factor, sessions
from accounts.forms import PreferencesForm
from accounts.oidc import company
from accounts.requests import Request


@require_http_methods(["GET", "HEAD", "POST"])
def own_account(request: Request) -> HttpResponse:
    """Show how one signs in and from where, and let one choose how the desk works for one."""
    form = PreferencesForm(request.POST if request.method == "POST" else None, instance=request.user)
    if form.is_valid():
        admission.set_preferences(request.user, **form.cleaned_data)
        with languages.of(request.user):
            messages.success(request, _("The desk works so for you from now on."))
        return redirect("own_account")
    factors = Authenticator.objects.filter(user=request.user).order_by("created_at")
    codes = factors.filter(type=Authenticator.Type.RECOVERY_CODES).first()
    context = {
        "form": form,
        "groups": [_(group.name) for group in request.user.groups.all()],
        "app": factors.filter(type=Authenticator.Type.TOTP).first(),
        "passkeys": factors.filter(type=Authenticator.Type.WEBAUTHN),
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else None,
        "company": company.name(),
        "link": provider_links.of(request.user).filter(provider=settings.OIDC_ISSUER).first(),
        "is_name": second_factor.is_name(request),
        "has_factor": second_factor.has_one(request.user),
        "others": sessions.of(request.user).exclude(session_key=request.session.session_key).count(),
    }
    return TemplateResponse(request, "accounts/own_account.html", context, status=422 if form.errors else 200)


@require_POST
def own_sessions_end(request: Request) -> HttpResponse:
    """Sign out everywhere but here."""
    ended = sessions.end(request.user, but=request.session.session_key)
    said = ngettext("%(n)s other session has ended.", "%(n)s other sessions have ended.", ended)
    messages.success(request, said % {"n": ended})
    return redirect("own_account")


@require_safe
def second_factor_setup(request: Request) -> HttpResponse:
    """Say that one's group works with a second factor, and offer the two kinds there are."""
    if not second_factor.is_due(request, settings.REQUIRE_SECOND_FACTOR):
        return redirect("own_account")
    return TemplateResponse(request, "accounts/second_factor.html", {"is_name": second_factor.is_name(request)})


@require_http_methods(["GET", "HEAD", "POST"])
def to_own_account(request: Request) -> HttpResponse:
    """Lead on from pages of allauth that ours replaces.

    Nobody changes their own e-mail address, or gives themself a password where an admin gave none.
    """
    return redirect("own_account")
