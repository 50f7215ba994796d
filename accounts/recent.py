"""How long ago somebody showed who they are, in the session at hand."""

import time

from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.http import HttpRequest


def is_recent(request: HttpRequest, *, spare: float = 0.0) -> bool:
    """Say whether this session was proved lately, and still will have been in `spare` seconds."""
    proofs = [float(proof["at"]) for proof in get_authentication_records(request, request.user)]
    return bool(proofs) and time.time() - max(proofs) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT - spare
