"""What other pages feel of a large upload: python -m tests.bench uploading [--mb 500].

Two people's pages are opened in turn, first with nothing else to do, then while a third sends a file in the pieces that
static/upload.js cuts, as fast as the desk takes them. Both through gunicorn, as `make run` starts it.
"""

from __future__ import annotations

import argparse
import os
import platform
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from statistics import median, quantiles
from typing import TYPE_CHECKING

import django
import httpx

if TYPE_CHECKING:
    from tests.bench.desk import Desk

from tests.bench.memory import children_of, peak_of

SLOWER = 2.0  # the target: times its own idle time, at the 95th percentile
PAGES = ("/", "/runs/", "/segments/", "/imports/")
PAUSE = 0.1  # seconds between two pages


def main(words: list[str]) -> int:
    """Print the report; return 1 when the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench uploading")
    parser.add_argument("--mb", type=int, default=500, help="size of the file, in millions of bytes")
    parser.add_argument("--pages", type=int, default=200, help="how many pages are opened while nothing is sent")
    arguments = parser.parse_args(words)
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
        os.environ.update(DEMO="1", DATA_DIR=folder, LOG_LEVEL="WARNING", PYTHONWARNINGS="ignore")
        os.environ.update(DJANGO_SETTINGS_MODULE="project.settings")
        django.setup()
        return measure(arguments.mb * 1_000_000, arguments.pages)


@dataclass
class Sent:
    """What was sent so far, in bytes and seconds."""

    length: int = 0
    seconds: float = 0.0


def measure(length: int, pages: int) -> int:
    """Open pages without and with an upload; print what was seen."""
    from supervisor import programs
    from tests.bench import desk

    with ExitStack() as stack:
        stack.enter_context(desk.broker())
        url = stack.enter_context(desk.sandbox())
        reader, sender = desk.Desk(url, name="Reader"), desk.Desk(url, name="Sender")
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        web = programs.web(listener)
        server = stack.enter_context(desk.running(web.command, dict(web.environment), fds=web.fds))
        port = listener.getsockname()[1]
        browser = stack.enter_context(_browser(port, reader.cookie()))
        pages_in_turn = cycle(PAGES)
        _opened(browser, pages_in_turn, 20)  # until every process stands
        idle = _opened(browser, pages_in_turn, pages)
        sent, over = Sent(), threading.Event()
        address = _begun(sender)
        thread = threading.Thread(target=_send, args=(_browser(port, sender.cookie()), address, length, sent, over))
        thread.start()
        busy: list[float] = []
        while not over.is_set():
            busy += _opened(browser, pages_in_turn, 1)
        thread.join()
        peak = max(peak_of(pid) for pid in children_of(server.pid))
    return report(length, sent, idle, busy, peak)


def _browser(port: int, cookie: str) -> httpx.Client:
    token = "a" * 32
    headers = {"Cookie": f"{cookie}; csrftoken={token}", "Host": f"127.0.0.1:{port}", "X-CSRFToken": token}
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60)


def _opened(browser: httpx.Client, pages: Iterator[str], many: int) -> list[float]:
    """Open so many pages one after the other; return the seconds that each took."""
    took = []
    for page in islice(pages, many):
        began = time.perf_counter()
        answer = browser.get(page)
        took.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.status_code
        time.sleep(PAUSE)
    return took


def _begun(sender: Desk) -> str:
    """Begin an import as its page does; return where its pieces go."""
    from django.urls import reverse

    from accounts.definitions import Library
    from imports import actions
    from imports.draft import ways
    from imports.models.uploads import Purpose

    key = sender.key
    library = Library(key)
    section = library.read("sections").items[0]
    upload = actions.begin(
        by=key.owner,
        credential=key,
        purpose=Purpose.PEOPLE,
        section=(section.discriminator, section.name),
        way=ways(library)[0],
    )
    return reverse("imports:upload_piece", args=[upload.pk])


def _send(browser: httpx.Client, address: str, length: int, sent: Sent, over: threading.Event) -> None:
    """Send a file of so many bytes, piece by piece."""
    from imports.receiving import PIECE

    row = b"person.0000000@example.com,46000000000,Anna,Berg,1980-01-31,Uppsala,SE,true,1\n"
    piece = (row * (PIECE // len(row) + 1))[:PIECE]
    began = time.perf_counter()
    try:
        while sent.length < length:
            part = piece[: length - sent.length]
            told = {"X-File-Name": "people.csv", "X-File-Length": str(length), "X-File-At": str(sent.length)}
            answer = browser.post(address, content=part, headers=told | {"Content-Type": "application/octet-stream"})
            assert answer.status_code == 200, answer.text
            sent.length = answer.json()["received"]
    finally:
        sent.seconds = time.perf_counter() - began
        over.set()


def report(length: int, sent: Sent, idle: list[float], busy: list[float], peak: int) -> int:
    """Print both; return 1 when the target is missed."""
    before, beside = (quantiles(took, n=20)[-1] for took in (idle, busy))
    print(f"\n{sent.length / 1e6:,.0f} MB sent in {sent.seconds:.1f} s ({sent.length / sent.seconds / 1e6:.0f} MB/s)")
    for name, took, worst in (("without", idle, before), ("beside it", busy, beside)):
        print(f"  {name:<10} {len(took)} pages, median {median(took) * 1000:.0f} ms, p95 {worst * 1000:.0f} ms")
    print(f"  ratio      {beside / before:.2f} at p95 (wanted at most {SLOWER})")
    print(f"  memory     {peak / 1e6:.0f} MB in the largest process of the web")
    return 0 if sent.length == length and beside <= SLOWER * before else 1
