"""All that the sandbox remembers while it runs. It lives in memory, so one process serves everybody."""

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any
from uuid import uuid4

from sandbox.audience import chance
from sandbox.columns import Table
from sandbox.definitions import Account, Key, accounts_for, key_named
from sandbox.faults import Faults
from sandbox.limits import Limits
from sandbox.settings import Settings
from sandbox.tokens import Tokens


class Clock:
    """Tell the time in Unix seconds; it can be set ahead, so that a day need not be waited for."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self.ahead = 0.0

    def __call__(self) -> float:
        """Return now."""
        return self._source() + self.ahead


@dataclass(frozen=True)
class Export:
    """A requested export: a table and its times; `kind` is the word in its poll URL."""

    id: str
    kind: str
    account: str
    client_id: str
    table: Table
    ready_at: float
    gone_at: float


@dataclass
class Call:
    """A call as the list of calls shows it; the status is None while it runs or when it got no answer."""

    number: int
    method: str
    endpoint: str
    at: float
    client_id: str | None = None
    status: int | None = None
    is_dropped: bool = False


class Calls:
    """Count calls by endpoint and keep the last ones."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._numbers = count(1)
        self._counts: Counter[str] = Counter()
        self._last: deque[Call] = deque(maxlen=1_000)

    def begin(self, method: str, endpoint: str, now: float) -> Call:
        """Note a call that has come in."""
        with self._lock:
            call = Call(next(self._numbers), method, endpoint, now)
            self._last.append(call)
            self._counts[endpoint] += 1
            return call

    def rename(self, call: Call, endpoint: str) -> None:
        """Count a call under another name: a poll that turned out to be a download."""
        with self._lock:
            self._counts[call.endpoint] -= 1
            self._counts[endpoint] += 1
            call.endpoint = endpoint

    def counts(self) -> dict[str, int]:
        """Return how many calls each endpoint had."""
        with self._lock:
            return {endpoint: many for endpoint, many in sorted(self._counts.items()) if many}

    def last(self) -> list[Call]:
        """Return the last thousand calls, oldest first."""
        with self._lock:
            return list(self._last)


@dataclass
class World:
    """Hold settings, definitions, tokens, exports, limits, faults and calls."""

    first_settings: Settings
    clock: Clock = field(default_factory=Clock)
    limits: Limits = field(default_factory=Limits)
    faults: Faults = field(default_factory=Faults)
    tokens: Tokens = field(default_factory=Tokens)
    calls: Calls = field(default_factory=Calls)
    deleted_keys: set[str] = field(default_factory=set)
    exports: dict[str, Export] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = Lock()
        self.settings = self.first_settings

    def account_of(self, key: Key) -> Account:
        """Return the account that a key belongs to."""
        return accounts_for(self.settings)[key.account]

    def key(self, client_id: str | None) -> Key | None:
        """Return a key that exists, is not refused and has not been deleted."""
        key = key_named(client_id or "")
        return None if key is None or key.is_refused or key.client_id in self.deleted_keys else key

    def change(self, values: dict[str, Any]) -> None:
        """Set switches; raises ValueError, naming the switch."""
        with self._lock:
            self.settings = self.settings.changed(**values)

    def add_export(self, kind: str, key: Key, table: Table) -> Export | None:
        """Keep a new export, or return None when too many of the account are being prepared."""
        now, settings, export_id = self.clock(), self.settings, str(uuid4())
        jitter = settings.prepare_jitter * chance(int(export_id[:8], 16), 0) / 65_536
        with self._lock:
            own = [export for export in self.exports.values() if export.account == key.account]
            pending = sum(now < export.ready_at for export in own)
            if settings.pending_exports and pending >= settings.pending_exports:
                return None
            self.exports[export_id] = export = Export(
                id=export_id,
                kind=kind,
                account=key.account,
                client_id=key.client_id,
                table=table,
                ready_at=now + table.seconds + jitter,
                gone_at=now + settings.poll_url_seconds,
            )
            return export

    def reset(self) -> None:
        """Begin anew: first settings, all keys, no faults, tokens, exports or calls, the right time."""
        self.faults.clear()
        with self._lock:
            self.settings = self.first_settings
            self.exports.clear()
            self.deleted_keys.clear()
        self.tokens.clear()
        self.limits.clear()
        self.calls = Calls()
        self.clock.ahead = 0.0
