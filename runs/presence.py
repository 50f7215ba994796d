"""Which processes of the desk live. Each writes it down itself, and one that was killed goes stale.

Celery's remote control and events would tell too; they are off (project/celery.py), because they load the broker all
day for what a row tells with one small write every few seconds. A worker that works in processes is seen by these, not
by the one that made them: that one opens no database, since an open connection must not be forked.
"""

from __future__ import annotations

import atexit
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from celery import current_app, signals
from django.conf import settings
from django.db import connections
from django.utils import timezone

from runs.models import Presence

log = logging.getLogger(__name__)

BEAT, TICK = "beat", "tick"  # roles beside the queues; the tick's is with whichever worker took it last
MISSED = 3  # signs of life in a row after which nobody believes in it any more
FORGOTTEN = timedelta(days=1)
PATIENCE = 2.0  # seconds that a process which stops waits for its last word to be written


def begin(role: str, *, now: datetime) -> None:
    """Write down that this process takes up a role, and forget those unheard of for a day."""
    Presence.objects.update_or_create(**_here(role), defaults={"since": now, "seen_at": now})
    Presence.objects.filter(seen_at__lt=now - FORGOTTEN).delete()


def note(role: str, *, now: datetime) -> None:
    """Write down that this process lives."""
    if not Presence.objects.filter(**_here(role)).update(seen_at=now):
        begin(role, now=now)


def end(role: str, *, now: datetime) -> None:
    """Strike this process out: it stops by itself."""
    Presence.objects.filter(**_here(role)).delete()


def is_alive(process: Presence, *, now: datetime) -> bool:
    """Say whether a process has been heard of lately enough."""
    return now - process.seen_at < timedelta(seconds=MISSED * settings.RUN_PRESENCE)


def _here(role: str) -> dict[str, Any]:
    return {"role": role[:40], "host": socket.gethostname()[:120], "pid": os.getpid()}


_noted_at = 0.0


def note_tick(*, now: datetime) -> None:
    """Write down that the tick was taken, as rarely as a process says that it lives: it is taken every second."""
    global _noted_at
    if time.monotonic() - _noted_at >= settings.RUN_PRESENCE / 2:
        _noted_at = time.monotonic()
        note(TICK, now=now)


# ── What says it, in each process ────────────────────────────────────────────────────────────────────────────


class Heart(threading.Thread):
    """Says every few seconds that its process lives. Whatever goes wrong with that stops nothing else."""

    def __init__(self, role: str) -> None:
        super().__init__(name="presence", daemon=True)
        self._role, self._ended, self._is_heard = role, threading.Event(), True

    def run(self) -> None:
        """Say it until the process stops."""
        self._say(begin)
        while not self._ended.wait(settings.RUN_PRESENCE):
            self._say(note)
        self._say(end)

    def stop(self) -> None:
        """Say that the process stops, and wait a moment for that to be written."""
        self._ended.set()
        self.join(PATIENCE)

    def _say(self, word: Callable[..., None]) -> None:
        try:
            word(self._role, now=timezone.now())
            self._is_heard = True
        except Exception as error:
            if self._is_heard:  # once, not every few seconds
                log.warning("sign of life not written", extra={"part": self._role, "why": type(error).__name__})
            self._is_heard = False
        finally:
            connections.close_all()  # this thread's own, which would else be held for nothing


_heart: Heart | None = None


def _begin(role: str) -> None:
    global _heart
    if _heart is None:
        _heart = Heart(role)
        _heart.start()


@signals.worker_process_init.connect
def begin_in_process(**kwargs: object) -> None:
    """Begin in each process of a worker that works in processes."""
    _begin(_queues())


@signals.worker_ready.connect
def begin_in_worker(sender: Any, **kwargs: object) -> None:
    """Begin in a worker that does its work itself, in threads."""
    if not sender.pool.__class__.__module__.endswith("prefork"):
        _begin(_queues())


@signals.beat_init.connect
def begin_in_beat(**kwargs: object) -> None:
    """Begin in beat, which has no signal for its end."""
    _begin(BEAT)
    atexit.register(stop)


@signals.worker_process_shutdown.connect
@signals.worker_shutdown.connect
def stop(**kwargs: object) -> None:
    """Say a last word."""
    global _heart
    if _heart is not None:
        _heart.stop()
        _heart = None


def _queues() -> str:
    return ",".join(sorted(current_app.amqp.queues.consume_from))
