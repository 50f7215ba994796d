"""The page of components: every one in every state, in a demo alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from exports.templatetags import desk
from tests.project.test_headers import NEEDED, ROOT
from wording import icons


def test_every_state_mark_and_note_is_shown(as_anna: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(8):  # who asks, and the rail
        page = as_anna.get("/design/").content.decode()
    for state in desk.STATES:
        assert f'<span class="api">{state}</span>' in page
    for name in icons.ICONS:
        assert f'<span class="api">{name}</span>' in page
    for station in desk.STATIONS:
        assert f"stn-{station}" in page
    for kind in desk.PROVENANCES:
        assert f"pv-{kind}" in page
    for kind in desk.NOTES:
        assert f"note-{kind}" in page


def test_anonymous_and_wrong_method(as_anna: Client) -> None:
    assert Client().get("/design/")["Location"].startswith("/accounts/login/")
    assert as_anna.post("/design/").status_code == 405


@pytest.mark.parametrize(("demo", "is_there"), [("1", True), ("0", False)])
def test_its_address_exists_in_a_demo_alone(tmp_path: Path, demo: str, is_there: bool) -> None:
    ask = "from django.urls import reverse; print(reverse('home')); print(reverse('design'))"
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    needed = {} if demo == "1" else NEEDED
    told = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", ask],
        cwd=ROOT,
        env=kept | {"DATA_DIR": str(tmp_path), "DEMO": demo} | needed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.stdout.split() == ["/", reverse("design")][: 1 + is_there], told.stderr
    assert ("NoReverseMatch" in told.stderr) is not is_there
