"""The same thing at the same moment, from several threads, each with a database connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


def at_once(many: int, act: Callable[[int], T]) -> list[T]:
    """Return what `act` returned in each of `many` threads, in their order; what one raised is raised here."""
    start = Barrier(many)

    def work(number: int) -> T:
        try:
            start.wait(timeout=20)
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(work, range(many)))
