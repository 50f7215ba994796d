"""Hosts of their own: network namespaces, each on a cable to this machine that can be cut."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import NoReturn

import pytest

from tests.conftest import IN_CI

NOT_PERMITTED = (
    "Hosts of their own need root and Debian's iproute2, so the test of two hosts did not run. "
    "Run it as root: sudo make test ARGS=tests/processes/test_hosts.py."
)
# A public address that nobody answers at any more (RFC 7526): the desk refuses to ask a vendor at a private one.
_VENDOR_NET = "192.88.99"


class Host:
    """Another machine, as far as the network can tell: what runs there reaches this one by its cable alone."""

    def __init__(self, name: str) -> None:
        self.name = name

    def command(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """Return the command that runs another one there."""
        return ("ip", "netns", "exec", self.name, *command)

    def cut_off(self) -> None:
        """Pull the cable out. Nobody is told: connections stay open, and nothing comes through."""
        _ip("link", "set", self.name, "down")

    def plug_in(self) -> None:
        """Put the cable back."""
        _ip("link", "set", self.name, "up")


class Network:
    """This machine's end of the cables: one address, at which servers of this machine can be reached from there."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._listeners: list[socket.socket] = []

    def forward(self, host: str, port: int) -> int:
        """Let a server of this machine be reached at the address; return the port there."""
        listener = socket.create_server((self.address, 0))
        self._listeners.append(listener)
        threading.Thread(target=_accept, args=(listener, (host, port)), daemon=True).start()
        return int(listener.getsockname()[1])

    def close(self) -> None:
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()


@contextmanager
def hosts(count: int) -> Iterator[tuple[Network, list[Host]]]:
    """Make some hosts on a network; they are gone afterwards. Skips the test where that is not permitted."""
    with ExitStack() as made:
        number, address = _free_address(made)
        network = Network(address)
        made.callback(network.close)
        yield network, [_host(made, f"desk{number}-{place}", number, place, address) for place in range(count)]


def _free_address(made: ExitStack) -> tuple[int, str]:
    """Take an address that no other suite on this machine has."""
    if os.geteuid() or not shutil.which("ip"):
        _refuse()
    for number in itertools.islice(itertools.cycle(range(1, 250)), os.getpid() % 249, os.getpid() % 249 + 249):
        address = f"{_VENDOR_NET}.{number}"
        with suppress(subprocess.CalledProcessError):
            _ip("address", "add", f"{address}/32", "dev", "lo")
            made.callback(_ip, "address", "del", f"{address}/32", "dev", "lo")
            return number, address
    _refuse()


def _host(made: ExitStack, name: str, number: int, place: int, address: str) -> Host:
    try:
        _ip("netns", "add", name)
    except subprocess.CalledProcessError:
        _refuse()
    made.callback(_ip, "netns", "del", name)
    here, there = (f"10.203.{number}.{4 * place + end}" for end in (1, 2))
    _ip("link", "add", name, "type", "veth", "peer", "name", "cable", "netns", name)
    made.callback(_ip, "link", "del", name)
    _ip("address", "add", f"{here}/30", "dev", name)
    _ip("link", "set", name, "up")
    for device in ("lo", "cable"):
        _ip("-n", name, "link", "set", device, "up")
    _ip("-n", name, "address", "add", f"{there}/30", "dev", "cable")
    _ip("-n", name, "route", "add", address, "via", here)
    return Host(name)


def _refuse() -> NoReturn:
    if IN_CI:
        pytest.fail(NOT_PERMITTED)
    pytest.skip(NOT_PERMITTED)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=10)


def _accept(listener: socket.socket, server: tuple[str, int]) -> None:
    with suppress(OSError):  # closed
        while True:
            near, _ = listener.accept()
            try:
                far = socket.create_connection(server, timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    """Pass bytes on until one side ends; then end the other."""
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
