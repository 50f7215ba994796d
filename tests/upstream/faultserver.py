"""A server on a real socket that answers with exactly the bytes it is told to, faults included.

    with FaultServer([head("Content-Length: 10"), b"only4", RESET]) as server:
        httpx.get(server.url)

A script is a list of steps, played once per request, in order; the last script repeats. When a script ends, the
connection is closed, unless its last step is KEEP.
"""

import select
import socket
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Pause:
    """Say nothing for some seconds."""

    seconds: float


@dataclass(frozen=True)
class Trickle:
    """Send a byte at a time."""

    data: bytes
    every: float


RESET = "reset"  # end the connection with RST: what the client has not read yet is lost
HOLD = "hold"  # say nothing more until the server stops
KEEP = "keep"  # wait for the next request on the same connection

Step = bytes | Pause | Trickle | str
Script = Sequence[Step]


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire. Header names are lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class FaultServer:
    """Play scripts to whoever connects. `requests` holds what was asked, `connections` counts who came."""

    def __init__(self, *scripts: Script) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self._scripts = list(scripts)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        #: The origin, without a slash at its end.
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=2)
        self._listener.close()

    def play(self, *scripts: Script) -> None:
        """Take other scripts from the next request on, so that one server can serve many tests."""
        with self._lock:
            self._scripts = list(scripts)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            if select.select([self._listener], [], [], 0.02)[0]:
                connection, _ = self._listener.accept()
                self.connections += 1
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            try:
                while request := _receive(connection):
                    if not self._play(connection, self._next(request)):
                        return
            except OSError:
                return  # the client went away first, as it may

    def _next(self, request: Received) -> Script:
        with self._lock:
            self.requests.append(request)
            return self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]

    def _play(self, connection: socket.socket, script: Script) -> bool:
        """Play one script; say whether the connection stays open for another request."""
        for step in script:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif isinstance(step, Pause):
                self._stopping.wait(step.seconds)
            elif isinstance(step, Trickle):
                for position in range(len(step.data)):
                    connection.sendall(step.data[position : position + 1])
                    if self._stopping.wait(step.every):
                        return False
            elif step == HOLD:
                self._stopping.wait()
            elif step == RESET:
                # A moment, so that what was sent before is read before; then "linger 0" makes close() a reset.
                time.sleep(0.02)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
        return bool(script) and script[-1] == KEEP


def head(*lines: str, status: str = "200 OK") -> bytes:
    """Write the head of an answer."""
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


def whole(body: bytes, *lines: str, status: str = "200 OK") -> bytes:
    """Write a faultless answer."""
    return head(f"Content-Length: {len(body)}", *lines, status=status) + body


def chunked(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """Write a body in chunked framing."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + end


def _receive(connection: socket.socket) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    top, _, body = data.partition(b"\r\n\r\n")
    first, *rest = top.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    method, target, _ = first.split(" ")
    return Received(method, target, headers, body)
