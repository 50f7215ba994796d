"""What a run asks of the vendor next: its one request, or that of the next window of an export of events."""

from __future__ import annotations

from exports.events import windows
from exports.events.spec import EventSpec
from exports.models import ExportRun
from upstream.apsis.reports import Wanted


def of(run: ExportRun) -> Wanted:
    """Return the request that a run makes when it is its turn."""
    if isinstance(run.asks, EventSpec):
        return run.asks.to_request(windows.next_of(run).window)
    return run.asks.to_request(consent_version=run.account.consent_version)
