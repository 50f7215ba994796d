"""What comes before the web, where no demo is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from supervisor.desk import BASE_DIR
from supervisor.programs import PREPARE

pytestmark = pytest.mark.processes

# The same question on either side of the proxy that ends TLS.
ANSWERS = """
import django
django.setup()
from django.test import Client
client = Client(headers={"host": "desk.example.com"})
plain, proxied = client.get("/"), client.get("/", headers={"x-forwarded-proto": "https"})
led = [(answer.status_code, answer["Location"]) for answer in (plain, proxied)]
print(led, client.get("/healthz").status_code)
"""


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    """All that a desk without the demo asks for; of our own environment only what a process needs to run."""
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "DEMO": "0",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'desk.sqlite3'}",
        "SECRET_KEY": "x" * 50,
        "VAULT_KEYS": Fernet.generate_key().decode(),
        "AUDIT_KEYS": "y" * 43,
        "INDEX_KEYS": "z" * 43,
        "ALLOWED_HOSTS": "desk.example.com",
    }


def test_a_setting_that_is_missing_is_one_sentence(production: dict[str, str]) -> None:
    del production["VAULT_KEYS"]
    done = subprocess.run(PREPARE.command, cwd=BASE_DIR, env=production, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Set the VAULT_KEYS environment variable\n"


def test_without_the_demo_the_web_sends_plain_requests_to_https(production: dict[str, str]) -> None:
    said = subprocess.run(
        [sys.executable, "-c", ANSWERS], cwd=BASE_DIR, env=production, capture_output=True, text=True, timeout=60
    )
    assert said.stdout == "[(301, 'https://desk.example.com/'), (302, '/accounts/login/?next=/')] 200\n", said.stderr
