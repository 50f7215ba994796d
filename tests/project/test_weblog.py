"""The web's own log, from a real gunicorn: a line for each answer, and never what was typed into an address."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "gunicorn", "-c", "python:project.gunicorn", "project.wsgi:application")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Any]:
    """Serve the desk with these settings; yield a function that asks for paths and returns what was written."""
    processes = []

    def served(*paths: str, **environment: str) -> str:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            env = os.environ | {"WEB_FD": str(listener.fileno()), "WEB_PROCESSES": "1", "WEB_THREADS": "2"}
            env |= {"DATA_DIR": str(tmp_path), "DEMO": "1", "PYTHONUNBUFFERED": "1"} | environment
            out = tmp_path / "web.log"
            with out.open("wb") as log:
                process = subprocess.Popen(
                    COMMAND, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT, pass_fds=(listener.fileno(),)
                )
            processes.append(process)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            for path in paths:
                http.get(path)
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        return out.read_text()

    yield served
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.processes
def test_each_answer_is_a_line_without_what_was_typed(web: Any) -> None:
    began = time.time()
    written = web(
        "/healthz?q=maja@example.com", "/accounts/password/reset/key/1-secret/", ACCESS_LOG="1", LOG_FORMAT="json"
    )
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    told = [line for line in lines if line["logger"] == "gunicorn.access"]
    assert [(line["method"], line["path"]) for line in told] == [
        ("GET", "/healthz"),
        ("GET", "/accounts/password/reset/key/…"),
    ]
    assert told[0]["status_code"] == 200
    assert 0 <= told[0]["ms"] < (time.time() - began) * 1000
    assert told[0]["bytes"] > 0
    assert "maja" not in written
    assert "1-secret" not in written


@pytest.mark.processes
def test_without_being_asked_it_writes_nothing_of_answers(web: Any) -> None:
    assert "healthz" not in web("/healthz")
