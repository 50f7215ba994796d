"""The access token of a credential: kept sealed, shared by every process, renewed early."""

from __future__ import annotations

import time

import pytest

from accounts import clients, tokens, vault
from accounts.definitions import Library
from accounts.models import Credential, User, VendorAccount
from accounts.tokens import RowTokens
from tests.conftest import Vendor, key
from tests.threads import at_once
from upstream.errors import CredentialRefused, NoAnswer, NoSlot
from upstream.tokens import LEEWAY, Token

LEASE = 60.0  # seconds, as the settings have it


def ask(credential: Credential) -> int:
    """Read a list with a client of its own, as a process of its own would."""
    with clients.client_for(credential.pk) as client:
        return len(client.sections())


def test_two_clients_share_one_token(vendor: Vendor, annas_key: Credential) -> None:
    assert ask(annas_key) == ask(annas_key) > 0
    assert vendor.calls()["token"] == 1


def test_the_token_lies_sealed_in_the_row(vendor: Vendor, annas_key: Credential) -> None:
    ask(annas_key)
    annas_key.refresh_from_db()
    token = vault.unseal(annas_key.sealed_token)
    assert token.count(".") == 2
    assert token not in annas_key.sealed_token
    assert token.split(".")[1] not in annas_key.sealed_token


def test_a_token_is_renewed_before_it_dies(vendor: Vendor, annas_key: Credential) -> None:
    ask(annas_key)
    soon_dead = time.time() + LEEWAY - 1
    Credential.objects.filter(pk=annas_key.pk).update(token_expires_at=soon_dead)
    ask(annas_key)
    assert vendor.calls()["token"] == 2
    annas_key.refresh_from_db()
    assert annas_key.token_expires_at > soon_dead + LEEWAY


def test_a_token_that_the_vendor_forgot_is_renewed_once(vendor: Vendor, annas_key: Credential) -> None:
    ask(annas_key)
    vendor.control("POST", "tokens/expire")
    assert ask(annas_key) > 0
    assert vendor.calls()["token"] == 2


def test_a_new_key_does_not_work_with_the_token_of_the_old(
    vendor: Vendor, annas_key: Credential, anna: User, account: VendorAccount
) -> None:
    ask(annas_key)
    ask(key(anna, account, "demo-sofia"))
    assert vendor.calls()["token"] == 2


def test_a_key_refused_in_earnest_is_marked_so(vendor: Vendor, annas_key: Credential) -> None:
    assert Library(annas_key).read("sections").trouble is None
    vendor.control("DELETE", "keys/demo-anna")
    listing = Library(annas_key).read("sections", refresh=True)
    assert isinstance(listing.trouble, CredentialRefused)
    annas_key.refresh_from_db()
    assert annas_key.state == Credential.State.REFUSED
    assert annas_key.tested_at is not None
    assert annas_key.sealed_token == ""


def test_a_renewal_that_fails_leaves_the_turn_to_the_next(annas_key: Credential) -> None:
    row = RowTokens(annas_key)

    def fail() -> Token:
        from upstream.answers import NO_ANSWER, explain

        raise NoAnswer(explain("apsis", "token", NO_ANSWER))

    with pytest.raises(NoAnswer):
        row.renew(None, fail, time.time())
    assert row.renew(None, lambda: Token("a.b.c", time.time() + 3600), time.time()).value == "a.b.c"


def test_a_turn_that_was_never_given_back_ends_with_a_lease(
    annas_key: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "PATIENCE", 0.2)
    now = time.time()
    Credential.objects.filter(pk=annas_key.pk).update(token_taken_until=now + LEASE)  # and its process died
    with pytest.raises(NoSlot) as full:  # nobody's thread is held for that long
        RowTokens(annas_key, clock=lambda: now + LEASE - 1).renew(None, lambda: Token("a.b.c", now), now)
    assert full.value.retry_after
    late = RowTokens(annas_key, clock=lambda: now + LEASE)
    assert late.renew(None, lambda: Token("a.b.c", now + 3600), now).value == "a.b.c"


def test_a_turn_taken_by_a_clock_that_was_wrong_holds_up_nobody(annas_key: Credential) -> None:
    now = time.time()
    Credential.objects.filter(pk=annas_key.pk).update(token_taken_until=now + 3600)
    tokens_of_now = RowTokens(annas_key, clock=lambda: now)
    assert tokens_of_now.renew(None, lambda: Token("a.b.c", now + 3600), now).value == "a.b.c"


@pytest.mark.django_db(transaction=True)
def test_two_threads_renew_with_one_call(vendor: Vendor) -> None:
    anna = User.objects.create_user("anna", "anna@example.com")
    account = VendorAccount.objects.create(name="Nordlys Handel", region="eu")
    credential = key(anna, account, "demo-anna")
    counts = at_once(4, lambda number: ask(credential))
    assert len(set(counts)) == 1
    assert vendor.calls()["token"] == 1
