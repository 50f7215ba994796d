"""What a desk without the demo answers, told as JSON: run as a process of its own, since settings are read once.

python -m tests.project.production
"""

from __future__ import annotations

import json
import re
from typing import Any

import django

SAFE = {"secure": True, "headers": {"host": "desk.example.com"}}


def main() -> None:
    """Migrate an empty database, come in and look around; print what was answered."""
    django.setup()
    from django.core.management import call_command
    from django.test import Client, override_settings

    call_command("migrate", verbosity=0, interactive=False)
    plain = {
        "STORAGES": {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}},
        "CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    }
    with override_settings(**plain):
        print(json.dumps(_told(Client)))


def _told(client_class: Any) -> dict[str, Any]:
    from accounts.models import User

    User.objects.create_user("anna", "anna@example.com", "a password for tests")
    client = client_class(enforce_csrf_checks=True)
    gate = client.get("/accounts/login/", **SAFE)
    entered = {"login": "anna", "password": "a password for tests", "csrfmiddlewaretoken": _token(gate)}
    # A cookie that a neighbour planted under the usual name must mean nothing.
    client.cookies["sessionid"] = "planted"
    headers = {"host": "desk.example.com", "referer": "https://desk.example.com/accounts/login/"}
    come = client.post("/accounts/login/", entered, secure=True, headers=headers)
    home = client.get("/", **SAFE)
    insecure = client_class().get("/accounts/login/", headers={"host": "desk.example.com"})
    other = client_class().get("/accounts/login/", secure=True, headers={"host": "evil.example"})
    elsewhere = client_class(enforce_csrf_checks=True)
    elsewhere.cookies = client.cookies
    forged = elsewhere.post(
        "/accounts/logout/",
        {"csrfmiddlewaretoken": _token(home)},
        secure=True,
        headers={"host": "desk.example.com", "origin": "https://evil.example"},
    )
    return {
        "cookies": {name: {**cookie, "value": ""} for name, cookie in {**gate.cookies, **come.cookies}.items()},
        "come": [come.status_code, come.get("Location")],
        "home": [home.status_code, dict(home.headers)],
        "gate": dict(gate.headers),
        "insecure": [insecure.status_code, insecure.get("Location")],
        "other": other.status_code,
        "forged": forged.status_code,
    }


def _token(page: Any) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())
    assert found
    return found[1]


if __name__ == "__main__":
    main()
