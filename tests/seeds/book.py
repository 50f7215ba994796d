"""The book of a seed (docs/seeds/*.md) and the tests that carry it, read without running either."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (S\d+\.\d+) \| (.+?) \| (.+?) \| `(\w+)` \| (.+?) \|$")


@dataclass(frozen=True)
class Entry:
    """One line of a book."""

    number: str
    sentence: str
    doing: str
    test: str
    seen_to_fail_by: str


def entries(book: Path) -> list[Entry]:
    """Return the lines of a book, in its order."""
    return [Entry(*found.groups()) for line in book.read_text().splitlines() if (found := ROW.match(line))]


def carried() -> dict[str, set[str]]:
    """Return the names of the tests that carry each number, by their marks."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for test, number in _marks(ast.parse(path.read_text())):
            found.setdefault(number, set()).add(test)
    return found


def _marks(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for decorator in node.decorator_list:
            for call in ast.walk(decorator):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.seed":
                    for number in call.args:
                        yield node.name, ast.literal_eval(number)
