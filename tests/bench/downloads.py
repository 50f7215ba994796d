"""What pages and polls feel of big files on their way: python -m tests.bench downloads [--downloads 20].

Measured twice, before and while that many people download a large file at the pace of an office line and the workers
fetch others from the vendor: how long Home takes, how late waiting runs are asked about, and how many connections to
the database the web holds.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import django
import httpx

from tests.bench import table
from tests.bench.memory import children_of

LATE, SLOWER = 2.0, 2.0  # the targets: seconds at the 95th percentile; times its own idle time
PACE = 2_000_000  # bytes a second that each download takes
CHUNK = 64 * 1024
WAITING = 120  # runs that the vendor prepares meanwhile
EVERY = 60.0  # seconds between two questions about one of them


def main(words: list[str]) -> int:
    """Print the report; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench downloads")
    parser.add_argument("--downloads", type=int, default=20)
    parser.add_argument("--mb", type=int, default=1000, help="size of the file, in millions of bytes")
    parser.add_argument("--seconds", type=float, default=60, help="how long each of the two is measured")
    arguments = parser.parse_args(words)
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    large = table.made(arguments.mb * 1_000_000)
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
        os.environ.update(DEMO="1", DATA_DIR=folder, LOG_LEVEL="WARNING", PYTHONWARNINGS="ignore")
        os.environ.update(RUN_SLOWEST_POLL=str(EVERY), DJANGO_SETTINGS_MODULE="project.settings")
        django.setup()
        return measure(large, arguments.downloads, arguments.seconds)


def measure(large: table.Table, many: int, seconds: float) -> int:
    """Let the desk work for a while without and with the downloads; print what was seen."""
    from supervisor import programs
    from tests.bench import desk

    with ExitStack() as stack:
        stack.enter_context(desk.broker())
        never = {"SANDBOX_PREPARE_SECONDS": "1000000", "SANDBOX_PENDING_EXPORTS": "0"}
        slow = stack.enter_context(desk.sandbox(never))
        url = stack.enter_context(desk.vendor(large, compresses=True))
        anna = desk.Desk(url)
        with desk.worker():
            run = anna.fetched()
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        web = programs.web(listener)
        server = stack.enter_context(desk.running(web.command, dict(web.environment), fds=web.fds))
        for program in (programs.CALLS, programs.FILES, programs.BEAT):
            stack.enter_context(desk.running(program.command))
        waiting = _waiting(slow)
        office = Office(listener.getsockname()[1], anna.cookie(), run.pk)
        office.home()  # until it stands
        idle = watch(office, server.pid, waiting, seconds)
        with office.downloading(many):
            for _ in range(2):
                anna.start()  # and both processes for files are at work
            busy = watch(office, server.pid, waiting, seconds)
    return report(many, idle, busy)


@dataclass(frozen=True)
class Seen:
    """What was seen for a while: seconds of Home, seconds late of polls, connections held, megabytes a second sent."""

    home: list[float]
    late: list[float]
    connections: int
    pace: float


class Office:
    """People at their browsers."""

    def __init__(self, port: int, cookie: str, run: int) -> None:
        token = "a" * 32
        self._port, self._headers = port, {"Cookie": f"{cookie}; csrftoken={token}", "Host": f"127.0.0.1:{port}"}
        self._path = f"/runs/{run}/files/content/"
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=self._headers, timeout=60)
        self._token = token
        self.taken = 0  # bytes of all downloads
        self._lock = threading.Lock()

    def home(self) -> float:
        """Open Home; return the seconds it took."""
        began = time.perf_counter()
        answer = self._http.get("/")
        assert answer.status_code == 200, answer.status_code
        return time.perf_counter() - began

    def ask(self) -> None:
        """Get leave to download the file."""
        answer = self._http.post(f"{self._path}take/", data={"preset": "mailing"}, headers={"X-CSRFToken": self._token})
        assert answer.status_code == 302, answer.status_code

    @contextmanager
    def downloading(self, many: int) -> Iterator[None]:
        """Have people download the file meanwhile, again and again, each at the same pace."""
        self.ask()
        over = threading.Event()
        people = [threading.Thread(target=self._download, args=(over,), daemon=True) for _ in range(many)]
        for person in people:
            person.start()
        time.sleep(2)
        try:
            yield
        finally:
            over.set()

    def _download(self, over: threading.Event) -> None:
        while not over.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            connection.request("GET", self._path, headers=self._headers)
            answer = connection.getresponse()
            assert answer.status == 200, answer.status
            while not over.is_set() and (chunk := answer.read(CHUNK)):
                with self._lock:
                    self.taken += len(chunk)
                time.sleep(len(chunk) / PACE)
            connection.close()


def watch(office: Office, server: int, waiting: list[int], seconds: float) -> Seen:
    """Open Home once a second, and look at the polls and connections of the time."""
    from django.utils import timezone

    from exports.models import ExportLine, ExportRun

    due = dict(ExportRun.objects.filter(pk__in=waiting).values_list("pk", "due_at"))
    began, started, before = time.monotonic(), timezone.now(), office.taken
    home, held = [], []
    while time.monotonic() < began + seconds:
        home.append(office.home())
        held.append(_connections(server))
        time.sleep(1)
    asked = ExportLine.objects.filter(code="still_preparing", run__in=waiting, at__gte=started).values_list("run", "at")
    # The first question of each in that time: when it was due stands in the row that was read before.
    first: dict[int, float] = {}
    for run, at in asked.order_by("at"):
        first.setdefault(run, (at - due[run]).total_seconds())
    return Seen(home, sorted(first.values()), max(held), (office.taken - before) / seconds / 1e6)


def _connections(server: int) -> int:
    """Return how many connections to the database the web's processes hold."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'"
            )
            return int(cursor.fetchone()[0]) - 1
    held = 0
    for pid in children_of(server):
        held += sum(str(fd.readlink()).endswith(".sqlite3") for fd in _open_files(pid))
    return held


def _open_files(pid: int) -> Iterator[Path]:
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        if fd.is_symlink():
            yield fd


def _waiting(url: str) -> list[int]:
    """Make runs that the vendor never gets ready with, due at random within a minute."""
    from tests.bench import waiting

    return list(waiting.waiting(url, WAITING, 4, warm=20.0, every=EVERY))


def report(many: int, idle: Seen, busy: Seen) -> int:
    """Print both; return 1 when a target is missed."""
    print(f"\n{many} downloads at {PACE / 1e6:.0f} MB/s each, and two files from the vendor")
    for name, seen in (("without", idle), ("with", busy)):
        late = quantiles(seen.late, n=20)[-1]
        print(
            f"  {name:<8} Home {median(seen.home) * 1000:6.1f} ms (worst {max(seen.home) * 1000:6.1f}),"
            f" {len(seen.late)} polls, p95 {late:.2f} s late (most {seen.late[-1]:.2f}),"
            f" {seen.connections} connections held, {seen.pace:.0f} MB/s"
        )
    ratio = median(busy.home) / median(idle.home)
    print(f"  Home takes {ratio:.2f} × its idle time (at most {SLOWER}); polls at most {LATE} s late at p95")
    return 0 if ratio <= SLOWER and quantiles(busy.late, n=20)[-1] <= LATE and busy.connections < many else 1
