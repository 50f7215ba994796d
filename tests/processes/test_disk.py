"""The disk for people's files is full, really: a file system of a few kilobytes. (The log's: tests/supervisor.)"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.processes.conftest import Desk, codes, stored

TOO_SMALL, LARGE_ENOUGH = "64k", "8m"
NO_MOUNTS = "This test mounts a small file system, which only root may do; tests/exports tries the same with /dev/full."


@pytest.fixture
def small_disk(desk: Desk) -> Iterator[Callable[[str], None]]:
    """Put the folder of files on a disk of its own, and hand out how to resize it."""
    folder = Path(settings.DATA_DIR, "files")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mount = shutil.which("mount")

    def mounted(*words: str) -> bool:
        if mount is None:
            return False
        return (
            subprocess.run([mount, "-t", "tmpfs", *words, "tmpfs", folder], stderr=subprocess.DEVNULL).returncode == 0
        )

    if not mounted("-o", f"size={TOO_SMALL},mode=700"):
        pytest.skip(NO_MOUNTS)
    yield lambda size: subprocess.run([mount, "-o", f"remount,size={size}", folder], check=True)  # type: ignore[list-item]
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_file_waits_for_room_and_comes_home_by_itself(desk: Desk, small_disk: Callable[[str], None]) -> None:
    run = desk.run()
    desk.until(run, lambda run: run.code == "disk_full")
    assert stored(run) == [], "what found no room is not left lying in the way"
    small_disk(LARGE_ENOUGH)
    run = desk.until_ready(run)
    assert set(codes(run)) == {"asked", "requested", "ready_upstream", "disk_full", "fetched", "verified"}
    assert desk.asked()["consent_export"] == 1
