"""With which of one's own keys somebody works: the one of the account that a form names, else their first."""

from __future__ import annotations

from accounts.models import Credential
from accounts.requests import Request, number


def credentials(request: Request) -> list[Credential]:
    """Return one's own keys, each with its account."""
    return list(Credential.objects.visible_to(request.user).select_related("account"))


def credential(request: Request, own: list[Credential]) -> Credential | None:
    """Return the key of the account that was sent; None where there is no key at all."""
    wanted = number(request.POST.get("account", ""))
    return next((one for one in own if one.account_id == wanted), own[0] if own else None)


def accounts(own: list[Credential]) -> list[tuple[str, str]]:
    """Return the accounts of these keys, as a form offers them."""
    return [(str(one.account_id), str(one.account)) for one in own]
