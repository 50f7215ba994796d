"""One desk to a data directory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from supervisor.desk import Refusal
from supervisor.folder import lock


def test_a_second_desk_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with lock(tmp_path), pytest.raises(Refusal, match=rf"already runs on .* \(process {os.getpid()}\)"):
        lock(tmp_path)
    lock(tmp_path).close()
