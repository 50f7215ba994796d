"""A sandbox to talk to: in the same process for meaning, behind a real socket for framing."""

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sandbox.app import create_app
from sandbox.definitions import EMAIL, SMS, Account, Section, accounts_for
from sandbox.settings import Settings

CONSENTS = "/audience/profiles/reports/consents"


class Time:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.now = 1_760_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


class Caller:
    """A client of the sandbox with a token; `url` may be a path or a whole URL."""

    def __init__(self, http: httpx.Client, settings: Settings, time: Time | None = None) -> None:
        self.http, self.settings, self.time = http, settings, time
        self.token = ""

    def log_in(self, client_id: str = "demo-anna") -> "Caller":
        content = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": f"{client_id}-secret"}
        self.token = self.http.post("/oauth/token", json=content).json()["access_token"]
        return self

    def get(self, url: str, **headers: str) -> httpx.Response:
        plain = {"Authorization": f"Bearer {self.token}", "Accept-Encoding": "identity"}
        return self.http.get(url, headers=plain | {name.replace("_", "-"): text for name, text in headers.items()})

    def post(self, url: str, content: object) -> httpx.Response:
        return self.http.post(url, json=content, headers={"Authorization": f"Bearer {self.token}"})

    def switch(self, **values: object) -> None:
        assert self.http.patch("/_sandbox/switches", json=values).status_code == 200

    def fault(self, endpoint: str, answer: str, **more: object) -> int:
        response = self.http.post("/_sandbox/faults", json={"endpoint": endpoint, "answer": answer, **more})
        assert response.status_code == 201, response.text
        return int(response.json()["id"])

    def account(self, name: str = "Nordlys Handel") -> Account:
        return accounts_for(self.settings)[name]

    def ask(self, **changes: Any) -> httpx.Response:
        """Request a consent export: the first section's first topic, both channels; None takes a property away."""
        section = self.account().sections[0]
        content = {
            "section_discriminator": section.discriminator,
            "topic_discriminators": [section.topics[0].discriminator],
            "channels": [
                {"field_name": "EmailConsent", "channel_discriminator": EMAIL},
                {"field_name": "SmsConsent", "channel_discriminator": SMS},
            ],
        } | changes
        response = self.post(CONSENTS, {name: value for name, value in content.items() if value is not None})
        if self.time:
            self.time.pass_by(1.1)
        return response

    def poll_url(self, **changes: Any) -> str:
        response = self.ask(**changes)
        assert response.status_code == 202, response.text
        if self.time:
            self.time.pass_by(60)
        return str(response.json()["file_download_url"])

    def file(self, **changes: Any) -> list[dict[str, str]]:
        """Request a consent export, wait, and return its rows."""
        response = self.get(self.poll_url(**changes))
        assert response.status_code == 200, response.text
        return list(csv.DictReader(io.StringIO(response.content.decode(), newline="")))

    @staticmethod
    def version(section: Section, column: str) -> str:
        """Return the usable version id of an attribute."""
        return next(a.versions[-1].id for a in section.attributes if a.column == column)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def make(time: Time) -> Iterator[Callable[..., Caller]]:
    """Make a caller, logged in as Anna, of a fresh sandbox with some switches set."""
    open_clients = []

    def make_one(client_id: str = "demo-anna", **switches: object) -> Caller:
        settings = Settings().changed(**{"profiles": 400, **switches})
        transport = httpx.WSGITransport(create_app(settings, time))
        http = httpx.Client(transport=transport, base_url="http://sandbox.test")
        open_clients.append(http)
        return Caller(http, settings, time).log_in(client_id)

    yield make_one
    for http in open_clients:
        http.close()


@pytest.fixture
def caller(make: Callable[..., Caller]) -> Caller:
    return make()


def _start(*flags: str) -> tuple[subprocess.Popen[str], str]:
    words = [sys.executable, "-m", "sandbox", "--port", "0", *flags]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found, (line, process.communicate(timeout=5))
    return process, found.group()


@pytest.fixture(scope="session")
def start() -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Start sandboxes on free ports with some flags; each is a process and its address."""
    processes = []

    def start_one(*flags: str) -> tuple[subprocess.Popen[str], str]:
        process, address = _start(*flags)
        processes.append(process)
        return process, address

    yield start_one
    for process in processes:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture(scope="session")
def server(start: Callable[..., tuple[subprocess.Popen[str], str]]) -> str:
    """The address of a sandbox behind a real socket, with nothing to wait for."""
    lifted = ("exports-per-second=0", "event-exports-per-minute=0", "tokens-per-minute=0", "polls-per-minute=0")
    flags = ("profiles=2000", "prepare-seconds=0", *lifted)
    return start(*(f"--{flag}" for flag in flags))[1]


@pytest.fixture
def wire(server: str) -> Iterator[Caller]:
    """A caller, logged in as Anna, over the real socket."""
    with httpx.Client(base_url=server, timeout=5) as http:
        http.post("/_sandbox/reset")
        yield Caller(http, Settings(profiles=2000)).log_in()
        http.delete("/_sandbox/faults")
