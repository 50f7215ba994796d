"""How the desk looks at its broker: what waits there, and that it does not answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from project.celery import app
from runs import broker

pytestmark = [
    pytest.mark.processes,
    # The broker's library leaves a socket open when nobody listens.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def _aim(url: str) -> None:
    app.conf.broker_url = app.conf.broker_read_url = app.conf.broker_write_url = url
    app._pool = app.amqp._producer_pool = None


@pytest.fixture(autouse=True)
def _own_broker() -> Iterator[None]:
    before = app.conf.broker_url, app.conf.broker_read_url, app.conf.broker_write_url
    yield
    app.conf.broker_url, app.conf.broker_read_url, app.conf.broker_write_url = before
    app._pool = app.amqp._producer_pool = None


def test_messages_are_counted_by_queue_and_a_queue_that_nobody_used_is_empty() -> None:
    _aim("memory://")
    for _ in range(3):
        app.send_task("exports.tasks.advance", kwargs={"pk": 1}, queue="calls", retry=False)
    assert broker.lengths() == {"calls": 3, "files": 0}


def test_a_broker_that_is_not_there_is_said_to_be_unreachable(tmp_path: Path) -> None:
    for url in (
        f"redis+socket://{tmp_path}/nobody.sock?virtual_host=0",
        "redis://127.0.0.1:1/0",
        "amqp://127.0.0.1:1//",
    ):
        _aim(url)
        with pytest.raises(broker.Unreachable):
            broker.lengths()


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_is_silent_is_given_up_soon(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        _aim(f"{scheme}://guest:guest@127.0.0.1:{listener.getsockname()[1]}//")
        began = time.monotonic()
        with pytest.raises(broker.Unreachable):
            broker.lengths()
    assert time.monotonic() - began < 4
