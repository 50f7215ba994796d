"""Ports: taken before anything starts, or refused with a way out."""

from __future__ import annotations

import contextlib
import socket

from supervisor.desk import Desk, Refusal


def listen(host: str, port: int) -> socket.socket:
    """Take a port. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


def is_free(port: int) -> bool:
    with contextlib.suppress(OSError, OverflowError), listen("127.0.0.1", port):
        return True
    return False


def take_ports(desk: Desk) -> socket.socket:
    """Return the web's listening socket, once the sandbox's port is known to be free too. Raises Refusal."""
    try:
        web = listen(desk.host, desk.port)
    except PermissionError:
        raise Refusal(
            f"Port {desk.port} is not ours to take: the system keeps it for administrators. {_way_out(desk)}"
        ) from None
    except OSError as error:
        if is_free(desk.port):
            raise Refusal(f"The desk cannot listen on HOST={desk.host}: {error.strerror or error}.") from None
        raise Refusal(f"Port {desk.port} is taken. {_way_out(desk)}") from None
    if desk.demo and not is_free(desk.sandbox_port):
        web.close()
        raise Refusal(
            f"Port {desk.sandbox_port}, where the sandbox would listen, is taken. Choose another: "
            f"SANDBOX_PORT={_free_from(desk.sandbox_port + 10)} make run"
        )
    return web


def _way_out(desk: Desk) -> str:
    gap = desk.sandbox_port - desk.port
    if not desk.demo:
        return f"Choose another: PORT={_free_from(max(desk.port + 10, 8000))}"
    port = _free_from(max(desk.port + 10, 8000), gap)
    return f"Choose another: PORT={port} make run (the sandbox moves along to {port + 100})"


def _free_from(port: int, gap: int = 0) -> int:
    """Return the next free port, in steps of ten, so that a way out that is offered really is one."""
    fits = (candidate for candidate in range(port, 65000, 10) if is_free(candidate))
    return next((candidate for candidate in fits if not gap or is_free(candidate + 100)), port)
