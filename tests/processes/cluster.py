"""A PostgreSQL of the tests' own: one that may be stopped, started and cut off without disturbing anybody."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from tests.processes.program import Program

PATIENCE = 30.0  # seconds for a server to stand
# Who runs the server, since it refuses to be run by root.
SERVER_USER = "postgres"


class Cluster:
    """A running server; `url` names it without a database."""

    def __init__(self, program: Program, url: str) -> None:
        self.program, self.url = program, url

    def until_it_answers(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with suppress(psycopg.OperationalError), psycopg.connect(f"{self.url}/postgres", connect_timeout=2):
                return
            time.sleep(0.05)
        raise AssertionError(f"the database does not answer:\n{self.program.tail()}")


def has_binaries() -> bool:
    """Say whether this machine has a PostgreSQL server to start."""
    return _binaries() is not None


@contextmanager
def cluster(log: Path, host: str = "127.0.0.1") -> Iterator[Cluster]:
    """Make a server that listens at `host`; it is gone afterwards, with all that it held."""
    binaries, user = _binaries(), SERVER_USER if os.getuid() == 0 else None
    assert binaries is not None
    # Not below pytest's folder, which is closed to the server's user.
    folder = Path(tempfile.mkdtemp(prefix="desk-cluster-"))
    if user:
        shutil.chown(folder, user)
    made = ["initdb", "-D", str(folder / "data"), "-U", "desk", "--auth", "trust", "--no-sync", "--encoding", "UTF8"]
    made[0] = str(binaries / "initdb")
    subprocess.run(made, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=60)
    with socket.create_server((host, 0)) as probe:
        port = probe.getsockname()[1]
    options = {"listen_addresses": host, "port": port, "unix_socket_directories": folder, "fsync": "off"}
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    command = (str(binaries / "postgres"), "-D", str(folder / "data"), *words)
    program = Program("database", command, os.environ, log, user=user, cwd=folder)
    server = Cluster(program, f"postgresql://desk@{host}:{port}")
    try:
        program.start()
        server.until_it_answers()
        yield server
    finally:
        program.quit()
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path | None:
    """Return the folder of the server's programs: that of the highest version."""
    if os.getuid() == 0:
        with suppress(KeyError):
            pwd.getpwnam(SERVER_USER)
            found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
            return max(found, key=lambda path: int(path.parent.name), default=None)
        return None
    found = [Path(path).resolve().parent for path in filter(None, [shutil.which("postgres")])]
    found += sorted(path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1] if found else None
