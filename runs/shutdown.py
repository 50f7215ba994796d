"""A worker that is asked to stop. It alone is told, and its long steps run in processes that it forked before."""

from __future__ import annotations

import mmap
import struct
import time

# Seconds in which a long step may still come to its end. The supervisor kills after nine, of which the worker has a
# little more than eight; a step looks here at least every second.
FINISHES = 5.0

_MOMENT = struct.Struct("d")
# A page of memory that is shared with every process forked after this module was imported.
_asked_at = mmap.mmap(-1, _MOMENT.size)


def ask() -> None:
    """Tell the processes of this worker that it stops."""
    # The clock of the machine since its start: the same in all its processes, and nobody sets it.
    _MOMENT.pack_into(_asked_at, 0, time.monotonic())


def is_asked() -> bool:
    """Say whether this worker stops, so that no long step is begun any more."""
    return bool(_MOMENT.unpack_from(_asked_at)[0])


def is_near() -> bool:
    """Say whether it stops so soon that a long step should be left to another worker."""
    return is_asked() and time.monotonic() - _MOMENT.unpack_from(_asked_at)[0] >= FINISHES


def forget() -> None:
    """Go on as if nobody had asked."""
    _MOMENT.pack_into(_asked_at, 0, 0.0)
