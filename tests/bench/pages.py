"""Time pages as a whole: every middleware, the view, its queries, its template."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from django.test import Client

TARGETS = {"sqlite": 120.0, "postgresql": 60.0}  # milliseconds
ROUNDS = 7


def set_up() -> None:
    """Load Django for measuring pages in this process, with a cache in its own memory, and bring the database up."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    call_command("migrate", verbosity=0, interactive=False)


def measure(client: Client, addresses: Mapping[str, str], *, line: bytes) -> int:
    """Print a line for each page, with how often `line` stands in it; return 1 when one is slower than wanted."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    target, slow = TARGETS[connection.vendor], 0
    print(f"\n{connection.vendor}: at most {target:.0f} ms wanted; median and worst of {ROUNDS}, the first one cold")
    for name, url in addresses.items():
        first = milliseconds(lambda url=url: client.get(url))
        times = [milliseconds(lambda url=url: client.get(url)) for _ in range(ROUNDS)]
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(url)
        assert answer.status_code == 200, (url, answer.status_code)
        slow += median(times) > target
        mark = "" if median(times) <= target else "  SLOW"
        print(
            f"  {name:<34} {median(times):6.1f} ms (best {min(times):5.1f}, worst {max(times):5.1f},"
            f" first {first:5.1f}) {len(asked):3} queries {answer.content.count(line):3} lines{mark}"
        )
    return 1 if slow else 0


def milliseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000
