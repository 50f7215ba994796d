"""The broker as the desk sees it: whether it answers, and how many nudges wait there for a worker.

By way of kombu's passive declaration, which every broker of Celery's understands.
"""

from __future__ import annotations

from typing import Any

from celery import current_app
from kombu import Connection
from kombu.exceptions import OperationalError

QUEUES = ("calls", "files")


class Unreachable(Exception):
    """The broker does not answer. Nothing is lost: the rows are the truth, and the tick calls once it is back."""


def lengths() -> dict[str, int]:
    """Return how many messages wait in each queue. Raises Unreachable."""
    with current_app.connection_for_read() as connection:
        away: tuple[Any, ...] = (OperationalError, OSError, *connection.connection_errors)
        try:
            connection.ensure_connection(max_retries=0)
            return {queue: _length(connection, queue) for queue in QUEUES}
        except away as error:
            raise Unreachable from error


def _length(connection: Connection, queue: str) -> int:
    # A channel for each: RabbitMQ closes the one on which it was asked for a queue that is not there.
    channel: Any
    with connection.channel() as channel:
        try:
            return int(channel.queue_declare(queue=queue, passive=True).message_count)
        except connection.channel_errors:
            return 0  # no message was ever sent there, or none is left
