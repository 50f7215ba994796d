"""The folder of people's files: private, written once, on the disk before it is called ready."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
from pathlib import Path

import pytest
from django.core.files.storage import InMemoryStorage

from runs import storage
from runs.storage import PrivateFolder


@pytest.fixture
def folder(tmp_path: Path) -> PrivateFolder:
    return PrivateFolder(location=tmp_path / "data" / "files")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_written_and_read(folder: PrivateFolder) -> None:
    with folder.open("exports/a", "wb") as file:
        file.write(b"anna")

    with folder.open("exports/a", "rb") as file:
        assert file.read() == b"anna"


def test_only_for_the_owner_whatever_the_umask(folder: PrivateFolder, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder.open("exports/2026/a", "wb").close()
    finally:
        os.umask(before)

    assert mode_of(tmp_path / "data/files/exports/2026/a") == 0o600
    for name in ("data", "data/files", "data/files/exports", "data/files/exports/2026"):
        assert mode_of(tmp_path / name) == 0o700, name


def test_a_name_is_written_once(folder: PrivateFolder) -> None:
    with folder.open("a", "wb") as file:
        file.write(b"first")

    with pytest.raises(FileExistsError):
        folder.open("a", "wb")

    with folder.open("a", "rb") as file:
        assert file.read() == b"first"


def test_a_name_outside_is_refused(folder: PrivateFolder) -> None:
    from django.core.exceptions import SuspiciousFileOperation

    with pytest.raises(SuspiciousFileOperation):
        folder.open("../a", "wb")


def test_closing_waits_for_the_disk(folder: PrivateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[bool, int]] = []

    def fsync(descriptor: int) -> None:
        found = os.fstat(descriptor)
        synced.append((stat.S_ISDIR(found.st_mode), found.st_size))

    monkeypatch.setattr(os, "fsync", fsync)
    file = folder.open("a", "wb")
    file.write(b"anna")
    file.close()
    file.close()

    assert [is_folder for is_folder, _ in synced] == [False, True]
    assert synced[0] == (False, 4), "what was buffered goes to the disk too"


def test_what_failed_does_not_wait_for_the_disk(folder: PrivateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: pytest.fail("waited"))

    with pytest.raises(KeyError), folder.open("a", "wb") as file:
        raise KeyError

    assert file.closed


def test_a_disk_that_says_no_when_asked_to_keep(folder: PrivateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="no"), folder.open("a", "wb") as file:
        file.write(b"anna")

    assert file.closed


def test_how_much_room_there_is_is_known_before_the_first_file(folder: PrivateFolder, tmp_path: Path) -> None:
    found = storage.room(folder)
    assert found is not None
    assert 0 < found.free <= found.total
    assert 0 < found.share <= 1
    assert not (tmp_path / "data").exists(), "to look is not to make"
    assert storage.room(InMemoryStorage()) is None


def test_a_probe_writes_and_leaves_nothing(folder: PrivateFolder, tmp_path: Path) -> None:
    storage.probe(folder)
    assert list((tmp_path / "data/files").iterdir()) == []
    assert mode_of(tmp_path / "data/files") == 0o700


def test_a_probe_of_a_full_disk_fails(folder: PrivateFolder) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            storage.probe(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
