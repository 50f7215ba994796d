"""docs/operations.md tells of everything that can be set, and of nothing else."""

from __future__ import annotations

import re

from tests.production.manual import ROOT, variables

READERS = ("project/settings.py", "project/gunicorn.py")
OURS = {"WEB_FD"}  # between the supervisor and the web


def test_every_variable_is_in_the_manual() -> None:
    read: set[str] = set()
    for name in READERS:
        source = (ROOT / name).read_text()
        read |= set(re.findall(r"""env(?:iron)?\.[a-z]+\(\s*["']([A-Z_]+)["']""", source))
    assert len(read) > 20, "the reading of the sources no longer finds what it looks for"
    assert read - OURS == variables()
