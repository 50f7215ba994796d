"""Rows that real processes work on, of whatever kind: waiting for what becomes of them, and letting time pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.db.models import F

from runs.models import Run
from tests.processes.conftest import LEASE, LOOK, PATIENCE, Desk

R = TypeVar("R", bound=Run)


def until(run: R, holds: Callable[[R], Any], desk: Desk | None = None) -> R:
    """Wait until something holds of a row; return it."""
    end = time.monotonic() + PATIENCE
    while True:
        run.refresh_from_db()
        if holds(run):
            return run
        if time.monotonic() > end:
            raise AssertionError(
                f"{run.status} {run.code} {run.facts} claim {run.claim_no}\n{desk.tails() if desk else ''}"
            )
        time.sleep(LOOK)


def later(run: Run, seconds: float) -> None:
    """Let time pass for one row: all that it waits for comes by so many seconds earlier."""
    ago = timedelta(seconds=seconds)
    moments = {"due_at", "lease_until", "asked_at"} & {field.name for field in run._meta.get_fields()}
    type(run)._default_manager.filter(pk=run.pk).update(**{name: F(name) - ago for name in moments})


def expire(run: Run) -> None:
    """Let the lease of a dead process end."""
    type(run)._default_manager.filter(pk=run.pk).update(lease_until=F("lease_until") - timedelta(seconds=LEASE))
