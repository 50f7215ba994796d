"""An upgrade keeps who may see what."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from accounts.models import User
from exports.models import ExportRun, RunShare, SavedSegment
from tests.exports import made

BEFORE = [("exports", "0014_events")]


@pytest.fixture
def back(transactional_db: None) -> Iterator[MigrationExecutor]:
    """A way back to where shares knew no segment; afterwards the database is whole again."""
    executor = MigrationExecutor(connection)
    yield executor
    last = MigrationExecutor(connection)
    last.migrate(last.loader.graph.leaf_nodes())


def test_a_share_learns_its_segment_and_only_files_stay_shared(
    back: MigrationExecutor, segment: SavedSegment, jonas: User
) -> None:
    ready, going = made.ready(segment), made.preparing(segment)
    newest = back.loader.graph.leaf_nodes()
    back.migrate(BEFORE)
    shares = MigrationExecutor(connection).loader.project_state(BEFORE).apps.get_model("exports", "RunShare").objects
    for run in (ready, going):
        shares.create(run_id=run.pk, person_id=jonas.pk, shared_at=timezone.now())
    MigrationExecutor(connection).migrate(newest)
    assert [(share.run_id, share.segment_id) for share in RunShare.objects.all()] == [(ready.pk, segment.pk)]
    assert ExportRun.objects.count() == 2
