"""What people do with their keys."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import clients, sections, vault
from accounts.models import Credential, Definitions, User, VendorAccount
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
FOREIGN = gettext_noop(
    "This key belongs to another APSIS account: it opens none of the sections that this account has. Make a key in "
    "the right account. If this is the right one, an admin can let the desk learn its sections anew."
)
# Why a key is no more, for its owner.
MOVED = gettext_noop(
    "An admin moved this account to another address, so the key for the old one was erased. Enter a key of the new one."
)


class KeyRefused(Exception):
    """A key that was about to be kept is not: the vendor refused it. Whatever was kept before is as it was."""


class KeyForeign(KeyRefused):
    """The key works, and belongs to another vendor account."""


class AccountMoved(Exception):
    """The vendor account has another address than the one that a key was entered for."""


@dataclass(frozen=True)
class Verdict:
    """What the vendor said of a key; `is_answer` is false when it said nothing about the key at all.

    `sections` are those that the key opens, as far as the vendor told.
    """

    state: Credential.State
    message: str = ""
    is_answer: bool = True
    sections: list[str] = field(default_factory=list)


def ask_vendor(client: Apsis) -> Verdict:
    """Sign in with a client's key, in earnest, and say what came of it. Raises nothing of the vendor's."""
    opened: list[str] = []
    try:
        with client:
            client.check()
            opened = _sections(client)
    except CredentialRefused:
        return Verdict(State.REFUSED, REFUSED)
    except (Throttled, NoSlot):
        return Verdict(State.UNTESTED, CROWDED, is_answer=False)
    except UpstreamError as error:
        sentence = UNREACHED if error.transient else error.meaning.user
        return Verdict(State.UNTESTED, sentence, is_answer=False)
    return Verdict(State.WORKING, sections=opened)


def _sections(client: Apsis) -> list[str]:
    try:
        return [section.discriminator for section in client.sections()]
    except CredentialRefused:
        raise
    except UpstreamError:
        return []  # the key is good; whose it is will be seen another time


def keep_credential(
    *, by: User, account: VendorAccount, client_id: str, secret: str, now: datetime | None = None
) -> Credential:
    """Test a key, then keep it. One that the vendor refuses is not kept, so that a slip never costs a working key.

    One that could not be tested is kept, and says so. Raises KeyRefused, KeyForeign, AccountMoved.
    """
    now = now or timezone.now()
    verdict = ask_vendor(clients.trial(account, client_id=client_id, secret=secret))
    try:
        if verdict.state == State.REFUSED:
            raise KeyRefused
        with transaction.atomic():
            _learn_sections(_still_at(account), verdict)
            credential = save_credential(by=by, account=account, client_id=client_id, secret=secret, now=now)
            _write_down(credential, verdict, by=by, now=now)
    except KeyRefused as refusal:
        why = "another_account" if isinstance(refusal, KeyForeign) else "refused"
        audit.record("credential.rejected", by=by, target=account, now=now, why=why)
        raise
    return credential


def _still_at(account: VendorAccount) -> VendorAccount:
    """Hold the account in its place until the transaction ends. Raises AccountMoved."""
    here = VendorAccount.objects.select_for_update().get(pk=account.pk)
    if here.base_url != account.base_url:
        raise AccountMoved
    return here


def _learn_sections(account: VendorAccount, verdict: Verdict) -> None:
    """Compare a key's sections with the account's, and learn from them. Raises KeyForeign. `account` is locked."""
    if not sections.belongs(verdict.sections, account.sections):
        raise KeyForeign
    account.sections = sections.learnt(verdict.sections, account.sections)
    account.save(update_fields=["sections"])


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
    """Ask the vendor for a token with this key, and write down what it said. Raises clients.KeyErased."""
    now = now or timezone.now()
    client = clients.client_for(credential.pk)
    credential.refresh_from_db()
    verdict = ask_vendor(client)
    with transaction.atomic():
        account = VendorAccount.objects.select_for_update().get(pk=credential.account_id)
        # A key that was erased or replaced meanwhile is not the one that was tested.
        if not Credential.objects.filter(pk=credential.pk, sealed_secret=credential.sealed_secret).exists():
            raise clients.KeyErased
        try:
            _learn_sections(account, verdict)
        except KeyForeign:
            verdict = replace(verdict, state=State.REFUSED, message=FOREIGN)
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


@transaction.atomic
def move_account(
    account: VendorAccount, *, region: str, other_url: str, by: User, now: datetime | None = None
) -> list[Credential]:
    """Let a vendor account answer elsewhere; every key for the old address is erased. Return what was erased.

    What was learnt there is forgotten. The address has been checked by `VendorAccount.clean`.
    """
    now = now or timezone.now()
    here = VendorAccount.objects.select_for_update().get(pk=account.pk)
    before = here.base_url
    here.region, here.other_url = region, other_url
    if here.base_url == before:
        return []
    here.sections = []
    here.save(update_fields=["region", "other_url", "sections"])
    here.learnt_limits.all().delete()
    account.refresh_from_db()
    erased = erase_credentials(here.credentials.all(), MOVED, by=by, now=now)
    audit.record(
        "account.moved", by=by, target=here, now=now, before=before, after=here.base_url, credentials=len(erased)
    )
    return erased


@transaction.atomic
def erase_credentials(
    credentials: QuerySet[Credential], why: str, *, by: User, now: datetime | None = None
) -> list[Credential]:
    """Erase keys, their tokens and what they saw; the rows stay, for the runs. Return them as they were."""
    now = now or timezone.now()
    erased = list(
        credentials.exclude(sealed_secret="").select_related("account", "owner").select_for_update(of=("self",))
    )
    for credential in erased:
        audit.record("credential.erased", by=by, target=credential, now=now, owner=str(credential.owner))
    keys = [credential.pk for credential in erased]
    Definitions.objects.filter(credential__in=keys).delete()
    Credential.objects.filter(pk__in=keys).update(
        client_id="",
        sealed_secret="",
        last_four="",
        state=State.UNTESTED,
        tested_at=None,
        used_at=None,
        test_message=why,
        sealed_token="",
        token_expires_at=0,
    )
    return erased


@transaction.atomic
def forget_sections(account: VendorAccount, *, by: User, now: datetime | None = None) -> None:
    """Let the next key that works tell anew which sections a vendor account has."""
    VendorAccount.objects.filter(pk=account.pk).update(sections=[])
    audit.record("account.sections_forgotten", by=by, target=account, now=now)
