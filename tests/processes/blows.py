"""Who dies, and how: each a stretch of time in which something is gone, and after which it is there again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from django.db import connection

from tests.conftest import IN_CI
from tests.databases import ON_POSTGRESQL
from tests.processes.cluster import has_binaries
from tests.processes.conftest import Desk


@dataclass(frozen=True)
class Blow:
    """What happens to a desk; `orphans` says that whoever works on a run dies of it."""

    name: str
    falls: Callable[[Desk], AbstractContextManager[None]]
    orphans: bool = False


@contextmanager
def _workers(desk: Desk) -> Iterator[None]:
    desk.calls.kill()
    desk.files.kill()
    yield
    desk.calls.start()
    desk.files.start()


@contextmanager
def _web(desk: Desk) -> Iterator[None]:
    desk.web.start()
    desk.until_web_answers()
    desk.web.kill()
    yield
    desk.web.start()
    desk.until_web_answers()


@contextmanager
def _beat(desk: Desk) -> Iterator[None]:
    desk.beat.kill()
    yield
    desk.beat.start()


@contextmanager
def _broker_killed(desk: Desk) -> Iterator[None]:
    """It comes back with nothing in its memory."""
    desk.broker.kill()
    for file in desk.folder.glob("appendonlydir/*"):
        file.unlink()
    yield
    desk.broker.start()
    desk.until_broker_answers()


@contextmanager
def _broker_emptied(desk: Desk) -> Iterator[None]:
    desk.empty_broker()
    yield


@contextmanager
def _broker_full(desk: Desk) -> Iterator[None]:
    """It answers, and takes nothing: its memory or its disk is full."""
    desk.broker_client.config_set("maxmemory", 1)
    yield
    time.sleep(1)  # several ticks, had there been room for any
    desk.broker_client.config_set("maxmemory", 0)
    # Celery ends a worker whose broker refuses what it writes, soon or late. The supervisor starts it again; so do we.
    desk.is_supervised = True


def cut_off(desk: Desk) -> None:
    """Let the database end every connection, as a failover or an impatient administrator does."""
    connection.close()
    with psycopg.connect(desk.database, autocommit=True) as at:
        at.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@contextmanager
def _database_cut_off(desk: Desk) -> Iterator[None]:
    cut_off(desk)
    yield


@contextmanager
def _database_restarted(desk: Desk) -> Iterator[None]:
    """The power fails, and comes back."""
    assert desk.cluster is not None
    connection.close()
    desk.cluster.program.quit()
    yield
    time.sleep(1)  # so that every answer comes while nothing can be written down
    desk.cluster.program.start()
    desk.cluster.until_it_answers()


NO_SERVER = "This machine has no PostgreSQL server of its own to stop and start: install Debian's postgresql."
on_postgresql = pytest.mark.skipif(not ON_POSTGRESQL, reason="SQLite is a file: nobody can restart it")
_on_own_server = pytest.mark.skipif(not has_binaries() and not IN_CI, reason=NO_SERVER)

BLOWS = [
    pytest.param(Blow("workers killed", _workers, orphans=True), id="workers-killed"),
    pytest.param(Blow("web killed", _web), id="web-killed"),
    pytest.param(Blow("beat killed", _beat), id="beat-killed"),
    pytest.param(Blow("broker killed", _broker_killed), id="broker-killed"),
    pytest.param(Blow("broker emptied", _broker_emptied), id="broker-emptied"),
    pytest.param(Blow("broker full", _broker_full), id="broker-full"),
    pytest.param(Blow("database cut off", _database_cut_off), id="database-cut-off", marks=on_postgresql),
    pytest.param(
        Blow("database restarted", _database_restarted),
        id="database-restarted",
        marks=[on_postgresql, _on_own_server],
    ),
]
