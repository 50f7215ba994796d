"""The desk's own programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.desk import Refusal
from supervisor.programs import valkey
from tests.supervisor.desks import desk


def test_a_socket_path_that_is_too_long_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="too long a name for a socket"):
        valkey(desk(DATA_DIR=str(tmp_path / ("x" * 90))))
