"""The second factor: what allauth asks of us about it, and who must have one."""

from collections.abc import Sequence
from typing import Any

import qrcode
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts import vault
from accounts.models import User
from accounts.requests import Request

AT_PROVIDER = "factor_at_provider"  # among the proofs that a session keeps
MARGIN = 4  # modules of white around the code, as its standard asks


class SealedFactors(DefaultMFAAdapter):  # type: ignore[misc]  # allauth tells no types
    """Keeps the secrets of authenticator apps and recovery codes in the vault."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This code is not right, or its half minute is over. Enter the one the app shows now."),
    }

    def encrypt(self, text: str) -> str:
        return vault.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return vault.unseal(encrypted_text)

    def generate_authenticator_name(self, user: User, type: str) -> str:
        """Propose what to call one more passkey, by a name that none of theirs has."""
        taken = {factor.wrap().name for factor in Authenticator.objects.filter(user=user, type=type)}
        proposed = (_("Passkey"), *(_("Passkey %(n)s") % {"n": n} for n in range(2, len(taken) + 2)))
        return next(str(name) for name in proposed if str(name) not in taken)

    def build_totp_svg(self, url: str) -> str:
        """Draw the code as one path, with no style and no address of its own, which the page's policy would refuse."""
        code = qrcode.QRCode(border=MARGIN)
        code.add_data(url)
        code.make()
        rows = code.get_matrix()
        path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
        return format_html(
            '<svg class="qr" viewBox="0 0 {0} {0}" aria-hidden="true" focusable="false" shape-rendering="crispEdges">'
            '<rect width="{0}" height="{0}" fill="#fff"/><path d="{1}" fill="#000"/></svg>',
            len(rows),
            path,
        )


class FactorStage(AuthenticateStage):  # type: ignore[misc]
    """The step of a sign-in that asks for the second factor, unless the provider has asked for one."""

    def handle(self) -> tuple[Any, bool]:
        come = (self.login.signal_kwargs or {}).get("sociallogin")
        # Of a sign-in that was resumed from its session, nothing is known but what is written there.
        if come is not None and getattr(come, "proves_factor", False):
            record_authentication(self.request, self.login.user, method=AT_PROVIDER)
            return None, True
        return super().handle()


def proved_at_provider(request: Request) -> bool:
    """Say whether the company's provider asked for a second factor when this session began."""
    return any(proof["method"] == AT_PROVIDER for proof in get_authentication_records(request, request.user))


def is_due(request: Request, groups: Sequence[str]) -> bool:
    """Say whether somebody has to set up a second factor before they go on."""
    return is_missing(request.user, groups) and not proved_at_provider(request)


def has_one(person: User) -> bool:
    """Say whether a person signs in with a second factor. Recovery codes alone are none."""
    factors = Authenticator.objects.filter(user=person)
    return bool(factors.exclude(type=Authenticator.Type.RECOVERY_CODES).exists())


def is_missing(person: User, groups: Sequence[str]) -> bool:
    """Say whether a person is in one of the groups that work with a second factor, and has none."""
    return person.groups.filter(name__in=groups).exists() and not has_one(person)


def is_name(request: HttpRequest) -> bool:
    """Say whether the desk was opened by a name: browsers make passkeys for names, never for bare numbers."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    return not host.replace(".", "").isdigit() and not host.startswith("[")
