"""What people do with their keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import clients, vault
from accounts.models import Credential, User, VendorAccount
from audit import actions as audit
from upstream.apsis.client import Apsis
from upstream.errors import CredentialRefused, NoSlot, Throttled, UpstreamError

State = Credential.State

# The vendor's meaning of an answer speaks to whoever waits for a run; these speak to whoever holds a key.
REFUSED = gettext_noop(
    "APSIS refused this client ID and secret, so nothing can run with them. "
    "Copy both again from API keys in APSIS One, or make a new key there."
)
CROWDED = gettext_noop(
    "Not tested: APSIS takes ten sign-ins a minute for the whole account, and they are used up. Test it in a minute."
)
UNREACHED = gettext_noop("Not tested: APSIS could not be reached. The key is kept; test it again in a few minutes.")


class KeyRefused(Exception):
    """The vendor refused a key that was about to be kept; whatever was kept before is as it was."""


@dataclass(frozen=True)
class Verdict:
    """What the vendor said of a key; `is_answer` is false when it said nothing about the key at all."""

    state: Credential.State
    message: str = ""
    is_answer: bool = True


def ask_vendor(client: Apsis) -> Verdict:
    """Sign in with a client's key, in earnest, and say what came of it. Raises nothing of the vendor's."""
    try:
        with client:
            client.check()
    except CredentialRefused:
        return Verdict(State.REFUSED, REFUSED)
    except (Throttled, NoSlot):
        return Verdict(State.UNTESTED, CROWDED, is_answer=False)
    except UpstreamError as error:
        sentence = UNREACHED if error.transient else error.meaning.user
        return Verdict(State.UNTESTED, sentence, is_answer=False)
    return Verdict(State.WORKING)


def keep_credential(
    *, by: User, account: VendorAccount, client_id: str, secret: str, now: datetime | None = None
) -> Credential:
    """Test a key, then keep it. One that the vendor refuses is not kept, so that a slip never costs a working key.

    One that could not be tested is kept, and says so. Raises KeyRefused.
    """
    now = now or timezone.now()
    verdict = ask_vendor(clients.trial(account, client_id=client_id, secret=secret))
    if verdict.state == State.REFUSED:
        audit.record("credential.rejected", by=by, target=account, now=now)
        raise KeyRefused
    with transaction.atomic():
        credential = save_credential(by=by, account=account, client_id=client_id, secret=secret, now=now)
        _write_down(credential, verdict, by=by, now=now)
    return credential


@transaction.atomic
def save_credential(
    *, by: User, account: VendorAccount, client_id: str, secret: str, now: datetime | None = None
) -> Credential:
    """Store a person's key for a vendor account, sealed; the tokens and lists of an earlier one are forgotten."""
    now = now or timezone.now()
    credential, is_new = Credential.objects.update_or_create(
        owner=by,
        account=account,
        defaults={
            "client_id": client_id,
            "sealed_secret": vault.seal(secret),
            "last_four": secret[-4:],
            "state": State.UNTESTED,
            "tested_at": None,
            "test_message": "",
            "created_at": now,
            "used_at": None,
            "sealed_token": "",
            "token_expires_at": 0,
        },
    )
    credential.definitions.all().delete()
    audit.record("credential.added" if is_new else "credential.changed", by=by, target=credential, now=now)
    return credential


def test_credential(credential: Credential, *, by: User, now: datetime | None = None) -> Credential:
    """Ask the vendor for a token with this key, and write down what it said."""
    now = now or timezone.now()
    verdict = ask_vendor(clients.client_for(credential))
    with transaction.atomic():
        _write_down(credential, verdict, by=by, now=now)
    return credential


def mark_refused(credential: Credential, message: str, *, now: datetime) -> None:
    """Write down that the vendor refused this key in earnest, so that its owner is told before the next run.

    A key that has been put in its place meanwhile is not meant.
    """
    Credential.objects.filter(pk=credential.pk, sealed_secret=credential.sealed_secret).update(
        state=State.REFUSED, tested_at=now, test_message=message, sealed_token="", token_expires_at=0
    )


def _write_down(credential: Credential, verdict: Verdict, *, by: User, now: datetime) -> None:
    told: dict[str, Any] = {"state": verdict.state, "test_message": verdict.message}
    if verdict.is_answer:
        # Otherwise the day of the last real answer stays: it is since then that the key is not tested.
        told["tested_at"] = told["used_at"] = now
    if verdict.state == State.REFUSED:
        told |= {"sealed_token": "", "token_expires_at": 0}
    Credential.objects.filter(pk=credential.pk).update(**told)
    credential.refresh_from_db(fields=list(told))
    audit.record("credential.tested", by=by, target=credential, now=now, state=str(verdict.state))
