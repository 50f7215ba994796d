"""The folder that files of people lie in, when it is a folder: private, and durable once closed."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage

WRITING = os.O_WRONLY | os.O_CREAT | os.O_EXCL


@dataclass(frozen=True)
class Room:
    """How much room a disk has, in bytes."""

    free: int
    total: int

    @property
    def share(self) -> float:
        """Return what is free, in parts of one."""
        return self.free / self.total if self.total else 0.0


def room(storage: Storage) -> Room | None:
    """Return the room where files are kept; None where there is no disk to speak of. Raises OSError."""
    if not isinstance(storage, FileSystemStorage):
        return None
    found = shutil.disk_usage(_nearest(Path(storage.location)))
    return Room(free=found.free, total=found.total)


def probe(storage: Storage) -> None:
    """Raise OSError unless a file can be written now; elsewhere than in a folder, whatever its asking raises."""
    if not isinstance(storage, FileSystemStorage):
        storage.exists("probe")
        return
    _make_private(Path(storage.location))
    with TemporaryFile(dir=storage.location) as file:
        file.write(b"a disk that is full takes an empty file")


def _nearest(folder: Path) -> Path:
    """Return a folder, or what there is of the way to it: it is made with the first file."""
    return next(place for place in (folder, *folder.parents) if place.is_dir())


class DurableFile(File):
    """A file being written. Closing it waits until the disk has it: what is called ready survives power cuts."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            return self.close()
        super().close()  # what is about to be deleted needs no disk

    def close(self) -> None:
        """Wait for the disk, and close. Raises OSError, with the file closed all the same."""
        try:
            if self.file is not None and not self.closed:
                self.file.flush()
                os.fsync(self.file.fileno())
                _sync_folder(Path(self.file.name).parent)
        finally:
            super().close()


class PrivateFolder(FileSystemStorage):
    """Django's folder storage, with what it lacks when a file is opened for writing: folders, modes, and a sync.

    A name is written once: opening it for writing again raises FileExistsError.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(file_permissions_mode=0o600, directory_permissions_mode=0o700, **kwargs)

    def _open(self, name: str, mode: str = "rb") -> File:
        if "w" not in mode:
            return super()._open(name, mode)  # type: ignore[misc]
        path = Path(self.path(name))
        _make_private(path.parent)
        return DurableFile(open(path, "wb", opener=_new_and_private))


def _new_and_private(path: str, flags: int) -> int:
    return os.open(path, WRITING, 0o600)


def _make_private(folder: Path) -> None:
    """Make a folder and whatever is missing above it, for their owner alone."""
    if not folder.is_dir():
        _make_private(folder.parent)  # `parents=True` would make those readable by others
        folder.mkdir(mode=0o700, exist_ok=True)


def _sync_folder(folder: Path) -> None:
    """Let the disk have a folder's entries: a file that is synced and listed nowhere is lost too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def within(storage: Storage, folder: str) -> list[str]:
    """Return a folder and those in it, as far as there are any. Raises what listing raises."""
    try:
        inner, _names = storage.listdir(folder)
    except FileNotFoundError:
        return []
    return [*(f"{folder}/{name}" for name in inner), folder]


def clear(storage: Storage, folder: str, *, upto: int | None = None) -> None:
    """Delete the files of a folder that are named by claims up to a number, or all. Raises what deleting raises."""
    try:
        _folders, names = storage.listdir(folder)
    except FileNotFoundError:
        return  # nothing was ever written
    for name in names:
        if upto is None or int(name) <= upto:
            storage.delete(f"{folder}/{name}")
