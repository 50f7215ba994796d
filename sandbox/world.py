"""All that the sandbox remembers while it runs. It lives in memory, so one process serves everybody."""

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any
from uuid import uuid4

from sandbox import imports
from sandbox.audience import chance
from sandbox.changes import Changes
from sandbox.columns import Table
from sandbox.definitions import Account, Key, accounts_for, key_named
from sandbox.event_export import EventFile
from sandbox.faults import Faults
from sandbox.imports import Import, Wanted
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
    """A requested export: its content and its times; `path` is what its poll URL begins with.

    One that fails is found to have failed once its time has come.
    """

    id: str
    path: str
    account: str
    client_id: str
    content: Table | EventFile
    ready_at: float
    gone_at: float
    fails: bool = False


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
    imports: dict[str, Import] = field(default_factory=dict)
    changes: dict[str, Changes] = field(default_factory=dict)

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

    def add_export(self, path: str, key: Key, content: Table | EventFile, *, fails: bool = False) -> Export | None:
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
                path=path,
                account=key.account,
                client_id=key.client_id,
                content=content,
                ready_at=now + content.seconds + jitter,
                gone_at=now + settings.poll_url_seconds,
                fails=fails,
            )
            return export

    def changes_of(self, key: Key) -> Changes:
        """Return what imports have changed of the account of a key, those done by now included."""
        with self._lock:
            changes = self.changes.setdefault(key.account, Changes(self.settings.profiles, self.settings.seed))
            for found in self.imports.values():
                done_at = found.done_at(self.settings)
                if found.account == key.account and found.report is None and done_at and done_at <= self.clock():
                    found.report = imports.apply(found, changes, self.settings)
            return changes

    def add_import(self, key: Key, wanted: Wanted, *, fails: bool = False) -> Import | None:
        """Keep a new import, or return None when the account has as many as it may."""
        self.changes_of(key)
        now, settings = self.clock(), self.settings
        with self._lock:
            own = [found for found in self.imports.values() if found.account == key.account]
            pending = sum(found.counts_as_pending(settings, now) for found in own)
            if settings.imports_at_once and pending >= settings.imports_at_once:
                return None
            made = Import(
                id=str(uuid4()),
                account=key.account,
                client_id=key.client_id,
                wanted=wanted,
                asked_at=now,
                ends_at=now + settings.upload_url_seconds,
                fails=fails,
            )
            self.imports[made.id] = made
            return made

    def reset(self) -> None:
        """Begin anew: first settings, all keys, no faults, tokens, exports or calls, the right time."""
        self.faults.clear()
        with self._lock:
            self.settings = self.first_settings
            self.exports.clear()
            self.imports.clear()
            self.changes.clear()
            self.deleted_keys.clear()
        self.tokens.clear()
        self.limits.clear()
        self.calls = Calls()
        self.clock.ahead = 0.0
