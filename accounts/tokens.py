"""The access token of a credential, kept sealed in its row and shared by every process.

The vendor grants ten tokens a minute per account, so one process renews and the others wait for what it brings.
"""

import time
from collections.abc import Callable

from django.conf import settings
from django.db.models import Q, QuerySet

from accounts import lanes, vault
from accounts.models import Credential
from upstream.errors import NoSlot
from upstream.tokens import Token

LOOK = 0.1  # seconds between two looks at what the other process brings
PATIENCE = 5.0  # seconds of looking; one that was killed brings nothing, and whoever waits for it holds a thread


class RowTokens:
    """A `upstream.tokens.TokenStore` on one Credential row."""

    def __init__(self, credential: Credential, *, clock: Callable[[], float] = time.time) -> None:
        self._key, self._secret = credential.pk, credential.sealed_secret
        self._clock = clock
        self._as_read: Credential | None = credential  # with the key, a moment ago: good for the first look

    @property
    def _row(self) -> QuerySet[Credential]:
        return Credential.objects.filter(pk=self._key)

    @property
    def _same_key(self) -> QuerySet[Credential]:
        """The key and its secret: a token of a key that was replaced meanwhile is kept by nobody."""
        return Credential.objects.filter(pk=self._key, sealed_secret=self._secret)

    def current(self, now: float) -> Token | None:
        """Give the token kept, while it lives. That of another key is not ours: it may belong to another address."""
        row = self._as_read or self._same_key.only("sealed_token", "token_expires_at").first()
        self._as_read = None
        if row is None:
            return None
        token = Token(vault.unseal(row.sealed_token), row.token_expires_at)
        return token if token.value and token.lives(now) else None

    def renew(self, stale: str | None, fetch: Callable[[], Token], now: float) -> Token:
        """Replace the token whose value is `stale`: with what another process has brought, or what `fetch` brings.

        Raises NoSlot when the other one takes long.
        """
        looked_at = time.monotonic()
        while not (turn := self._take()):
            if token := self._brought(stale):
                return token
            if time.monotonic() - looked_at > PATIENCE:
                raise NoSlot(PATIENCE, call="token")
            time.sleep(LOOK)
        try:
            # Between our last look and our turn, another process may have brought one.
            if token := self._brought(stale):
                return token
            token = fetch()
            self._same_key.update(sealed_token=vault.seal(token.value), token_expires_at=token.expires_at)
            return token
        finally:
            self._row.filter(token_taken_until=turn).update(token_taken_until=0)

    def _brought(self, stale: str | None) -> Token | None:
        now = self._clock()
        token = self.current(now)
        return token if token and token.value != stale and not token.is_due(now) else None

    def _take(self) -> float:
        """Take the turn to renew; return what marks it as ours, or 0 while another process has it."""
        now, lease = self._clock(), settings.RUN_LEASE
        # As long as a claim: whoever dies while signing in costs the others no more than a lease, and one that lives
        # and takes longer is not disturbed by a second sign-in. What ends later was written by a clock that was wrong.
        free = Q(token_taken_until__lte=now) | Q(token_taken_until__gt=now + lease + lanes.SKEW)
        turn = now + lease
        return turn if self._row.filter(free).update(token_taken_until=turn) else 0.0
