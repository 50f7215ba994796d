"""What the vendor counted of a part, brought back to the rows of the file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from imports import files
from imports.endings import settle
from imports.models import ImportPart
from runs import line
from runs.models import Status
from upstream.apsis.imports import ImportStatus

MOST_FAULTS = 20_000  # rejected rows of a part that are kept one by one; all are counted
HEADER = 1  # rows of a part before its first


def keep(part: ImportPart, told: ImportStatus, *, now: datetime, took_ms: int) -> None:
    """Write down what the vendor counted; the part has succeeded. Raises StaleRun."""
    counts = _counts(told)
    with transaction.atomic():
        part.move(
            Status.SUCCEEDED,
            "counted" if not counts["failed"] else "counted_with_faults",
            now=now,
            facts={},
            faults=_faults(part, told),
            sealed_slot="",
            vendor_state=told.state,
            uploaded_at=part.uploaded_at or now,
            **counts,
        )
        said: dict[str, Any] = {name: count for name, count in counts.items() if count is not None}
        part.add_line("counted", now=now, took_ms=took_ms, **said)
        line.call_next(part, now=now)
        settle(part.of_id, now=now)


def _counts(told: ImportStatus) -> dict[str, int | None]:
    """Return the vendor's four counts; None where it does not say. Where it lists faults it need not count them."""
    failed = told.failed
    if failed is None and told.faults:
        failed = len({fault.line for fault in told.faults})
    return {"created": told.created, "updated": told.updated, "unchanged": told.unchanged, "failed": failed}


def _faults(part: ImportPart, told: ImportStatus) -> list[list[Any]]:
    """Return the rejected rows, by their numbers in the file where they can be told."""
    if not told.faults:
        return []
    try:
        rows: Sequence[int] = files.row_numbers(part)
    except FileNotFoundError:
        rows = ()
    return [[_row(fault.line, rows), fault.field, fault.message] for fault in told.faults[:MOST_FAULTS]]


def _row(line: int | None, rows: Sequence[int]) -> int | None:
    place = -1 if line is None else line - HEADER - 1
    return rows[place] if 0 <= place < len(rows) else None
