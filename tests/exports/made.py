"""Runs in any state, made as rows: for pages, which care for what is written and not for how it came about."""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from exports.models import ExportFile, ExportLine, ExportRun, SavedSegment
from runs.models import UNFINISHED, Status

CONTENT = "export_key,EmailConsent\r\nå1,maja@example.com\r\n".encode()


def run(
    segment: SavedSegment,
    code: str = "preparing",
    status: str = Status.RUNNING,
    *,
    ago: float = 240.0,
    lines: list[tuple[Any, ...]] | None = None,
    **fields: Any,
) -> ExportRun:
    """Make a run asked for `ago` seconds before now; fields ending in `_at` may be seconds after that."""
    created = datetime.now(tz=UTC) - timedelta(seconds=ago)
    for name, value in fields.items():
        if name.endswith("_at") and isinstance(value, int | float):
            fields[name] = created + timedelta(seconds=value)
    over = status not in UNFINISHED
    fields.setdefault("finished_at", created + timedelta(seconds=100) if over else None)
    fields.setdefault("due_at", None if over else datetime.now(tz=UTC) + timedelta(seconds=20))
    fields.setdefault("changed_at", fields["finished_at"] or created)
    made = ExportRun.objects.create(
        owner=segment.owner,
        account=segment.account,
        segment=segment,
        version_no=segment.version_no,
        credential=segment.owner.credentials.get(),
        key_ends_in=segment.owner.credentials.get().last_four,
        spec=fields.pop("spec", segment.spec),
        spec_digest=hashlib.sha256(str(ExportRun.objects.count()).encode()).hexdigest(),
        created_at=created,
        code=code,
        status=status,
        **fields,
    )
    for at, line_code, facts, *more in lines or [(0, "asked", {"who": "Anna", "version": 1})]:
        level, attempt = (*more, *("info", 1)[len(more) :])
        ExportLine.objects.create(
            run=made, at=created + timedelta(seconds=at), level=level, code=line_code, facts=facts, attempt=attempt
        )
    return made


def preparing(segment: SavedSegment, **fields: Any) -> ExportRun:
    """Make a run that is at the vendor."""
    at_vendor = {
        "started_at": 1, "asked_at": 2, "requested_at": 3, "changed_at": 3, "attempt": 1, "claim_no": 4,
        "poll_count": 3, "sealed_poll_url": "sealed", "poll_style": "old", "poll_ends_at": 86_400,
    }  # fmt: skip
    return run(segment, **(at_vendor | fields))


def file(segment: SavedSegment, *, rows: int = 1000, kept: timedelta = timedelta(days=7), **fields: Any) -> ExportFile:
    """Make a file with figures: 650 by e-mail, 260 by SMS, 710 in all, 900 members, of 1,000."""
    name = f"exports/made-{ExportFile.objects.count()}"
    packed = gzip.compress(CONTENT)
    default_storage.delete(name)
    default_storage.save(name, ContentFile(packed))
    now = datetime.now(tz=UTC)
    titles = [column.title for column in segment.consent_spec.columns()]
    members = {column.title: rows * 9 // 10 for column in segment.consent_spec.columns() if column.kind == "segment"}
    fields = {
        "header": ["Key at APSIS", *titles[1:]],
        "counts": {
            "rows": rows,
            "consented": {"EmailConsent": rows * 65 // 100, "MobileConsent": rows * 26 // 100},
            "contactable": rows * 71 // 100,
            "members": members,
            "member_of_any": rows * 9 // 10,
        },
        "encoding": "gzip",
        **fields,
    }
    return ExportFile.objects.create(
        storage_name=name,
        media_type="text/csv",
        received_length=len(packed),
        received_sha256=hashlib.sha256(packed).hexdigest(),
        content_length=len(CONTENT),
        content_sha256=hashlib.sha256(CONTENT).hexdigest(),
        row_count=rows,
        made_at=now,
        expires_at=now + kept,
        **fields,
    )


def ready(segment: SavedSegment, *, rows: int = 1000, kept: timedelta = timedelta(days=7), **fields: Any) -> ExportRun:
    """Make a run that brought a file home."""
    brought = {
        "started_at": 1, "asked_at": 2, "requested_at": 3, "ready_at": 60, "finished_at": 70, "attempt": 1,
        "facts": {"rows": rows, "contactable": rows * 71 // 100}, "file": file(segment, rows=rows, kept=kept),
    }  # fmt: skip
    return run(segment, "ready" if rows else "ready_empty", Status.SUCCEEDED, **(brought | fields))


def failed(segment: SavedSegment, code: str = "export_failed", **fields: Any) -> ExportRun:
    """Make a run that failed at the vendor."""
    facts = {
        "say": "APSIS One could not make this file. Asking for the same file will not help. Start the run again.",
        "status": 503,
        "call": "poll.consents",
        "detail": "no luck",
    }
    ended = {"started_at": 1, "asked_at": 2, "requested_at": 3, "finished_at": 90, "attempt": 1, "facts": facts}
    lines = [(0, "asked", {"who": "Anna", "version": 1}), (90, code, facts, "bad")]
    return run(segment, code, Status.FAILED, **({"lines": lines} | ended | fields))
