"""Vendor clients, made from a credential: the only place that opens a secret."""

import os
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import httpx
from django.conf import settings

from accounts import database, lanes, vault
from accounts.models import Credential, VendorAccount
from accounts.tokens import RowTokens
from upstream.apsis.client import Apsis
from upstream.errors import NoSlot
from upstream.network import network
from upstream.tokens import MemoryTokens, TokenStore

USED_EVERY = timedelta(minutes=1)  # how exactly “last used” is kept: a write for each of a thousand polls tells no more


class KeyErased(Exception):
    """The key was erased: its account moved to another address, or its owner left."""


def wire(account: VendorAccount) -> httpx.BaseTransport:
    """Return the transport to an account's origin: this process's own pool of connections. Tests hand in another."""
    return _pool_of(os.getpid())


@lru_cache(maxsize=1)
def _pool_of(pid: int) -> httpx.BaseTransport:
    # By process, because a connection that is shared across a fork answers to both sides.
    # Only the demo's vendor lives on this machine; elsewhere no name may lead inwards, however it resolves today.
    return network(loopback=settings.DEMO)


def client_for(credential: int) -> Apsis:
    """Return a client that works with the credential of this key; close it, or use it as a context manager.

    Raises KeyErased.
    """
    # Key and address come from one reading of the database, so that an account which moves meanwhile is never sent a
    # key that was entered for its old address.
    kept = Credential.objects.select_related("account").get(pk=credential)
    if kept.is_erased:
        raise KeyErased
    now = datetime.now(tz=UTC)
    if kept.used_at is None or not timedelta() <= now - kept.used_at < USED_EVERY:
        Credential.objects.filter(pk=kept.pk).update(used_at=now)
    return _client(kept.account, kept.client_id, vault.unseal(kept.sealed_secret), RowTokens(kept))


def trial(account: VendorAccount, *, client_id: str, secret: str) -> Apsis:
    """Return a client that works with a key which is not kept yet; nor is its token."""
    return _client(account, client_id, secret, MemoryTokens())


def _client(account: VendorAccount, client_id: str, secret: str, tokens: TokenStore) -> Apsis:
    return Apsis(
        account.base_url,
        client_id=client_id,
        client_secret=secret,
        tokens=tokens,
        consent_version=account.consent_version,
        http=wire(account),
        pace=lambda lane: _pace(account, lane),
    )


def _pace(account: VendorAccount, lane: str) -> None:
    """Take a slot of a lane or raise NoSlot. Ordinary calls (100 a second) stay far below their limit unpaced."""
    wait = lanes.take(account, lane, now=time.time()) if lane in lanes.WIDTHS else 0.0
    if wait:
        raise NoSlot(wait, call=lane)
    # The vendor takes its time, and no connection to the database waits with us: others can use it, and one that a
    # restart of the database cuts off meanwhile is not the one that the answer is written with.
    database.let_go()
