"""A child: its lines, its log, its deaths."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor import logfile
from supervisor.children import Child, Program
from tests.supervisor.misbehaving import Watched, child

pytestmark = pytest.mark.processes


def test_a_pause_doubles_up_to_its_limit_and_is_forgotten_after_a_long_life(tmp_path: Path) -> None:
    one = Child(Program("web", ()), tmp_path)
    one.started_at = 0.0
    pauses = [one.plan_restart(now=1.0) for _ in range(8)]
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    assert one.early_deaths == 8
    assert one.plan_restart(now=31.0) == 0.2
    assert one.early_deaths == 0


def test_it_shows_warnings_and_writes_everything_down(watched: Watched, tmp_path: Path) -> None:
    body = """
    print("level=info event=quiet"); print("  more of it")
    print("level=warning event=loud"); print("  why")
    print('{"level": "info"}'); print('{"level": "error"}')
    print("[2026-11-21] [7] [INFO] quiet again"); print("[2026-11-21] [7] [ERROR] loud \\x1b[2J again", end="")
    """
    watched.supervisor.finish(child(tmp_path, "web", body, once=True))
    assert watched.said.splitlines() == [
        "web     │ level=warning event=loud",
        "web     │   why",
        'web     │ {"level": "error"}',
        "web     │ [2026-11-21] [7] [ERROR] loud \N{REPLACEMENT CHARACTER}[2J again",
    ]
    assert len((tmp_path / "logs" / "web.log").read_text().splitlines()) == 8


def test_logs_are_bounded_and_private(watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logfile, "LOG_BYTES", 20_000)
    watched.supervisor.finish(child(tmp_path, "web", "for n in range(3000): print('x' * 99)", once=True))
    logs = sorted((tmp_path / "logs").iterdir())
    assert [log.name for log in logs] == ["web.log", "web.log.1", "web.log.2"]
    assert all(log.stat().st_size <= 20_000 for log in logs)
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o700
