"""A worker that stops, as the processes that it has forked see it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from runs import shutdown


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    shutdown.forget()


def test_nobody_has_asked() -> None:
    assert not shutdown.is_asked()
    assert not shutdown.is_near()


def test_a_step_may_come_to_its_end_first(monkeypatch: pytest.MonkeyPatch) -> None:
    shutdown.ask()
    assert shutdown.is_asked()
    assert not shutdown.is_near()
    monkeypatch.setattr(shutdown, "FINISHES", 0.0)
    assert shutdown.is_near()


def test_who_was_forked_before_sees_it_too() -> None:
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        os.read(told, 1)
        os._exit(7 if shutdown.is_asked() else 8)
    shutdown.ask()
    os.write(tell, b".")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    os.close(told)
    os.close(tell)
