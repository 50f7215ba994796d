"""Ports that are taken, and the way out."""

from __future__ import annotations

import socket

import pytest

from supervisor.desk import Refusal
from supervisor.ports import is_free, take_ports
from tests.supervisor.desks import desk

pytestmark = pytest.mark.processes


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_a_taken_port_is_one_sentence_and_a_way_out(taken: int) -> None:
    with pytest.raises(Refusal, match=rf"^Port {taken} is taken\. Choose another: PORT=\d+ make run") as refusal:
        take_ports(desk(PORT=str(taken)))
    words = str(refusal.value)
    port = int(words.split("PORT=")[1].split()[0])
    moved = int(words.rsplit(maxsplit=1)[1].strip(")"))
    assert moved == port + 100
    assert is_free(port)
    assert is_free(moved)


def test_a_taken_port_of_the_sandbox_is_one_sentence_too(taken: int) -> None:
    port = a_free_port()
    with pytest.raises(Refusal, match=rf"^Port {taken}, where the sandbox would listen, is taken\. .*SANDBOX_PORT=\d+"):
        take_ports(desk(PORT=str(port), SANDBOX_PORT=str(taken)))
    assert is_free(port)
