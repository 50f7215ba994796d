"""From beginning to end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor.__main__ import forget
from supervisor.desk import BASE_DIR, Refusal
from supervisor.folder import lock
from tests.supervisor.desks import desk

pytestmark = pytest.mark.processes


def test_a_refusal_ends_with_code_1_and_nothing_started(taken: int, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "supervisor"],
        cwd=BASE_DIR,
        env={**os.environ, "DEMO": "1", "PORT": str(taken), "DATA_DIR": str(tmp_path / "var")},
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"Port {taken} is taken.")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "var" / "valkey").exists()


def test_only_a_demo_can_be_forgotten(tmp_path: Path) -> None:
    one = desk(DATA_DIR=str(tmp_path / "var"))
    with pytest.raises(Refusal, match="holds no demo"):
        forget(one)
    one.data_dir.mkdir()
    (one.data_dir / "demo-keys.json").touch()
    with lock(one.data_dir), pytest.raises(Refusal, match="already runs"):
        forget(one)
    assert forget(one) == 0
    assert not one.data_dir.exists()


def test_it_needs_nothing_that_is_installed_and_nothing_of_the_house() -> None:
    """A setting that is missing, or a package, must not keep the sentence from being said."""
    code = """
import sys
import supervisor.__main__
strangers = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names) - {"__main__", "supervisor"}
print(*sorted(strangers))
"""
    said = subprocess.run([sys.executable, "-S", "-c", code], cwd=BASE_DIR, capture_output=True, text=True, timeout=20)
    assert (said.stdout, said.stderr) == ("\n", "")
