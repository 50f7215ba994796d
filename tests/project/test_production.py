"""A desk without the demo: what Django's own check says of it, and its cookies, headers and refusals, as answered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management.utils import get_random_secret_key

ROOT = Path(__file__).resolve().parents[2]


def environment(folder: Path) -> dict[str, str]:
    """All that a desk in production asks for, with keys as `make_keys` makes them."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'desk.sqlite3'}",
        "SECRET_KEY": get_random_secret_key().replace("$", "x"),  # a value that begins with $ names another variable
        "VAULT_KEYS": Fernet.generate_key().decode(),
        "AUDIT_KEYS": Fernet.generate_key().decode(),
        "INDEX_KEYS": Fernet.generate_key().decode(),
        "ALLOWED_HOSTS": "desk.example.com",
    }


def run(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    env = environment(folder) | more
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {
            "OIDC_ISSUER": "https://login.example.com",
            "OIDC_CLIENT_ID": "consent-desk",
            "OIDC_CLIENT_SECRET": "a secret",
        },
    ],
    ids=["plain", "company"],
)
def test_djangos_own_check_has_nothing_to_say(tmp_path: Path, more: dict[str, str]) -> None:
    done = run(tmp_path, "-W", "error", "manage.py", "check", "--deploy", "--fail-level", "WARNING", **more)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    # Whether the whole domain goes into the browsers' lists is not ours to say; nothing else is passed over.
    assert done.stdout.splitlines() == ["System check identified no issues (1 silenced)."]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"OIDC_ISSUER": "http://login.example.com"}, "OIDC_ISSUER does not begin with https://"),
        ({"OIDC_CLIENT_ID": ""}, "Set the OIDC_CLIENT_SECRET environment variable"),
    ],
)
def test_half_a_provider_starts_nothing(tmp_path: Path, more: dict[str, str], said: str) -> None:
    given = {"OIDC_ISSUER": "https://login.example.com", "OIDC_CLIENT_ID": "x"} | more
    if "http://" in given["OIDC_ISSUER"]:
        given["OIDC_CLIENT_SECRET"] = "x"
    done = run(tmp_path, "manage.py", "check", **given)
    assert done.returncode != 0
    assert said in done.stderr


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a desk in production answers (tests/project/production.py)."""
    done = run(tmp_path_factory.mktemp("production"), "-m", "tests.project.production", REQUIRE_SECOND_FACTOR="")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_somebody_comes_in(told: dict[str, Any]) -> None:
    assert told["come"] == [302, "/"]
    assert told["home"][0] == 200


@pytest.mark.parametrize("name", ["__Host-sessionid", "__Host-csrftoken"])
def test_a_cookie_is_this_hosts_alone_over_https_and_no_scripts(told: dict[str, Any], name: str) -> None:
    cookie = told["cookies"][name]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    if name == "__Host-sessionid":
        assert (cookie["expires"], cookie["max-age"]) == ("", ""), "it goes with the browser"


def test_no_other_cookie_is_set(told: dict[str, Any]) -> None:
    assert set(told["cookies"]) - {"messages"} == {"__Host-sessionid", "__Host-csrftoken"}


def test_browsers_are_told_to_come_over_https_alone(told: dict[str, Any]) -> None:
    assert told["insecure"] == [301, "https://desk.example.com/accounts/login/"]
    for headers in (told["gate"], told["home"][1]):
        assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_another_name_and_another_sites_form_are_refused(told: dict[str, Any]) -> None:
    assert told["other"] == 400
    assert told["forged"] == 403
