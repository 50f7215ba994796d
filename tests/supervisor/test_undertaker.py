"""No child outlives us."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from supervisor.desk import Refusal
from supervisor.folder import lock
from tests.supervisor.misbehaving import Watched, child, eventually, is_gone

pytestmark = pytest.mark.processes


def test_no_child_outlives_a_supervisor_that_is_killed(driven: subprocess.Popen[bytes], tmp_path: Path) -> None:
    os.killpg(driven.pid, signal.SIGKILL)  # its whole group, as a terminal or a container would
    driven.wait()
    assert eventually(lambda: is_gone(tmp_path, "web"), within=2)
    with pytest.raises(Refusal):
        lock(tmp_path, patience=0)  # the undertaker is still at it
    assert eventually(lambda: is_gone(tmp_path, "files"), within=6)
    lock(tmp_path, patience=2).close()


def test_an_undertaker_that_is_killed_is_replaced(watched: Watched, tmp_path: Path) -> None:
    watched.supervisor.start(child(tmp_path, "web"))
    watched.until_up("web")
    undertaker = watched.supervisor._undertaker
    first = undertaker._process.pid
    os.kill(first, signal.SIGKILL)
    watched.until(lambda: undertaker._process.pid != first)
    os.close(undertaker.pipe)  # as if we died now
    assert eventually(lambda: is_gone(tmp_path, "web"), within=3)
    undertaker._process.wait()
    undertaker.start()
