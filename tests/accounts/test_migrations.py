"""An upgrade that cannot go on says why, and leaves everything as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

BEFORE = [("accounts", "0004_lent_password")]
AFTER = [("accounts", "0005_names_in_any_case")]


@pytest.fixture
def before(transactional_db: None) -> Iterator[MigrationExecutor]:
    """The database as it was before names were told apart in any case; afterwards it is whole again."""
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()
    executor.migrate(BEFORE)
    yield MigrationExecutor(connection)
    last = MigrationExecutor(connection)
    last.loader.project_state(BEFORE).apps.get_model("accounts", "User").objects.all().delete()
    last.migrate(newest)


def test_names_that_differ_in_case_alone_stop_the_upgrade_with_a_sentence(before: MigrationExecutor) -> None:
    people = before.loader.project_state(BEFORE).apps.get_model("accounts", "User").objects
    first = people.create(username="anna", email="anna@example.com")
    second = people.create(username="Anna", email="anna.2@example.com")
    people.create(username="jonas", email="jonas@example.com")
    with pytest.raises(RuntimeError, match=f"Usernames of people {first.pk}, {second.pk} differ in nothing") as refused:
        before.migrate(AFTER)
    assert "anna" not in str(refused.value).lower()
    assert people.count() == 3
    people.filter(pk=second.pk).update(username="anna.2")
    MigrationExecutor(connection).migrate(AFTER)
