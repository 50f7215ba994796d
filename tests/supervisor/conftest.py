"""A supervisor in this process, one in a process of its own, and a port that is taken."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.desk import BASE_DIR
from tests.supervisor.misbehaving import HAS_CHILD, Watched, child, eventually, starts


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    one = Watched(tmp_path, grace=1.0)
    yield one
    one.supervisor.ask_to_stop()
    one.supervisor._is_urgent = True
    one.supervisor.stop()
    one.supervisor.close()


DRIVER = """
import sys
sys.path.insert(0, {folder!r})
from pathlib import Path
from supervisor.children import Program
from supervisor.folder import lock
from supervisor.watch import Supervisor
data = Path({data!r})
held = lock(data)
one = Supervisor(data, keeps=(held.fileno(),), grace=4.0)
one.install_signal_handlers()
one.start(*[Program(name, tuple(command)) for name, command in {programs!r}])
one.watch()
one.stop()
one.close()
"""


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A supervisor in a process of its own, with a child that obeys and one that does not."""
    programs = [(one.name, one.command) for one in (child(tmp_path, "web"), child(tmp_path, "files", HAS_CHILD))]
    code = DRIVER.format(folder=str(BASE_DIR), data=str(tmp_path), programs=programs)
    with subprocess.Popen([sys.executable, "-P", "-c", code], start_new_session=True) as process:
        assert eventually(lambda: bool(starts(tmp_path, "web") and starts(tmp_path, "files")))
        yield process
        process.kill()


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
