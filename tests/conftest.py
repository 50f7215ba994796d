"""The cast, the pretended vendor, and what every test may rely on."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import hypothesis
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import translation

from accounts import clients
from accounts.models import Credential, User, VendorAccount
from sandbox.app import create_app
from sandbox.settings import Settings
from tests.environment import DATA_DIR

# No test of ours times anything: what takes long on a slow machine is no fault.
hypothesis.settings.register_profile("desk", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("desk")

CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
NO_CHROMIUM = (
    "No Chromium was found, so the browser journeys did not run. "
    "Install Debian's package “chromium”, or name a browser: CHROMIUM=/path/to/chromium make test."
)
IN_CI = os.environ.get("CI") == "true"


@pytest.hookimpl(tryfirst=True)  # before the one that deals the groups out to processes
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"journeys", "processes", "production"} & set(item.path.parts):
            # Whole desks of real processes, one after the other: those with a browser and the others beside each other,
            # unless the environment names one broker for all, where they would take each other's calls.
            kind = "journeys" if "journeys" in item.path.parts else "processes"
            item.add_marker(pytest.mark.xdist_group("desks" if "BROKER_URL" in os.environ else kind))
            # What each waits for has a patience of its own, which says more about what did not come.
            item.add_marker(pytest.mark.timeout(400))
        if "processes" in item.path.parts:
            item.add_marker(pytest.mark.processes)
        if "journeys" in item.path.parts:
            item.add_marker(pytest.mark.journey)
            if CHROMIUM is None and not IN_CI:
                item.add_marker(pytest.mark.skip(reason=NO_CHROMIUM))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if CHROMIUM is None:
        terminalreporter.section("journeys")
        terminalreporter.line(NO_CHROMIUM)


class NetworkUsed(AssertionError):
    """A test without a mark for it opened a connection."""


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests off the network, unless their mark says that real sockets are their subject."""
    if any(map(request.node.get_closest_marker, ("processes", "journey"))):
        return
    if any(part in request.node.path.parts for part in ("sandbox", "upstream", "project")):
        return  # these start servers of their own

    def refuse(self: socket.socket, address: object) -> None:
        raise NetworkUsed("mark the test `processes` if real sockets are its subject")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Keep SQLite's test database in a file: in memory, threads share it without the waiting that we rely on.

    On PostgreSQL each thread has a connection of its own: a pool that lives through thousands of tests, some of which
    move the clock, once had none left to give. The desks of real processes have theirs.
    """
    for database in django_settings.DATABASES.values():
        if database["ENGINE"].endswith("sqlite3"):
            database.setdefault("TEST", {})["NAME"] = f"{DATA_DIR}/tests.sqlite3"
        database.get("OPTIONS", {}).pop("pool", None)
    connection.settings_dict["OPTIONS"].pop("pool", None)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Let go of PostgreSQL's test database: no idle connection of a pool may keep it from being dropped."""
    yield
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )


@pytest.fixture(autouse=True)
def _quick_settings(settings: Any) -> None:
    """Give every test an empty cache in its own memory, and passwords and static files that cost nothing."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.WHITENOISE_AUTOREFRESH = True  # else each client of a test looks at all files before its first question
    cache.clear()  # the memory is the process's: what one test counted (sign-ins, say) must not throttle another


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Let no test hear the language of the one before: what the last request spoke goes on being spoken."""
    with translation.override("en"):
        yield


# ── The cast ─────────────────────────────────────────────────────────────────────────────────────────────────


def _person(username: str, group: str) -> User:
    user = User.objects.create_user(username, f"{username}@example.com", "a password for tests")
    user.is_staff = group != "Marketer"
    user.save()
    user.groups.add(Group.objects.get(name=group))
    return user


@pytest.fixture
def anna(db: None) -> User:
    """A marketer."""
    return _person("anna", "Marketer")


@pytest.fixture
def jonas(db: None) -> User:
    """Another marketer, who must see nothing of Anna's."""
    return _person("jonas", "Marketer")


@pytest.fixture
def maria(db: None) -> User:
    """The auditor."""
    return _person("maria", "Auditor")


@pytest.fixture
def karin(db: None) -> User:
    """The admin."""
    return _person("karin", "Admin")


def sign_in(client: Client, person: User, *, ago: float = 0.0) -> Client:
    """Let a client be a person's, who showed their password some seconds ago."""
    client.force_login(person)
    session = client.session
    session["account_authentication_methods_user"] = str(person.pk)
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time() - ago, "username": person.username}
    ]
    session.save()
    return client


@pytest.fixture
def as_anna(client: Client, anna: User) -> Client:
    return sign_in(client, anna)


@pytest.fixture
def as_jonas(jonas: User) -> Client:
    return sign_in(Client(), jonas)


# ── The pretended vendor ─────────────────────────────────────────────────────────────────────────────────────


class Vendor:
    """The sandbox in the test's own process, with a clock and switches for the test to turn."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.app = create_app(
            Settings(
                profiles=200,
                prepare_seconds=6,
                exports_per_second=0,
                event_exports_per_minute=0,
                tokens_per_minute=0,
                polls_per_minute=0,
            ),
            clock=self.clock,
        )
        self.transport = httpx.WSGITransport(app=self.app)

    def control(self, method: str, path: str, **json: Any) -> Any:
        """Turn a switch of the sandbox, or read one of its records."""
        with httpx.Client(transport=self.transport, base_url="http://vendor.test") as http:
            answer = http.request(method, f"/_sandbox/{path}", json=json or None)
            answer.raise_for_status()
            return answer.json() if answer.content else None

    def fault(self, endpoint: str, answer: str, **more: Any) -> None:
        """Let the next call of an endpoint meet trouble."""
        self.control("POST", "faults", endpoint=endpoint, answer=answer, **more)

    def calls(self) -> dict[str, int]:
        """Return how often each endpoint was called."""
        return dict(self.control("GET", "calls")["counts"])


class Clock:
    """Unix seconds that move when a test says so."""

    def __init__(self) -> None:
        self.now = datetime.now().timestamp()  # noqa: DTZ005  a moment, not a wall clock

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """The sandbox, on the wire of every client that the house makes."""
    vendor = Vendor()
    monkeypatch.setattr(clients, "wire", lambda account: vendor.transport)
    return vendor


@pytest.fixture
def account(db: None) -> VendorAccount:
    return VendorAccount.objects.create(name="Nordlys Handel", region="other", other_url="http://127.0.0.1:8100")


def key(owner: User, account: VendorAccount, client_id: str) -> Credential:
    from accounts.actions import save_credential

    return save_credential(by=owner, account=account, client_id=client_id, secret=f"{client_id}-secret")


@pytest.fixture
def annas_key(anna: User, account: VendorAccount) -> Credential:
    return key(anna, account, "demo-anna")


@pytest.fixture
def jonas_key(jonas: User, account: VendorAccount) -> Credential:
    return key(jonas, account, "demo-jonas")
