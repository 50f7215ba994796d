"""APSIS's own Excel file on its way when its worker dies: it comes all the same, and the CSV was never at stake."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db.models import F

from exports import deriving
from exports.models import DerivedFile, ExportRun
from runs.models import Status
from tests.processes.conftest import LEASE, LOOK, MIDDLE, PATIENCE, Desk, stored


def until(run: ExportRun, holds: Callable[[DerivedFile], Any]) -> DerivedFile:
    """Wait until something holds of the Excel file of a run."""
    end = time.monotonic() + PATIENCE
    while True:
        derived = DerivedFile.objects.get(of=run.file)
        if holds(derived):
            return derived
        assert time.monotonic() < end, f"{derived.status} {derived.code} {derived.facts} claim {derived.claim_no}"
        time.sleep(LOOK)


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_worker_killed_while_it_fetches_the_excel_file(desk: Desk, when: str) -> None:
    # The file is opened by the poll that finds it ready, then as CSV, then as Excel.
    more = {"bytes": MIDDLE} if when == "during" else {}
    held = desk.hold("download", when, skip=2, **more)
    run = desk.until_ready(desk.run(apsis_excel=True))
    csv = stored(run)
    held.reached()
    half = until(run, lambda derived: derived.code == "fetching")
    desk.files.kill()
    held.release()
    DerivedFile.objects.filter(pk=half.pk).update(lease_until=F("lease_until") - timedelta(seconds=LEASE))
    desk.files.start()
    whole = until(run, lambda derived: derived.is_over)
    assert (whole.status, whole.code) == (Status.SUCCEEDED, "ready")
    assert whole.claim_no > half.claim_no
    assert default_storage.listdir(deriving.folder(whole))[1] == [str(whole.claim_no)]
    assert whole.row_count == run.file.row_count  # type: ignore[union-attr]
    assert stored(run) == csv
    assert desk.asked()["consent_export"] == 1
