"""Questions to what may hang: a disk, a database, a broker. Whoever asks waits two seconds and no longer.

Each is asked in a thread of its own. One that hangs is not asked again until it has answered, so that it costs one
thread and one connection, however often somebody wants to know.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from typing import Any, Generic, TypeVar

from django.db import connections

T = TypeVar("T")
PATIENCE = 2.0  # seconds


class NoAnswer(Exception):
    """There was no answer within two seconds."""


class Probe(Generic[T]):
    """One question, and the answer that is on its way."""

    def __init__(self, question: Callable[[], T]) -> None:
        self._question, self._lock = question, threading.Lock()
        self._answer: Future[T] | None = None

    def ask(self) -> Future[T]:
        """Ask, unless somebody is still waiting for an answer: then return that one."""
        with self._lock:
            if self._answer is None or self._answer.done():
                self._answer = Future()
                threading.Thread(target=self._find_out, args=(self._answer,), daemon=True).start()
            return self._answer

    def _find_out(self, answer: Future[T]) -> None:
        try:
            found = self._question()
        except Exception as error:
            answer.set_exception(error)
        else:
            answer.set_result(found)
        finally:
            connections.close_all()  # the connection is this thread's own, and the thread ends here


def answers(probes: Mapping[str, Probe[Any]]) -> dict[str, Any]:
    """Ask all at once; return each answer by name, or the exception that it came to: NoAnswer for one that hangs."""
    until = time.monotonic() + PATIENCE
    asked = {name: probe.ask() for name, probe in probes.items()}
    return {name: _taken(answer, until) for name, answer in asked.items()}


def _taken(answer: Future[Any], until: float) -> Any:
    try:
        error = answer.exception(timeout=max(0.0, until - time.monotonic()))
    except TooLate:
        return NoAnswer()
    return error if error is not None else answer.result()
