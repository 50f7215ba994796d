"""A password that an admin chose: good for coming in once, to choose one of one's own."""

from __future__ import annotations

from allauth.account.internal.flows.login import get_authentication_records

from accounts.requests import Request


def is_due(request: Request) -> bool:
    """Say whether somebody has to choose a password before they go on; not if they came another way."""
    if not request.user.has_lent_password:
        return False
    proofs = get_authentication_records(request, request.user)
    return not any(proof["method"] == "socialaccount" for proof in proofs)
