"""A log on a disk without room: Linux's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.supervisor.misbehaving import Watched, child

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full"),
]


def test_a_full_disk_costs_lines_and_nothing_else(
    watched: Watched, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "logs" / "web.log"
    log.symlink_to("/dev/full")
    body = """
    for number in range(2000): print("level=info event=lost", "x" * 99)
    print("level=warning event=shown")
    """
    assert watched.supervisor.finish(child(tmp_path, "web", body, once=True)) == 0
    assert watched.said.splitlines() == ["web     │ level=warning event=shown"]
    assert capsys.readouterr().err == "", "logging itself says nothing of it, line by line"
    # Once there is room, it goes on.
    log.unlink()
    watched.supervisor.finish(child(tmp_path, "web", "print('level=info event=kept')", once=True))
    assert log.read_text() == "level=info event=kept\n"
