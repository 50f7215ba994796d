"""Log lines: one for each thing, in the shape that the environment asks for, and nothing that tells too much."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from project import logs


def line(shape: str, message: str, *args: object, **facts: object) -> str:
    record = logging.getLogger("runs.nudges").makeRecord(
        "runs.nudges", logging.WARNING, __file__, 1, message, args, None, extra=facts
    )
    return logs.formatter(shape).format(record)


def test_a_line_of_pairs_names_its_facts() -> None:
    told = line("logfmt", "nudge not %s", "sent", run=7, why="OperationalError")
    assert 'level=warning logger=runs.nudges event="nudge not sent"' in told
    assert "run=7" in told
    assert "why=OperationalError" in told


def test_a_line_of_json_holds_the_same() -> None:
    told = json.loads(line("json", "nudge not %s", "sent", run=7, why="OperationalError"))
    assert told.pop("timestamp").endswith("Z")
    assert told == {
        "event": "nudge not sent",
        "level": "warning",
        "logger": "runs.nudges",
        "run": 7,
        "why": "OperationalError",
    }


@pytest.mark.parametrize("shape", logs.SHAPES)
def test_a_trace_stays_in_its_line(shape: str) -> None:
    try:
        raise ValueError("what broke")
    except ValueError:
        record = logging.makeLogRecord({"name": "x", "msg": "step broke", "exc_info": sys.exc_info()})
    told = logs.formatter(shape).format(record)
    assert "what broke" in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("shape", logs.SHAPES)
def test_what_nobody_named_is_not_told(shape: str) -> None:
    assert "maja" not in line(shape, "answered", request="GET /?q=maja@example.com", email="maja@example.com")


def test_another_shape_is_refused_in_a_sentence() -> None:
    with pytest.raises(ImproperlyConfigured, match="LOG_FORMAT is 'xml', and it is one of: logfmt, json"):
        logs.formatter("xml")


@pytest.mark.parametrize("shape", logs.SHAPES)
@pytest.mark.parametrize("path", ["/accounts/password/reset/key/1-secret/", "/accounts/confirm-email/MQ:secret/"])
def test_an_address_that_holds_a_secret_gives_it_to_no_log(shape: str, path: str) -> None:
    told = line(shape, "Internal Server Error: %s", path, path=path)
    assert "secret" not in told
    assert told.count(f"{path[:20]}") == 2


def test_a_path_begins_no_line_and_turns_no_terminal() -> None:
    assert logs.shown_path("/a\nlevel=error\x1b[2J") == "/a?level=error?[2J"
    assert logs.shown_path("/runs/7/") == "/runs/7/"
