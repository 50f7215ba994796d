"""What the environment asks for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent


class Refusal(Exception):
    """One sentence, or two, for whoever is at the terminal: why the desk does not start, and what helps."""


@dataclass(frozen=True)
class Desk:
    """Where the desk lives and listens."""

    data_dir: Path
    demo: bool
    host: str
    port: int
    sandbox_port: int
    needs_valkey: bool

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Desk:
        """Read the few variables that concern this process. Raises Refusal."""
        # The same words as in the settings, so that both always agree on what DEMO means.
        demo = environ.get("DEMO", "").lower() in ("true", "on", "ok", "y", "yes", "1")
        host = environ.get("HOST") or "127.0.0.1"
        if demo and host not in ("127.0.0.1", "localhost"):
            raise Refusal(
                f"HOST={host} is refused: DEMO is on, and the demo people's passwords are printed for everybody to "
                "read, so the desk binds to 127.0.0.1 alone. Take HOST out, or switch DEMO off (docs/operations.md)."
            )
        port = _port("PORT", environ.get("PORT") or "8000")
        beside = port + 100 if port < 65436 else port - 100
        sandbox_port = _port("SANDBOX_PORT", environ.get("SANDBOX_PORT") or str(beside)) if demo else 0
        if sandbox_port == port:
            raise Refusal(f"PORT and SANDBOX_PORT are both {port}; they must differ.")
        return cls(
            # Absolute, so that every child means the same folder.
            data_dir=Path(environ.get("DATA_DIR") or BASE_DIR / "var").absolute(),
            demo=demo,
            host="127.0.0.1" if demo else host,
            port=port,
            sandbox_port=sandbox_port,
            # Whoever names only one of the two gets the embedded server for the other.
            needs_valkey=not (environ.get("BROKER_URL") and environ.get("CACHE_URL")),
        )

    @property
    def reachable_host(self) -> str:
        """Return the address under which this machine reaches the host that the desk listens on."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    @property
    def address(self) -> str:
        host = self.reachable_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    @property
    def shown_dir(self) -> str:
        """Return the data directory as one would type it here."""
        here = Path.cwd()
        return str(self.data_dir.relative_to(here) if self.data_dir.is_relative_to(here) else self.data_dir)

    def environment(self) -> dict[str, str]:
        """Return what the children see beside our own environment."""
        wanted = {
            "DATA_DIR": str(self.data_dir),
            "HOST": self.host,
            "PORT": str(self.port),
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "project.settings"),
            "PYTHONUNBUFFERED": "1",  # a line is shown when it is said, not when a buffer is full
            # Libraries' advice to developers; in the tests it is an error.
            "PYTHONWARNINGS": os.environ.get("PYTHONWARNINGS", "ignore"),
        }
        return wanted | ({"SANDBOX_PORT": str(self.sandbox_port)} if self.demo else {})


def _port(name: str, words: str) -> int:
    if not (words.isascii() and words.isdecimal() and 0 < int(words) < 65536):
        raise Refusal(f"{name}={words} is no port: choose a number between 1 and 65535.")
    return int(words)
