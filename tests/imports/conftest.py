"""Anna's key, the sandbox on the wire, and a clock that takes the parts of an import through their steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import time_machine

from accounts import clients
from accounts.models import VendorAccount
from imports import runner
from imports.models import Import, ImportPart
from runs.claims import claim
from sandbox.faults import Dropped
from tests.conftest import Vendor


@pytest.fixture(autouse=True)
def _storage_is_listed(request: pytest.FixtureRequest) -> None:
    """Let the account list the sandbox's storage, where a test has an account."""
    if "account" in request.fixturenames:
        account: VendorAccount = request.getfixturevalue("account")
        VendorAccount.objects.filter(pk=account.pk).update(upload_hosts="http://localhost:8100")
        account.refresh_from_db()


class Stepper:
    """Takes a part through its steps as the workers would, on a clock that a test turns."""

    def __init__(self, vendor: Vendor, travel: time_machine.Coordinates) -> None:
        self.vendor, self.travel = vendor, travel
        self.now = datetime.now(tz=UTC)
        vendor.clock.now = self.now.timestamp()

    def clock(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.vendor.clock.now += seconds
        self.travel.shift(seconds)

    def claim(self, part: ImportPart) -> ImportPart:
        """Claim a part as a worker of its queue would, once it is due."""
        part.refresh_from_db()
        assert part.due_at is not None, f"the part is over: {part.code}"
        self.forward(max(0.0, (part.due_at - self.now).total_seconds()))
        parts = ImportPart.objects.select_related("of__credential", "account", "cancel_asked_by")
        claimed = claim(parts, part.pk, queue=part.queue, now=self.now)
        assert claimed is not None, "the part was due and could not be claimed"
        return claimed

    def advance(self, claimed: ImportPart) -> ImportPart:
        """Take the one step that a claim is for."""
        with clients.client_for(claimed.of.credential_id) as client:
            runner.advance(claimed, client, clock=self.clock)
        claimed.refresh_from_db()
        return claimed

    def step(self, part: ImportPart) -> ImportPart:
        return self.advance(self.claim(part))

    def to_the_end(
        self, part: ImportPart, *, until: Callable[[ImportPart], Any] | None = None, most: int = 60
    ) -> ImportPart:
        """Take steps until the part is over, or `until` holds."""
        for _ in range(most):
            part = self.step(part)
            if part.is_over or (until and until(part)):
                return part
        raise AssertionError(f"the part did not end in {most} steps: {part.status} {part.code}")

    def all_to_the_end(self, whole: Import) -> Import:
        for part in whole.parts.filter(replaced_at=None):
            if not part.is_over:
                self.to_the_end(part)
        whole.refresh_from_db()
        return whole

    def imports(self) -> list[dict[str, Any]]:
        """Return what the sandbox knows of its imports."""
        return list(self.vendor.control("GET", "imports")["items"])


class Breaking(httpx.BaseTransport):
    """The sandbox on a wire that breaks where the sandbox drops a call."""

    def __init__(self, wire: httpx.BaseTransport) -> None:
        self._wire = wire

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._wire.handle_request(request)
        except Dropped:
            raise httpx.ReadError("the connection was reset") from None


@pytest.fixture
def steps(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stepper]:
    wire = Breaking(vendor.transport)
    monkeypatch.setattr(clients, "wire", lambda account: wire)
    with time_machine.travel(datetime.now(tz=UTC), tick=False) as travel:
        yield Stepper(vendor, travel)
