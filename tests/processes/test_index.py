"""The index of a file's people when its worker is killed in the middle: the next one makes it, and nothing is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import F
from django.utils import timezone

from exports import actions, indexing
from exports.models import ExportFile, ExportRun, Indexing
from people import addresses, drawer
from people.models import FileIndex
from runs.models import Status
from tests.processes.conftest import LEASE, LOOK, PATIENCE, Desk

ROWS = 200_000  # so many that it can be met on its way


def until(pk: int, holds: Callable[[Indexing], Any]) -> Indexing:
    """Wait until something holds of the step."""
    end = time.monotonic() + PATIENCE
    while True:
        asked = Indexing.objects.get(pk=pk)
        if holds(asked):
            return asked
        assert time.monotonic() < end, f"{asked.status} {asked.code} {asked.facts} claim {asked.claim_no}"
        time.sleep(LOOK)


def enlarged(run: ExportRun) -> ExportRun:
    """Let the file of a run have many more people, each with an address in the first column of consent."""
    file = run.file
    assert file is not None
    at = file.header.index(next(column.title for column in run.consent_spec.columns() if column.kind == "consent"))
    before, after = "," * at, "," * (len(file.header) - at - 1)
    lines = (f"k{n}{before}p{n}@example.com{after}\n" for n in range(ROWS))
    content = (",".join(file.header) + "\n" + "".join(lines)).encode()
    name = default_storage.save(f"exports/{run.uuid}/large", ContentFile(content))
    ExportFile.objects.filter(pk=file.pk).update(
        storage_name=name, encoding="", row_count=ROWS, content_length=len(content)
    )
    return ExportRun.objects.get(pk=run.pk)


@pytest.mark.parametrize("code", ["making", "sorting"])
def test_a_worker_killed_while_it_indexes(desk: Desk, code: str) -> None:
    run = enlarged(desk.until_ready(desk.run()))
    actions.index(run, by=run.owner, now=timezone.now())
    half = until(Indexing.objects.get(of=run.file).pk, lambda asked: asked.code == code)
    desk.files.kill()
    assert not FileIndex.objects.filter(file=run.file_id).exists()
    Indexing.objects.filter(pk=half.pk).update(lease_until=F("lease_until") - timedelta(seconds=LEASE))
    desk.files.start()
    whole = until(half.pk, lambda asked: asked.is_over)
    assert (whole.status, whole.code) == (Status.SUCCEEDED, "ready")
    assert whole.claim_no > half.claim_no
    assert default_storage.listdir(indexing.folder(whole))[1] == [str(whole.claim_no)]
    found = drawer.holding([addresses.read("p199999@example.com")], since=run.created_at)
    assert run.pk in [held.run for held in found.held]
