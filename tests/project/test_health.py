"""Whether the desk lives and is ready: told to machines, which ask by address, and while things are away."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from project import health, probes
from project.probes import NoAnswer, Probe

ROOT = Path(__file__).resolve().parents[2]
ASK = """
import json, time
import django
django.setup()
from django.test import Client
client = Client()
began = time.monotonic()
answer = client.get("/readyz")
print(json.dumps([answer.status_code, answer.json(), time.monotonic() - began]))
"""


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def ask(tmp_path: Path, **environment: str) -> tuple[int, dict[str, Any], float, str]:
    """Ask a desk in a process of its own whether it is ready; return status, answer, seconds, and what it wrote."""
    env = os.environ | {"DATA_DIR": str(tmp_path), "DEMO": "1", "DJANGO_SETTINGS_MODULE": "project.settings"}
    env.pop("DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, env=env | environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    status, told, took = json.loads(done.stdout)
    return status, told, took, done.stdout + done.stderr


@pytest.mark.django_db
def test_a_desk_without_its_broker_is_ready_and_says_what_is_missing(client: Client, settings: Any) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    told = answer.json()
    assert told["ready"] is True
    assert told["missing"] == []
    assert told["checks"]["database"] == told["checks"]["storage"] == "ok"
    assert told["degraded"] == ([] if told["checks"]["broker"] == "ok" else ["broker"])
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("url", ["/healthz", "/readyz"])
@pytest.mark.parametrize("host", ["10.1.2.3:8000", "another.example.com", "_"])
@pytest.mark.django_db
def test_a_load_balancer_asks_by_whatever_name_it_likes(client: Client, url: str, host: str) -> None:
    assert client.get(url, headers={"host": host}).status_code == 200
    assert client.get("/", headers={"host": host}).status_code == 400


def test_to_live_takes_nothing(client: Client) -> None:
    """Without a database, for this test has none: not even with a session to be looked for."""
    client.cookies["sessionid"] = "of-somebody"
    assert client.get("/healthz").json() == {"alive": True}


@pytest.mark.django_db
def test_files_that_cannot_be_written_are_named(client: Client, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("where a folder should be")
    default = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "a-file" / "files"}}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["missing"] == ["storage"]
    assert answer.json()["checks"]["storage"] == "cannot be written"
    assert str(tmp_path) not in answer.content.decode()


@pytest.mark.django_db
def test_the_look_at_the_files_leaves_nothing_behind(client: Client, settings: Any, tmp_path: Path) -> None:
    default = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "files"}}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    assert client.get("/readyz").status_code == 200
    assert list((tmp_path / "files").iterdir()) == []


@pytest.mark.processes
def test_a_database_that_is_not_there_or_too_old_is_named(tmp_path: Path) -> None:
    url = "postgres://desk:a-secret-word@127.0.0.1:1/desk"
    status, told, took, written = ask(tmp_path, DATABASE_URL=url)
    assert (status, told["missing"], told["checks"]["database"]) == (503, ["database"], "no answer"), told
    assert took < 3
    assert "a-secret-word" not in written
    status, told, took, _ = ask(tmp_path)
    assert (status, told["missing"], told["checks"]["database"]) == (503, ["database"], "not migrated"), told


@pytest.mark.processes
def test_what_hangs_holds_the_answer_for_two_seconds_and_no_longer(tmp_path: Path, silent: int) -> None:
    database, broker = f"postgres://desk:desk@127.0.0.1:{silent}/desk", f"redis://127.0.0.1:{silent}/0"
    status, told, took, _ = ask(tmp_path, DATABASE_URL=database, BROKER_URL=broker)
    assert (status, told["missing"], told["degraded"]) == (503, ["database"], ["broker"])
    assert took < 3


# ── Questions to what may hang ───────────────────────────────────────────────────────────────────────────────


def test_answers_come_by_name_and_errors_as_what_they_are(db: None) -> None:
    found = probes.answers({"two": Probe(lambda: 2), "none": Probe(lambda: {}["missing"])})
    assert found["two"] == 2
    assert isinstance(found["none"], KeyError)


def test_one_that_hangs_is_asked_once_and_heard_when_it_answers(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "PATIENCE", 0.2)
    asked, released = [], threading.Event()

    def hangs() -> str:
        asked.append(1)
        released.wait(10)
        return "here I am"

    probe = Probe(hangs)
    began = time.monotonic()
    for _ in range(3):
        assert isinstance(probes.answers({"disk": probe})["disk"], NoAnswer)
    assert time.monotonic() - began < 2
    assert len(asked) == 1
    released.set()
    assert probe.ask().result(timeout=5) == "here I am"


@pytest.mark.django_db(transaction=True)
def test_the_code_knows_when_the_database_is_as_new_as_itself() -> None:
    health._migrations.cache_clear()
    call_command("migrate", "audit", "0001", verbosity=0)
    try:
        with pytest.raises(health.NotMigrated):
            health._migrations()
    finally:
        call_command("migrate", verbosity=0)
    health._migrations()
