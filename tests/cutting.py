"""A line between a browser and the desk that breaks once, in the middle of a file."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

PIECE = 16_384


@dataclass
class Line:
    """It breaks once: after so many bytes of the answer to the first request for `path`, as if all had come.

    `asked` are the heads of the requests for that path, in their order.
    """

    to: tuple[str, int]
    path: str
    after: int
    port: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def carry(self, client: socket.socket) -> None:
        """Carry one connection, until either side ends it or the line breaks."""
        with client, socket.create_connection(self.to) as server:
            left: list[int] = []  # what may still come before the line breaks, where it does
            there = threading.Thread(target=self._ask, args=(client, server, left), daemon=True)
            there.start()
            with suppress(OSError):
                while piece := server.recv(PIECE):
                    if left:
                        piece = piece[: left[0]]
                        left[0] -= len(piece)
                    client.sendall(piece)
                    if left and not left[0]:
                        break
            for side in (client, server):
                with suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)

    def _ask(self, client: socket.socket, server: socket.socket, left: list[int]) -> None:
        with suppress(OSError):
            while piece := client.recv(PIECE):
                if piece.startswith(f"GET {self.path} ".encode()):
                    self.asked.append(piece.decode("latin-1"))
                    if len(self.asked) == 1:
                        left.append(self.after)
                server.sendall(piece)
            server.shutdown(socket.SHUT_WR)


@contextmanager
def line(to: tuple[str, int], path: str, *, after: int) -> Iterator[Line]:
    """Run such a line to a server; what it says of itself may be read when the download is over."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Line(to, path, after, listener.getsockname()[1])

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client, _address = listener.accept()
                    threading.Thread(target=made.carry, args=(client,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield made
