"""The sign-in: a token, when it ends, and where it is kept between calls."""

import base64
import json
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from upstream import errors

LEEWAY = 90.0  # seconds before its end at which a token is renewed: room for slow calls and clocks that differ
LONGEST_LIFE = 86_400.0  # seconds (developer.apsis.com, Authentication: up to 24 hours)


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and its end in Unix seconds (0 where nobody said). The value is in no repr."""

    value: str = field(repr=False)
    expires_at: float

    def lives(self, now: float) -> bool:
        """Whether the vendor should still accept it."""
        return now < self.expires_at

    def is_due(self, now: float) -> bool:
        """Whether it should be renewed now, a little before its end."""
        return now >= self.expires_at - LEEWAY


class TokenStore(Protocol):
    """Keep the one token of a credential, for every thread and process that uses it."""

    def current(self, now: float) -> Token | None:
        """Give the token kept, while it lives; no network, no lock held afterwards."""

    def renew(self, stale: str | None, fetch: Callable[[], Token], now: float) -> Token:
        """Replace the token whose value is `stale`, one caller at a time.

        Where another caller has put a different one that is not yet due, that one is given and `fetch` not called.
        What `fetch` raises is passed on, and the token kept stays as it was.
        """


class MemoryTokens:
    """Keep a token in this process: for scripts and tests. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._token: Token | None = None

    def current(self, now: float) -> Token | None:
        """Give the token kept, while it lives."""
        token = self._token
        return token if token and token.lives(now) else None

    def renew(self, stale: str | None, fetch: Callable[[], Token], now: float) -> Token:
        """Replace the token whose value is `stale`; see `TokenStore`."""
        with self._lock:
            if self._token and self._token.value != stale and not self._token.is_due(now):
                return self._token
            self._token = fetch()
            return self._token


def usable(store: TokenStore, fetch: Callable[[], Token], now: float) -> Token:
    """Give a token to send now: the one kept, or a new one when that is due.

    While the vendor cannot give a new one (throttled, in trouble, silent), the old one is used as long as it lives.
    Raises what `fetch` raises.
    """
    held = store.current(now)
    if held and not held.is_due(now):
        return held
    try:
        return store.renew(held.value if held else None, fetch, now)
    except errors.UpstreamError as fault:
        if held and fault.transient:
            return held
        raise


def read_expiry(jwt: str, expires_in: Any, now: float) -> float:
    """Read when a token ends, in Unix seconds, never more than a day from `now`.

    `exp` of the payload is trusted; `expires_in` (deprecated, seconds) only where there is no `exp`; where there is
    neither, 0: the token serves the call at hand and is not kept alive.
    Source: developer.apsis.com, Authentication.
    """
    latest = now + LONGEST_LIFE
    exp = _seconds(_payload(jwt).get("exp"))
    if exp is not None:
        return min(exp, latest)
    lifetime = _seconds(expires_in)
    return 0.0 if lifetime is None else min(now + lifetime, latest)


def _payload(jwt: str) -> dict[str, Any]:
    """Decode the middle part of a JWT; {} where that cannot be done. The signature is the vendor's business."""
    parts = jwt.split(".")
    if len(parts) != 3:
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(value: Any) -> float | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:18])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
