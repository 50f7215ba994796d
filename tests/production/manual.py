"""What docs/operations.md tells an operator to do, for the tests to do just that."""

from __future__ import annotations

import re
import shlex
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def text() -> str:
    return (ROOT / "docs" / "operations.md").read_text()


def block(language: str, holding: str = "") -> str:
    """Return the one fenced block of a language that holds a text."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", text(), flags=re.MULTILINE | re.DOTALL)
    (only,) = (block for block in found if holding in block)
    return only


def variables() -> set[str]:
    """Return the names of the environment variables that the page tells of."""
    table = text().partition("## Environment")[2].partition("\n## ")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    first = re.findall(r"^([A-Z_]+)=", block("sh", "VAULT_KEYS"), flags=re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)} | set(first)


def processes() -> dict[str, tuple[str, ...]]:
    """Return the commands of the processes by name, with this Python for theirs."""
    lines = (line.partition(":") for line in block("procfile").splitlines())
    return {name: _command(words) for name, _colon, words in lines}


def preparations() -> list[tuple[str, ...]]:
    """Return the commands that come before the processes, in order."""
    return [_command(line) for line in block("sh", "migrate").splitlines()]


def invitation() -> tuple[str, ...]:
    """Return the command that makes the first admin."""
    return _command(block("sh", "invite").strip())


def proxy(changes: dict[str, str]) -> str:
    """Return the proxy's server block with its paths and ports changed; each must stand there."""
    said = block("nginx")
    for old, new in changes.items():
        assert old in said, f"the page no longer says {old}"
        said = said.replace(old, new)
    return said


def _command(words: str) -> tuple[str, ...]:
    program, *rest = shlex.split(words)
    assert program == "python", words
    return (sys.executable, *rest)
