"""The loop, with tiny children that misbehave on purpose."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from supervisor import children
from supervisor.children import Stage
from supervisor.watch import GRACE, LATEST
from tests.supervisor.misbehaving import HAS_CHILD, IGNORES, Watched, child, eventually, is_gone, starts

pytestmark = pytest.mark.processes


def test_a_child_that_dies_is_started_again(watched: Watched, tmp_path: Path) -> None:
    watched.supervisor.start(child(tmp_path, "web"))
    watched.until_up("web")
    os.kill(starts(tmp_path, "web")[0], signal.SIGKILL)
    watched.until(lambda: len(starts(tmp_path, "web")) == 2)
    assert "web was killed (SIGKILL); starting it again in 0.2 s." in watched.said


def test_what_a_dead_leader_leaves_behind_is_killed_before_the_restart(watched: Watched, tmp_path: Path) -> None:
    """Orphaned web processes would keep the socket, orphaned pool processes their work."""
    watched.supervisor.start(child(tmp_path, "files", HAS_CHILD))
    watched.until_up("files")
    os.kill(starts(tmp_path, "files")[0], signal.SIGKILL)
    watched.until(lambda: len(starts(tmp_path, "files")) == 2)  # it got the lock, so its forerunner's child is gone


def test_pauses_grow_and_the_fifth_early_death_shows_why(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "LONGEST_PAUSE", 0.03)
    monkeypatch.setattr(children, "FIRST_PAUSE", 0.01)
    watched.supervisor.start(child(tmp_path, "web", "print('no module named desk'); sys.exit(3)"))
    watched.until(lambda: len(starts(tmp_path, "web")) >= 7)
    assert "ended with code 3 (no module named desk); starting it again in 0.0 s." in watched.said
    assert watched.said.count("web will not start: it ended with code 3") == 1
    assert "web     │ no module named desk" in watched.said


def test_a_program_that_runs_once_is_not_started_again(watched: Watched, tmp_path: Path) -> None:
    assert watched.supervisor.finish(child(tmp_path, "prepare", "sys.exit(4)", once=True)) == 4
    assert watched.supervisor.finish(child(tmp_path, "history", "print('made')", once=True, shows="all")) == 0
    assert len(starts(tmp_path, "prepare")) == 1
    assert "history │ made" in watched.said


def test_it_stops_in_order(tmp_path: Path) -> None:
    watched = Watched(tmp_path, grace=20)
    note = """
    def stop(*_):
        open(sys.argv[1].rsplit("/", 1)[0] + "/order", "a").write(sys.argv[1].rsplit("/", 1)[1] + " "); os._exit(0)
    signal.signal(signal.SIGTERM, stop); open(sys.argv[1] + ".ready", "w"); time.sleep(60)
    """
    stages = {"valkey": Stage.VALKEY, "calls": Stage.WORKERS, "beat": Stage.BEAT, "web": Stage.WEB}
    watched.supervisor.start(*(child(tmp_path, name, note, stage=stage) for name, stage in stages.items()))
    watched.until(lambda: all((tmp_path / f"{name}.ready").exists() for name in stages))
    watched.supervisor.ask_to_stop()
    watched.supervisor.stop()
    watched.supervisor.close()
    assert (tmp_path / "order").read_text() == "web beat calls valkey "


def test_a_child_that_ignores_sigterm_is_killed_with_its_children_when_the_grace_is_over(tmp_path: Path) -> None:
    watched = Watched(tmp_path, grace=0.5)
    watched.supervisor.start(child(tmp_path, "files", HAS_CHILD), child(tmp_path, "web"))
    watched.until_up("files", "web")
    began = time.monotonic()
    watched.supervisor.ask_to_stop()
    watched.supervisor.stop()
    watched.supervisor.close()
    assert time.monotonic() - began < 1.5
    assert eventually(lambda: is_gone(tmp_path, "files"), within=1)
    assert is_gone(tmp_path, "web")
    assert "Killing what has not stopped: files." in watched.said


def test_the_promise_of_ten_seconds_leaves_a_second_for_the_killing() -> None:
    assert GRACE <= 9
    assert sorted(LATEST) == list(LATEST)
    assert LATEST[-1] < 1


def test_a_second_signal_kills_at_once_but_one_keystroke_that_arrives_twice_does_not(tmp_path: Path) -> None:
    watched = Watched(tmp_path, grace=30)
    watched.supervisor.start(child(tmp_path, "files", IGNORES))
    watched.until(lambda: watched.supervisor.tail("files") == ["deaf"])
    watched.supervisor.ask_to_stop()
    watched.supervisor.ask_to_stop()
    assert not watched.supervisor._is_urgent
    impatience = threading.Timer(0.4, watched.supervisor.ask_to_stop)
    impatience.start()
    began = time.monotonic()
    watched.supervisor.stop()
    impatience.join()
    watched.supervisor.close()
    assert time.monotonic() - began < 3
    assert is_gone(tmp_path, "files")


def test_sigterm_stops_everything(driven: subprocess.Popen[bytes], tmp_path: Path) -> None:
    os.kill(starts(tmp_path, "files")[0], signal.SIGKILL)  # leave only what obeys, so that this is quick
    driven.send_signal(signal.SIGTERM)
    assert eventually(lambda: is_gone(tmp_path, "web"), within=3)
