"""A database that a bench fills once and keeps: a file, or one beside the one that DATABASE_URL names."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit


def named(folder: Path, *, anew: bool) -> None:
    """Name the database of the bench in the environment; make it where it is missing."""
    server = urlsplit(os.environ.get("DATABASE_URL", ""))
    if not server.scheme.startswith("postgres"):
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"
        if anew:
            for path in folder.glob("bench.sqlite3*"):
                path.unlink()
        return
    import psycopg
    from psycopg import sql

    name = f"{server.path.strip('/')}_bench_{folder.name.replace('-', '_')}"
    at = server._replace(scheme="postgresql", path="/postgres").geturl()
    with psycopg.connect(at, autocommit=True) as connection:
        if anew:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    os.environ["DATABASE_URL"] = server._replace(path=f"/{name}").geturl()


def settle() -> None:
    """Let a server do at once what it does by itself within minutes of so many new rows: look at them, and sum up."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
