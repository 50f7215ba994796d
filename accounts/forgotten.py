"""A forgotten password: a link by mail, and the truth where no mail can be sent."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.views import PasswordResetView
from django.http import HttpResponse
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)


class PasswordReset(PasswordResetView):  # type: ignore[misc]  # allauth tells no types
    """Allauth's page, which says so when the mail could not be handed in.

    A mail goes out whether or not the address is somebody's, so its failing tells nothing about who is here.
    """

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            return super().form_valid(form)
        except (SMTPException, OSError) as error:
            log.error("mail not handed in", extra={"why": type(error).__name__})  # noqa: TRY400  a trace tells no more
            said = _("The mail could not be sent, so there is no link. Try again in a few minutes, or ask an admin.")
            form.add_error(None, said)
            return self.form_invalid(form)
