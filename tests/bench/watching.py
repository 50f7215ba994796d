"""Measure open run pages against the real web: python -m tests.bench watching [--pages 500] [--seconds 60].

Each page asks every fifteen seconds whether its run has changed, and it has not. The pages were opened one after the
other, so their questions are spread over the fifteen seconds; each keeps a connection as a browser does.
"""

from __future__ import annotations

import argparse
import os
import platform
import socket
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles

import django
import httpx

from tests.bench import database
from tests.bench.memory import children_of, seconds_of

EVERY = 15.0  # seconds between two questions of a page
SLOWEST = 0.25  # seconds at the 95th percentile: nobody waits for it, but pages that are waited for come after it
MOST_OF_A_CORE = 0.5
HANDS = 32  # threads that ask; a page is always asked for by the same one


def main(words: list[str]) -> int:
    """Print what was seen; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench watching")
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args(words)
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
        Path(folder, "watching").mkdir()
        os.environ.update(DEMO="1", DATA_DIR=folder, LOG_LEVEL="WARNING", DJANGO_SETTINGS_MODULE="project.settings")
        database.named(Path(folder, "watching"), anew=True)
        django.setup()
        return measure(arguments.pages, arguments.seconds)


def measure(many: int, seconds: float) -> int:
    """Open the pages at a web of their own and let them ask."""
    from supervisor import programs
    from tests.bench import desk

    with ExitStack() as stack:
        stack.enter_context(desk.broker())
        addresses, cookie = _open(many)
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        web = programs.web(listener)
        server = stack.enter_context(desk.running(web.command, dict(web.environment), fds=web.fds))
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        _until_it_answers(base)
        pages = Pages(base, cookie, addresses)
        pages.ask_for(EVERY)  # each once, so that every process has seen one
        pages.forget()
        before, began = _spent(server.pid), time.monotonic()
        pages.ask_for(seconds)
        load = (_spent(server.pid) - before) / (time.monotonic() - began)
    return _report(many, pages, load)


class Pages:
    """Open pages, each with its own moment in the fifteen seconds."""

    def __init__(self, base: str, cookie: str, addresses: list[str]) -> None:
        self._base, self._cookie, self._addresses = base, cookie, addresses
        self.forget()

    def forget(self) -> None:
        self.times: list[float] = []
        self.late: list[float] = []  # seconds by which this program itself asked too late
        self.answers = Counter[int]()

    def ask_for(self, seconds: float) -> None:
        """Let them ask for so long."""
        began = time.monotonic() + 0.5
        hands = [threading.Thread(target=self._hand, args=(number, began, seconds)) for number in range(HANDS)]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()

    def _hand(self, number: int, began: float, seconds: float) -> None:
        step = EVERY / len(self._addresses)
        own = [(index * step, address) for index, address in enumerate(self._addresses)][number::HANDS]
        turns = [(at + n * EVERY, address) for n in range(int(seconds / EVERY)) for at, address in own]
        headers = {"Cookie": self._cookie, "HX-Request": "true"}
        with httpx.Client(base_url=self._base, headers=headers, timeout=30) as http:
            for at, address in turns:
                time.sleep(max(0.0, began + at - time.monotonic()))
                asked = time.monotonic()
                status = http.get(address).status_code
                self.times.append(time.monotonic() - asked)
                self.late.append(asked - began - at)
                self.answers[status] += 1


def _open(many: int) -> tuple[list[str], str]:
    """Return the addresses that open pages of unchanged runs ask, and the cookie of whoever opened them."""
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from accounts.models import User
    from exports.models import ExportRun
    from tests.bench import lists

    lists.fill(many * 3)
    person, now = User.objects.get(username="person0"), timezone.now()
    mine = list(ExportRun.objects.filter(owner=person).values_list("pk", flat=True)[:many])
    ExportRun.objects.filter(pk__in=mine).update(
        status="running", code="preparing", file=None, finished_at=None,
        changed_at=now - timedelta(minutes=10), due_at=now + timedelta(days=1),
    )  # fmt: skip
    client = Client()
    client.force_login(person)
    at = int(now.timestamp()) + 3600  # their times “so far” are never drawn anew meanwhile
    runs = ExportRun.objects.filter(pk__in=mine).values_list("pk", "version")
    addresses = [f"/runs/{pk}/live/?shown={version}&pace=15&at={at}" for pk, version in runs]
    assert len(addresses) == many, f"{len(addresses)} runs"
    return addresses, f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def _spent(pid: int) -> float:
    """Return the processor seconds of the web's processes."""
    return sum(map(seconds_of, (pid, *children_of(pid))))


def _until_it_answers(base: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"{base}/healthz", timeout=10)
        except httpx.HTTPError:
            if time.monotonic() > until:
                raise
        else:
            return


def _report(many: int, pages: Pages, load: float) -> int:
    if not pages.times:
        print("Nothing was asked.")
        return 1
    p95 = quantiles(pages.times, n=20)[-1]
    answers = dict(pages.answers)
    print(f"{many} open pages, each every {EVERY:.0f} s: {len(pages.times)} questions, answers {answers}")
    print(
        f"  {median(pages.times) * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms (at most {SLOWEST * 1000:.0f}),"
        f" worst {max(pages.times) * 1000:.0f} ms; asked at most {max(pages.late):.2f} s late"
    )
    print(f"  {load:.0%} of a core (at most {MOST_OF_A_CORE:.0%})")
    return 0 if set(answers) == {204} and p95 <= SLOWEST and load <= MOST_OF_A_CORE else 1
