"""Databases for desks that run as real processes, on whatever server DATABASE_URL names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import environ
import psycopg
from django.db import connections
from psycopg import sql

ON_POSTGRESQL = os.environ.get("DATABASE_URL", "").startswith(("postgres", "psql"))


@contextmanager
def own_database(name: str, folder: Path, server: str | None = None) -> Iterator[str]:
    """Yield the URL of an empty database, which is gone afterwards: a file, or one more on a PostgreSQL server.

    That is the one at `server`, else the one that DATABASE_URL names.
    """
    server = urlsplit(server or os.environ.get("DATABASE_URL", ""))
    if not server.scheme.startswith(("postgres", "psql")):
        yield f"sqlite:///{folder / name}.sqlite3"
        return
    # The number of this process keeps suites apart that run side by side.
    name = f"{server.path.strip('/') or 'desk'}_{name}_{os.getpid()}"
    at = server._replace(scheme="postgresql", path="/postgres").geturl()
    with psycopg.connect(at, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield server._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(at, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def working_on(url: str) -> Iterator[None]:
    """Let Django in this thread work on the database at `url`, as the processes of a desk do."""
    usual = connections.settings["default"]
    # Taken before the settings change: where there is none yet it is made from them, and it is the suite's own. (In a
    # thread with an event loop, as a browser leaves one, Django looks for connections in another place than before.)
    ours = connections["default"]
    # Pools go by alias, and that of the suite's own database is called the same: here we do without.
    options = {name: value for name, value in usual["OPTIONS"].items() if name != "pool"}
    connections.settings["default"] = {**usual, **environ.Env.db_url_config(url), "OPTIONS": options}
    theirs = connections.create_connection("default")
    connections["default"] = theirs
    try:
        yield
    finally:
        theirs.close()
        connections["default"] = ours
        connections.settings["default"] = usual
