"""Pages of an admin that ask before much happens at once: what it costs stands on the page, with its figures."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import admission, provider_links, second_factor
from accounts.forms import AddressForm, LeaverForm, LentPasswordForm, MoveForm
from accounts.models import User, VendorAccount
from accounts.oidc import company
from accounts.requests import Request
from project import actions


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("accounts.change_vendoraccount", raise_exception=True)
def account_move(request: Request, pk: int) -> HttpResponse:
    """Let a vendor account answer at another address: first the address, then what it costs, then it is done."""
    account = get_object_or_404(VendorAccount, pk=pk)
    present, name = account.base_url, account.name
    form = MoveForm(request.POST if request.method == "POST" else None, instance=account)
    context = {"form": form, "name": name, "present": present, "pk": pk}
    if not form.is_valid():
        status = 422 if form.errors else 200
        return TemplateResponse(request, "accounts/account_move.html", context, status=status)
    # The instance holds the address as it was checked; the form's own data is as it was typed.
    wanted, region, other_url = account.base_url, account.region, account.other_url
    account.refresh_from_db()
    toll = actions.toll_of_moving(account)
    is_costly = wanted != present and (toll.credentials or toll.runs)
    if is_costly and request.POST.get("confirmed") != wanted:
        context |= {"toll": toll, "wanted": wanted}
        return TemplateResponse(request, "accounts/account_move_confirm.html", context, status=409)
    actions.move_account(account, region=region, other_url=other_url, by=request.user)
    messages.success(request, _("%(account)s answers at %(address)s.") % {"account": account, "address": wanted})
    return redirect("admin:accounts_vendoraccount_change", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("accounts.change_user", raise_exception=True)
def person_deactivate(request: Request, pk: int) -> HttpResponse:
    """Close the account of somebody who leaves, with all that hangs on it, in one form."""
    person = _colleague(request, pk)
    if not person.is_active:
        return TemplateResponse(request, "accounts/person_activate.html", {"person": person})
    toll = actions.toll_of_leaving(person)
    entered = request.POST if request.method == "POST" else None
    form = LeaverForm(entered, leaver=person, has_segments=bool(toll.segments))
    if not form.is_valid():
        context = {"person": person, "toll": toll, "form": form}
        status = 422 if form.errors else 200
        return TemplateResponse(request, "accounts/person_deactivate.html", context, status=status)
    actions.deactivate(person, heir=form.chosen, by=request.user)
    messages.success(request, _("The account of %(who)s is closed.") % {"who": person})
    return redirect("admin:accounts_user_change", pk)


@require_POST
@permission_required("accounts.change_user", raise_exception=True)
def person_activate(request: Request, pk: int) -> HttpResponse:
    """Let somebody in again."""
    person = _colleague(request, pk)
    admission.activate(person, by=request.user)
    messages.success(request, _("%(who)s can sign in again.") % {"who": person})
    return redirect("admin:accounts_user_change", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("accounts.change_user", raise_exception=True)
def person_factors(request: Request, pk: int) -> HttpResponse:
    """Take the second factor from somebody who lost theirs, so that they can set up another."""
    person = _colleague(request, pk)
    context = {"person": person, "has_factor": second_factor.has_one(person)}
    if request.method != "POST" or not context["has_factor"]:
        return TemplateResponse(request, "accounts/person_factors.html", context)
    admission.reset_factors(person, by=request.user)
    messages.success(request, _("%(who)s has no second factor now.") % {"who": person})
    return redirect("admin:accounts_user_change", pk)


@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("accounts.change_user", raise_exception=True)
def person_password(request: Request, pk: int) -> HttpResponse:
    """Choose a password for somebody who cannot come in; what it costs them stands on the page."""
    person = _colleague(request, pk)
    entered = request.POST if request.method == "POST" else None
    form = LentPasswordForm(entered, person=person, company=company.name())
    if not form.is_valid():
        return _admission(request, "password", person, form)
    actions.lend_password(person, form.chosen, by=request.user)
    said = _("%(who)s comes in with the new password once, and then chooses their own.")
    none = _("%(who)s has no password now.")
    messages.success(request, (none if form.chosen is None else said) % {"who": person})
    return redirect("admin:accounts_user_change", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("accounts.change_user", raise_exception=True)
def person_address(request: Request, pk: int) -> HttpResponse:
    """Give somebody another e-mail address; what it costs them stands on the page."""
    person = _colleague(request, pk)
    present = person.email
    # The form writes what was typed into its instance, so it gets one of its own.
    form = AddressForm(request.POST if request.method == "POST" else None, instance=User.objects.get(pk=pk))
    if not form.is_valid():
        return _admission(request, "address", person, form)
    if form.cleaned_data["email"] != present:
        actions.change_address(person, form.cleaned_data["email"], by=request.user)
        messages.success(request, _("%(who)s has the new address, and signs in anew.") % {"who": person})
    return redirect("admin:accounts_user_change", pk)


def _admission(request: Request, what: str, person: User, form: BaseForm) -> HttpResponse:
    context = {"what": what, "person": person, "form": form, "toll": actions.toll_of_admission(person)}
    status = 422 if form.errors else 200
    return TemplateResponse(request, "accounts/person_admission.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("accounts.change_user", raise_exception=True)
def person_unlink(request: Request, pk: int) -> HttpResponse:
    """Undo the link to somebody's account at the company's provider, for one that was made anew there."""
    person = _colleague(request, pk)
    context = {"person": person, "link": provider_links.of(person).first(), "name": company.name()}
    if request.method != "POST" or not context["link"]:
        return TemplateResponse(request, "accounts/person_unlink.html", context)
    admission.unlink_provider(person, by=request.user)
    messages.success(request, _("The link is undone. The next account with this address is theirs."))
    return redirect("admin:accounts_user_change", pk)


def _colleague(request: Request, pk: int) -> User:
    """Return somebody else, and no operator: nobody closes their own account, or the one above all. Raises 403, 404."""
    person = get_object_or_404(User, pk=pk)
    if person.pk == request.user.pk or person.is_superuser:
        raise PermissionDenied
    return person
