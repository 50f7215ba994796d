"""Connections lead outwards: over real sockets, with a name service that lies."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence

import httpx
import pytest

from tests.upstream.faultserver import FaultServer
from upstream import errors
from upstream.network import InwardAddress, is_outward, network, resolve
from upstream.transport import Request, Transport

OUTWARD = ["93.184.215.14", "2600:1901:0:38d7::", "64:ff9b::5db8:d70e", "::ffff:93.184.215.14"]
INWARD = [
    "127.0.0.1", "127.8.8.8", "::1",  # this machine
    "0.0.0.0", "::",  # this machine, by another word
    "10.0.0.5", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12:3456::1",  # private
    "100.64.0.1",  # behind a provider's translator
    "169.254.169.254", "fe80::1", "fe80::1%eth0",  # link-local: where clouds keep their secrets
    "224.0.0.1", "239.1.1.1", "ff02::1", "ff0e::1",  # multicast
    "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "2001:db8::1",  # reserved
    "::ffff:127.0.0.1", "::ffff:10.0.0.5", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:5", "64:ff9b:1::1",
    "2002:7f00:1::", "2002:a00:5::1", "2001:0:1::1", "fec0::1",  # ways round
    "", "api.apsis.one", "127.1", "0x7f000001", "2130706433",  # no address
]  # fmt: skip
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("address", OUTWARD)
def test_a_public_address_is_outward(address: str) -> None:
    assert is_outward(address)
    assert is_outward(address, loopback=True)


@pytest.mark.parametrize("address", INWARD)
def test_no_other_address_is(address: str) -> None:
    assert not is_outward(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_the_demo_lets_this_machine_pass(address: str) -> None:
    assert is_outward(address, loopback=True)


@pytest.mark.parametrize("address", ["10.0.0.5", "169.254.169.254", "0.0.0.0", "fd12::1"])
def test_and_nothing_more(address: str) -> None:
    assert not is_outward(address, loopback=True)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer([PAGE]) as server:
        yield server


def get(wire: httpx.HTTPTransport, port: int, host: str = "api.apsis.test") -> httpx.Response:
    response = wire.handle_request(httpx.Request("GET", f"http://{host}:{port}/"))
    response.read()
    return response


def port_of(server: FaultServer) -> int:
    return httpx.URL(server.url).port or 0


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], ["::ffff:127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["127.0.0.1", "93.184.215.14"]]
)
def test_a_name_that_leads_inwards_is_not_connected_to(server: FaultServer, found: list[str]) -> None:
    with network(resolve=lambda host, port: found) as wire, pytest.raises(InwardAddress):
        get(wire, port_of(server))
    assert server.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.1", "2130706433", "0x7f000001"])
def test_nor_is_this_machine_however_it_is_written(server: FaultServer, host: str) -> None:
    with network() as wire, pytest.raises(httpx.ConnectError):
        get(wire, port_of(server), host)
    assert server.connections == 0


def test_a_name_is_asked_for_once_and_its_answer_is_what_is_connected_to(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebinding: public when it is looked at, and this machine when it is connected to."""
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    asked: list[object] = []
    connect = socket.create_connection

    def watched(address: tuple[str, int], *more: object, **options: object) -> socket.socket:
        asked.append(address[0])
        raise OSError("nobody there")

    monkeypatch.setattr(socket, "create_connection", watched)
    with network(resolve=lambda host, port: next(answers)) as wire:
        with pytest.raises(httpx.ConnectError):
            get(wire, port_of(server))
        assert asked == ["93.184.215.14"]
        monkeypatch.setattr(socket, "create_connection", connect)
        with pytest.raises(InwardAddress):
            get(wire, port_of(server))
    assert server.connections == 0


def test_the_next_address_is_tried_when_one_is_silent(server: FaultServer) -> None:
    with network(loopback=True, resolve=lambda host, port: ["::1", "127.0.0.1"]) as wire:
        assert get(wire, port_of(server)).status_code == 200
    assert server.connections == 1


def test_the_name_stays_in_the_question(server: FaultServer) -> None:
    with network(loopback=True, resolve=lambda host, port: ["127.0.0.1"]) as wire:
        get(wire, port_of(server))
    assert server.requests[0].headers["host"] == f"api.apsis.test:{port_of(server)}"


def no_such_name(host: str, port: int) -> Sequence[str]:
    raise socket.gaierror("unknown")


def test_an_unknown_name_is_a_failure_to_connect() -> None:
    with network(resolve=no_such_name) as wire, pytest.raises(httpx.ConnectError) as raised:
        get(wire, 80)
    assert not isinstance(raised.value, InwardAddress)
    with network(resolve=lambda host, port: []) as wire, pytest.raises(httpx.ConnectError):
        get(wire, 80)


def test_a_client_says_that_nothing_was_sent_and_that_to_repeat_is_useless() -> None:
    with network(resolve=lambda host, port: ["10.0.0.5"]) as wire:
        transport = Transport("https://api.apsis.test", vendor="apsis", http=wire)
        with pytest.raises(errors.ForeignURL) as raised:
            transport.ask(Request("POST", transport.url("x"), call="consent_export", lane="exports"))
    assert raised.value.meaning.word == "inward_address"
    assert not raised.value.maybe_received
    assert not raised.value.transient
    assert "10.0.0.5" not in f"{raised.value!r} {raised.value} {raised.value.__cause__}"


def test_the_real_name_service_knows_this_machine() -> None:
    assert "127.0.0.1" in resolve("127.0.0.1", 80)
