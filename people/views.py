"""Asking for one person. An address comes in by POST and goes nowhere: no URL, no log, no session, no message."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from audit import filters
from people import actions
from people.addresses import Address
from people.forms import PersonForm


@sensitive_post_parameters("address")
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("audit.view_event", raise_exception=True)
def audit_person(request: HttpRequest) -> HttpResponse:
    """Find what the audit history holds about one person: hash what was typed, and lead on with the hash alone."""
    form = PersonForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {"here": "audit", "form": form}
        return TemplateResponse(request, "people/audit_person.html", context, status=422 if form.errors else 200)
    address = form.cleaned_data["address"]
    sought = actions.seek_in_audit(address, by=cast(Model, request.user))
    if sought.is_known:
        messages.success(request, _("These lines are about one person. %(read)s") % {"read": _read_as(address)})
    else:
        messages.warning(
            request,
            _("The audit history knows of nothing done with this person’s data: below stand only searches for them. "
              "%(read)s Search for their other addresses too.") % {"read": _read_as(address)},
        )  # fmt: skip
    return redirect(f"{reverse('admin:audit_event_changelist')}?{filters.about_person(sought.pseudonyms)}")


def _read_as(address: Address) -> str:
    """Say how an address was understood, without saying it: this sentence lies in a cookie until it is shown."""
    if address.kind == "email":
        return _("You searched for an e-mail address; capitals make no difference.")
    return _("You searched for a phone number: %(n)s digits that begin with %(code)s.") % {
        "n": len(address.text),
        "code": address.text[:2],
    }
