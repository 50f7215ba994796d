"""Connections that lead outwards only.

A name is resolved once, every address it stands for is looked at, and the connection is made to one of just those. So a
name that changes what it stands for between a check and a connection (DNS rebinding) leads nowhere; TLS still verifies
the name.
"""

import functools
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpcore
import httpx

CONNECTIONS = 20  # of one pool

# Networks that carry an IPv4 address in the last bits of an IPv6 one: a translator leads on to what is inside.
_NAT64 = IPv6Network("64:ff9b::/96")

Resolve = Callable[[str, int], Sequence[str]]


class InwardAddress(httpx.ConnectError):
    """The name leads into our own network. Nothing was sent, nothing was connected to."""

    def __init__(self) -> None:
        super().__init__("the name leads to an address that is not public")


def resolve(host: str, port: int) -> list[str]:
    """Return every address that a name stands for. Raises OSError where there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(where[0]) for *_, where in found))


def is_outward(address: str, *, loopback: bool = False) -> bool:
    """Say whether an IP address lies outside: public, and no way round to one that is not.

    `loopback` lets this machine's own addresses pass too. What is no address at all does not pass.
    """
    try:
        ip = _inner(ip_address(address))
    except ValueError:
        return False
    if ip.is_loopback:
        return loopback
    if isinstance(ip, IPv6Address) and (ip.sixtofour or ip.teredo or ip.is_site_local):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_link_local)


def _inner(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the address that a connection really ends at."""
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            return ip.ipv4_mapped
        if ip in _NAT64:
            return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip


class OutwardBackend(httpcore.SyncBackend):
    """Open TCP connections to addresses that lie outside. Raises InwardAddress for a name with any other."""

    def __init__(self, *, loopback: bool, resolve: Resolve) -> None:
        self._loopback = loopback
        self._resolve = resolve

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        deadline = None if timeout is None else time.monotonic() + timeout
        refusal: Exception = httpcore.ConnectError("the name stands for no address")
        for address in self._checked(host, port):
            left = None if deadline is None else max(0.1, deadline - time.monotonic())
            try:
                return super().connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as fault:
                refusal = fault
        raise refusal

    def _checked(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = self._resolve(host, port)
        except OSError:
            raise httpcore.ConnectError("the name is not known") from None
        # One address that leads inwards among ten that do not is no slip of a public service.
        if not all(is_outward(address, loopback=self._loopback) for address in addresses):
            raise InwardAddress
        return addresses


class _Outward(httpx.HTTPTransport):
    """httpx's own transport over our backend, which its constructor has no word for."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        super().__init__(verify=_certificates(), trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_certificates(), max_connections=CONNECTIONS, keepalive_expiry=5.0, network_backend=backend
        )


def network(*, loopback: bool = False, resolve: Resolve = resolve) -> httpx.HTTPTransport:
    """Make a pool of connections that lead outwards and ask the environment for nothing. Many clients may share one.

    `loopback` lets them lead to this machine as well; `resolve` stands in for the name service.
    """
    return _Outward(OutwardBackend(loopback=loopback, resolve=resolve))


@functools.cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
