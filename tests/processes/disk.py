"""A disk that hangs while a file is read back: the only slow part of verifying that a test can hold on to."""

import time
from pathlib import Path
from typing import Any

from django.core.files.base import File

from runs.storage import PrivateFolder

HANGS = "the-disk-hangs"  # while a file of this name lies in the folder


class HangingFile(File):
    """A file whose first piece comes at once, and the others when the disk works again."""

    def __init__(self, file: Any, flag: Path) -> None:
        super().__init__(file)
        self._flag = flag

    def read(self, *args: Any) -> bytes:
        while self.tell() and self._flag.exists():
            time.sleep(0.05)
        return self.file.read(*args)


class HangingFolder(PrivateFolder):
    """The desk's folder of files, on that disk."""

    def _open(self, name: str, mode: str = "rb") -> File:
        file = super()._open(name, mode)
        return file if "w" in mode else HangingFile(file.file, Path(self.path(HANGS)))
