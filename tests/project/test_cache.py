"""The sign-in while the cache is away, and its throttle."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from project.cache import SteadyCache

LOGIN = "/accounts/login/"
ANNA = {"login": "anna", "password": "a password for tests"}
OPTIONS = {"serializer": "project.cache.JSONSerializer", "socket_timeout": 0.3, "socket_connect_timeout": 0.3}


@pytest.fixture
def away(settings: Any, tmp_path: Path) -> None:
    """A cache whose server is not there."""
    location = f"unix://{tmp_path}/nobody.sock?db=1"
    settings.CACHES = {"default": {"BACKEND": "project.cache.SteadyCache", "LOCATION": location, "OPTIONS": OPTIONS}}
    cache.clear()


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[str]:
    """A server that takes connections and says nothing."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{tmp_path}/silent.sock")
        server.listen()
        yield f"unix://{tmp_path}/silent.sock?db=1"


def test_people_sign_in_while_the_cache_is_away(
    away: None, client: Client, anna: User, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert client.post(LOGIN, ANNA)["Location"] == "/"
    assert "cache away" in caplog.text
    assert ANNA["password"] not in caplog.text
    assert client.get("/").status_code == 200


def test_and_guessing_is_counted_all_the_same(away: None, client: Client, anna: User) -> None:
    pages = [client.post(LOGIN, {**ANNA, "password": f"guess {n}"}) for n in range(12)]
    assert "Too many tries have failed" in pages[-1].content.decode()
    client.post(LOGIN, ANNA)
    assert client.get("/")["Location"].startswith(LOGIN)


def test_a_server_that_hangs_counts_as_away(silent: str) -> None:
    steady = SteadyCache(silent, {"OPTIONS": OPTIONS})
    steady.set("a", [1], 60)
    assert steady.get("a") == [1]
    assert steady.add("a", 2) is False
    assert steady.get_many(["a", "b"]) == {"a": [1]}
    assert steady.has_key("a")
    steady.delete("a")
    assert steady.get("a") is None
    steady.set_many({"n": 1})
    assert steady.incr("n") == 2
    assert steady.touch("n", 5)
    steady.delete_many(["n"])
    assert steady.get("n", "gone") == "gone"


def test_too_many_tries_have_a_page(client: Client, anna: User) -> None:
    answers = [client.post(LOGIN, {"login": f"nobody{n}", "password": "x"}) for n in range(40)]
    assert answers[-1].status_code == 429
    page = answers[-1].content.decode()
    assert "Too many tries in a short time." in page
    assert "site.css" in page
    assert client.get(LOGIN).status_code == 200  # the door itself is still there to be seen
