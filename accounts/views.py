"""One's own credentials. The list of them is composed in `project.journeys`: it says what waits on each."""

from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import actions, recent
from accounts.clients import KeyErased
from accounts.forms import CredentialForm
from accounts.models import Credential, User, VendorAccount
from accounts.oidc import company
from accounts.requests import Request

SPARE = 10 * 60.0  # seconds that somebody may take over the form


@sensitive_post_parameters("secret", "password")
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("accounts.change_credential", raise_exception=True)
def credential_edit(request: Request, account_pk: int) -> HttpResponse:
    """Enter one's key for a vendor account; it is tested before it is kept."""
    account = get_object_or_404(VendorAccount, pk=account_pk)
    if _must_come_again(request):
        context = {"here": "credentials", "account": account, "company": company.name(), "back": request.path}
        status = 403 if request.method == "POST" else 200
        return TemplateResponse(request, "accounts/prove_again.html", context, status=status)
    credential = Credential.objects.visible_to(request.user).filter(account=account).first()
    entered = request.POST if request.method == "POST" else None
    known = {"client_id": credential.client_id if credential else "", "address": account.base_url}
    form = CredentialForm(entered, initial=known, asks=_whose_password(request))
    is_valid = form.is_valid()
    if form.is_bound and "password" in form.cleaned_data:
        _take_proof(request, form)
    if is_valid and _keep(request, account, form, is_replacing=credential is not None):
        return redirect("accounts:credential_list")
    context = {"here": "credentials", "form": form, "account": account, "credential": credential}
    return TemplateResponse(request, "accounts/credential_edit.html", context, status=422 if form.errors else 200)


def _whose_password(request: Request) -> User | None:
    """Return whose password must be shown before a key is changed: one's own, once the last proof is a while ago.

    A page is drawn with some minutes to spare, so that what is sent from it is not refused for having been read.
    """
    if not request.user.has_usable_password():
        return None  # whoever comes in through the company has none to show: `_must_come_again`
    return None if _is_recent(request) and "password" not in request.POST else request.user


def _must_come_again(request: Request) -> bool:
    """Say whether somebody without a password shall show at the company's provider once more that it is them."""
    return bool(company.name()) and not request.user.has_usable_password() and not _is_recent(request)


def _is_recent(request: Request) -> bool:
    return recent.is_recent(request, spare=0.0 if request.method == "POST" else SPARE)


def _take_proof(request: Request, form: CredentialForm) -> None:
    """Remember that the password was right; the page need not ask again, whatever else is wrong."""
    if "password" in form.fields:
        reauthenticate_by_password(request)
        form.asks_no_more()


def _keep(request: Request, account: VendorAccount, form: CredentialForm, *, is_replacing: bool) -> bool:
    """Keep the key that was entered, or say at its field why not."""
    key = {name: value for name, value in form.cleaned_data.items() if name != "password"}
    try:
        if key.pop("address") != account.base_url:
            raise actions.AccountMoved
        credential = actions.keep_credential(by=request.user, account=account, **key)
    except actions.AccountMoved:
        account.refresh_from_db()
        form.say_moved(account.base_url)
    except actions.KeyForeign:
        form.say_foreign(actions.FOREIGN, is_replacing=is_replacing)
    except actions.KeyRefused:
        form.say_refused(is_replacing=is_replacing)
    else:
        _tell(request, credential)
    return not form.errors


@require_POST
@permission_required("accounts.change_credential", raise_exception=True)
def credential_test(request: Request, account_pk: int) -> HttpResponse:
    """Ask the vendor whether one's key works now."""
    own = Credential.objects.visible_to(request.user).select_related("account")
    try:
        _tell(request, actions.test_credential(get_object_or_404(own, account=account_pk), by=request.user))
    except KeyErased:
        messages.warning(request, _("The key was erased or replaced while it was tested. Look at what is so now."))
    return redirect("accounts:credential_list")


def _tell(request: Request, credential: Credential) -> None:
    """Say what the test brought, in a message; the page says it too."""
    if credential.state == Credential.State.WORKING:
        messages.success(request, _("Your credential for %(account)s works.") % {"account": credential.account})
    elif credential.state == Credential.State.REFUSED:
        # The page's own notice stands at the same place and says what waits.
        return
    else:
        messages.warning(request, _(credential.test_message))
