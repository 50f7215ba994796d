"""Limits that count calls of an account within a time. Source: developer.apsis.com, "Limits"."""

from collections import defaultdict, deque
from threading import Lock


class Limits:
    """Count calls in sliding windows; a refused call does not count."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)

    def spend(self, account: str, what: str, at_most: int, seconds: float, now: float) -> bool:
        """Take one call from the account's allowance, or return False; an `at_most` of 0 is no limit."""
        with self._lock:
            calls = self._calls[account, what]
            while calls and not now - seconds < calls[0] <= now:
                calls.popleft()
            if at_most and len(calls) >= at_most:
                return False
            calls.append(now)
            return True

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()
