"""The data directory: private, and held by one desk alone."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import IO

from supervisor.desk import Refusal


def make_private(folder: Path) -> Path:
    """Make a folder that its owner alone may enter, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def lock(data_dir: Path, *, patience: float = 10.0) -> IO[str]:
    """Hold the data directory for one desk alone, as long as the file returned stays open. Raises Refusal.

    The lock is the kernel's, so nothing that dies leaves it behind. While the children of a killed desk are still
    being stopped, their undertaker holds it: then we wait for `patience` seconds.
    """
    file = (make_private(data_dir) / "supervisor.lock").open("a+")
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            file.seek(0)
            pid = file.read().strip()
            if _lives(pid) or time.monotonic() > deadline:
                file.close()
                raise Refusal(
                    f"A desk already runs on {data_dir} (process {pid or 'unknown'}). Stop that one, or give this "
                    "one a folder and a port of its own: DATA_DIR=other PORT=8010 make run"
                ) from None
            time.sleep(0.1)
    file.seek(0)
    file.truncate()
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def _lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (ValueError, OSError):
        return False
    return True
