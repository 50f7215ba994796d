"""The connection to the database, around what takes long: not held meanwhile, and made good where it was cut off."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connections

T = TypeVar("T")

AWAY = (OperationalError, InterfaceError)  # restarted, failed over, out of reach
LOOK = 0.5  # seconds between two tries


def let_go() -> None:
    """Give this thread's connections back; the next query takes one that works. Within a transaction, keep them.

    One to a file is nobody else's, so it is kept too.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block and connection.vendor != "sqlite":
            connection.close()


def outlast(write: Callable[[], T], *, seconds: float) -> T:
    """Do a write that must not be lost; while the database is away, try again, for so many seconds at most.

    Where only the answer to it was lost it happens twice, so it must say the same both times.
    Raises OperationalError, InterfaceError.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            return write()
        except AWAY:
            if time.monotonic() >= until:
                raise
        let_go()
        time.sleep(LOOK)
