"""What a program says, on the disk: bounded, and never a reason to fall over."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
from pathlib import Path

LOG_BYTES, LOG_COPIES = 5_000_000, 2


class LogFile(logging.handlers.RotatingFileHandler):
    """The log of one program, with two older copies. On a disk that is full it loses lines, and nothing else."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=LOG_BYTES, backupCount=LOG_COPIES, encoding="utf-8", delay=True)

    def write(self, line: str) -> None:
        """Write one line down, if there is room."""
        self.emit(logging.makeLogRecord({"msg": line}))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the name is logging's
        """Drop what could not be written: kept for later, it would grow as long as the disk is full."""
        self.close()

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        with contextlib.suppress(OSError):
            super().close()
