"""The last ten whom somebody looked up: in their own session, sealed with the vault, and gone when they sign out."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field

from django.contrib.sessions.backends.base import SessionBase

from accounts import vault

KEPT = 10
_NAME = "looked_up"


@dataclass(frozen=True)
class LookedUp:
    """What was typed, how it was read, and at which vendor account."""

    typed: str = field(repr=False)
    keyspace: str
    account: int


def of(session: SessionBase) -> list[LookedUp]:
    """Return them, newest first; none where no key opens them any more."""
    with suppress(vault.CannotOpen, ValueError, TypeError):
        return [LookedUp(**one) for one in json.loads(vault.unseal(session.get(_NAME, "")) or "[]")]
    return []


def add(session: SessionBase, looked_up: LookedUp) -> None:
    """Put one on top; whoever was looked up before the ten last is forgotten."""
    kept = [looked_up, *(one for one in of(session) if one != looked_up)][:KEPT]
    session[_NAME] = vault.seal(json.dumps([vars(one) for one in kept]))


def forget(session: SessionBase) -> None:
    """Forget all of them."""
    session.pop(_NAME, None)
