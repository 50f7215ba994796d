"""Ten identical presses on Run make one run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from audit.models import Event
from exports import actions
from exports.models import ExportRun, SavedSegment
from runs.models import Status
from tests.runs.conftest import NOW


@pytest.mark.django_db(transaction=True)
def test_ten_identical_starts_make_one_run(save: Callable[[str], SavedSegment], sent: list[dict[str, Any]]) -> None:
    segment, started, ready = save("Everyone"), [], threading.Barrier(10)

    def press() -> None:
        try:
            ready.wait()
            started.append(actions.start(segment, by=segment.owner, now=NOW).pk)
        finally:
            connection.close()

    presses = [threading.Thread(target=press) for _ in range(10)]
    for one in presses:
        one.start()
    for one in presses:
        one.join(60)
    run = ExportRun.objects.get()
    assert started == [run.pk] * 10
    assert Event.objects.filter(action="run.started").count() == 1
    assert [message["kwargs"]["pk"] for message in sent] == [run.pk]


def test_a_finished_run_makes_room_for_another(save: Callable[[str], SavedSegment]) -> None:
    segment = save("Everyone")
    first = actions.start(segment, by=segment.owner, now=NOW)
    assert actions.start(segment, by=segment.owner, now=NOW) == first
    first.move(Status.CANCELLED, "cancelled", now=NOW)
    second = actions.start(segment, by=segment.owner, now=NOW)
    assert second != first
    assert second.status == Status.QUEUED


def test_another_version_is_another_run(save: Callable[[str], SavedSegment]) -> None:
    from dataclasses import replace

    segment = save("Everyone")
    first = actions.start(segment, by=segment.owner, now=NOW)
    changed = replace(segment.consent_spec, exclude_unsubscribed=True)
    segment = actions.save_segment(
        by=segment.owner, account=segment.account, name=segment.name, spec=changed, segment=segment, now=NOW
    )
    second = actions.start(segment, by=segment.owner, now=NOW)
    assert (first.version_no, second.version_no) == (1, 2)
    first.refresh_from_db()
    assert first.consent_spec.exclude_unsubscribed is False  # what was asked stays as it was asked
