"""Serve the sandbox: python -m sandbox --port 8100."""

import argparse
import os
import socket
import sys
from typing import Any

from gunicorn.app.base import BaseApplication

from sandbox.app import create_app
from sandbox.settings import Settings, add_flags, environment_name, from_flags

_THREADS = 32


class _Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with one process, since the world lives in its memory, and enough threads for held calls."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        self._address = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
        self._settings = settings
        # Gunicorn takes the descriptor over and closes it.
        self._descriptor = listener.detach()
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"fd://{self._descriptor}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": _THREADS,
            "keepalive": 15,
            "timeout": 0,
            # Held calls are given up when the sandbox stops.
            "graceful_timeout": 1,
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_worker_init": self._announce,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return create_app(self._settings)

    def _announce(self, worker: object) -> None:
        print(f"Sandbox listening at {self._address}", flush=True)


def main(words: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return 1 when the port is taken, 2 when a switch does not fit."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A local stand-in for the APSIS One API, with invented people.",
        epilog="Each flag may also be an environment variable: SANDBOX_PROFILES=1000.",
    )
    parser.add_argument(
        "--host", default=os.environ.get(environment_name("host"), "127.0.0.1"), help="Address to listen at."
    )
    parser.add_argument(
        "--port", default=os.environ.get(environment_name("port"), "8100"), help="Port; 0 takes a free one."
    )
    add_flags(parser)
    arguments = parser.parse_args(words)
    try:
        settings = from_flags(arguments, os.environ)
        port = int(arguments.port)
    except ValueError as error:
        print(f"Sandbox cannot start: {error}.", file=sys.stderr)
        return 2
    try:
        listener = socket.create_server(
            (arguments.host, port),
            family=socket.AF_INET6 if ":" in arguments.host else socket.AF_INET,
            backlog=256,
        )
    except (OSError, OverflowError) as error:
        print(
            f"Sandbox cannot listen at {arguments.host}:{port}: {getattr(error, 'strerror', error)}.",
            file=sys.stderr,
        )
        return 1
    _Server(settings, listener).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
