"""What holds for every answer, and what the settings refuse."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import Credential

ROOT = Path(__file__).resolve().parents[2]
OPEN = ["/accounts/login/", "/accounts/password/reset/", "/accounts/signup/"]
SIGNED_IN = ["/", "/segments/", "/segments/new/", "/runs/", "/credentials/", "/accounts/password/change/", "/nothing/"]


@pytest.mark.parametrize("url", OPEN)
def test_open_pages(client: Client, db: None, url: str) -> None:
    _check(client.get(url))


@pytest.mark.parametrize("url", SIGNED_IN)
def test_signed_in_pages_are_kept_by_nobody(as_anna: Client, annas_key: Credential, vendor: object, url: str) -> None:
    response = as_anna.get(url)
    _check(response)
    kept = response["Cache-Control"]
    assert "no-store" in kept
    assert "private" in kept


def _check(response: object) -> None:
    headers = response.headers  # type: ignore[attr-defined]
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["base-uri"] == "'none'"
    assert directives["form-action"] == "'self'"
    assert directives["script-src"].startswith("'self' 'nonce-")
    assert directives["style-src"] == "'self'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_each_page_has_a_nonce_of_its_own(as_anna: Client) -> None:
    policies = {as_anna.get("/runs/")["Content-Security-Policy"] for _ in range(3)}
    assert len(policies) == 3


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(client: Client, anna: object) -> None:
    client.post("/accounts/login/", {"login": "anna", "password": "a password for tests"})
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize("url", ["/segments/rows/", "/", "/runs/1/live/"])
def test_a_fragment_that_meets_the_gate_refreshes_the_page(client: Client, db: None, url: str) -> None:
    response = client.get(url, headers={"HX-Request": "true"})
    assert response["HX-Refresh"] == "true"
    assert not response.content


def test_a_post_without_its_token_does_nothing(annas_key: Credential) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(annas_key.owner)
    assert strict.post(f"/credentials/{annas_key.account_id}/test/").status_code == 403


# ── What the settings refuse ─────────────────────────────────────────────────────────────────────────────────


def _start(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Load the settings in a process of their own, with this environment and no other."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=kept | {"DATA_DIR": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("hosts", ["desk.example.com", "127.0.0.1,desk.example.com", "*", "0.0.0.0"])
def test_the_demo_refuses_any_other_host(tmp_path: Path, hosts: str) -> None:
    started = _start(tmp_path, DEMO="1", ALLOWED_HOSTS=hosts)
    assert started.returncode != 0
    assert "the desk answers on 127.0.0.1 alone" in started.stderr


def test_the_demo_starts_with_nothing_else(tmp_path: Path) -> None:
    assert _start(tmp_path, DEMO="1").returncode == 0


NEEDED = {
    "SECRET_KEY": "k" * 60,
    "VAULT_KEYS": "a2V5" * 11,
    "AUDIT_KEYS": "l" * 43,
    "INDEX_KEYS": "m" * 43,
    "ALLOWED_HOSTS": "desk.example.com",
}


@pytest.mark.parametrize("missing", NEEDED)
def test_without_a_secret_nothing_starts_and_it_says_which(tmp_path: Path, missing: str) -> None:
    given = {name: value for name, value in NEEDED.items() if name != missing}
    started = _start(tmp_path, **given)
    assert started.returncode != 0
    assert f"Set the {missing} environment variable" in started.stderr


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"INDEX_KEYS": NEEDED["AUDIT_KEYS"]}, "AUDIT_KEYS and INDEX_KEYS share a key"),
        ({"INDEX_KEYS": f"{'n' * 40},{NEEDED['SECRET_KEY']}"}, "SECRET_KEY and INDEX_KEYS share a key"),
        ({"SECRET_KEY_FALLBACKS": NEEDED["VAULT_KEYS"]}, "SECRET_KEY and VAULT_KEYS share a key"),
        ({"AUDIT_KEYS": "too short"}, "AUDIT_KEYS holds no key, or one of fewer than 32 letters"),
        ({"INDEX_KEYS": ""}, "INDEX_KEYS holds no key"),
    ],
)
def test_a_key_that_is_short_or_used_twice_starts_nothing(tmp_path: Path, changed: dict[str, str], said: str) -> None:
    started = _start(tmp_path, **NEEDED | changed)
    assert started.returncode != 0
    assert said in started.stderr
    assert not any(key in started.stderr for key in (NEEDED | changed).values() if len(key) > 20)


def test_a_demo_answers_to_no_other_name(client: Client, db: None) -> None:
    from django.conf import settings

    assert settings.LOOPBACK_HOSTS == ["127.0.0.1", "localhost"]
    assert client.get("/accounts/login/", headers={"Host": "desk.example.com"}).status_code == 400
