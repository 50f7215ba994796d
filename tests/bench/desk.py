"""The desk under measurement: its own worker, broker, database and folder, as `make run` starts them.

Import only after `django.setup()`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import actions as accounts
from accounts import clients, vault
from accounts.definitions import Library
from accounts.models import Credential, User, VendorAccount
from accounts.tokens import RowTokens
from exports import actions, runner
from exports.draft import Choices
from exports.models import ExportRun
from exports.spec import EMAIL, SMS, ColumnChoice, ConsentSpec, TopicChoice
from runs import nudges
from runs.claims import claim
from runs.models import Status
from supervisor import programs
from supervisor.desk import Desk as Asked
from supervisor.ports import is_free
from tests.bench.memory import children_of, peak_of, seconds_of
from tests.bench.table import Table

PATIENCE = 600.0  # seconds for one file
START = 30.0  # seconds for a process to stand


class Failed(Exception):
    """The desk did not bring the file home, so there is nothing to compare."""


@dataclass(frozen=True)
class Fetched:
    """One file brought home: wall and processor seconds, the most memory of the worker's process, what was counted."""

    seconds: float
    cpu: float
    peak: int
    sha256: str
    rows: int
    counts: list[int]

    @property
    def found(self) -> tuple[str, int, list[int]]:
        return self.sha256, self.rows, self.counts


class Desk:
    """A marketer, her key for the sandbox at `url`, and runs that stand right before their long step."""

    def __init__(self, url: str, *, name: str = "") -> None:
        self._by = User.objects.create_user(f"anna-{time.time_ns()}", f"{time.time_ns()}@example.com")
        self._by.groups.add(Group.objects.get(name="Marketer"))
        account = VendorAccount.objects.create(name=name or url, region="other", other_url=url)
        key = {"client_id": "demo-anna", "secret": "demo-anna-secret"}
        self.key = accounts.save_credential(by=self._by, account=account, **key)
        self._segment = actions.save_segment(by=self._by, account=account, name="Bench", spec=_spec(self.key))

    def ready_run(self) -> ExportRun:
        """Ask the vendor for an export and poll until it can be fetched, as a worker of short steps would."""
        run = actions.start(self._segment, by=self._by)
        until = time.monotonic() + START
        while time.monotonic() < until:
            claimed = claim(ExportRun.objects.all(), run.pk, queue="calls", now=timezone.now())
            if claimed:
                with clients.client_for(claimed.credential_id) as client:
                    runner.advance(claimed, client)
            run.refresh_from_db()
            if run.ready_at:
                return run
            time.sleep(0.05)
        raise Failed(f"the export was not ready: {run.status} {run.code} {run.facts}")

    def asked(self) -> ExportRun:
        """Ask the vendor for an export, as a worker would."""
        run = actions.start(self._segment, by=self._by)
        claimed = claim(ExportRun.objects.all(), run.pk, queue="calls", now=timezone.now())
        assert claimed is not None
        with clients.client_for(claimed.credential_id) as client:
            runner.advance(claimed, client)
        run.refresh_from_db()
        return run

    def address(self) -> tuple[str, str]:
        """Return the URL of a ready file and a token for it, for the reference."""
        run = self.ready_run()
        run.move(Status.CANCELLED, "cancelled", now=timezone.now())
        self.key.refresh_from_db()
        token = RowTokens(self.key).current(time.time())
        if token is None:
            raise Failed("there is no token for the reference")
        return vault.unseal(run.sealed_poll_url), token.value

    def start(self) -> ExportRun:
        """Press Run."""
        return actions.start(self._segment, by=self._by)

    def cookie(self) -> str:
        """Return the cookie of a browser in which the marketer is signed in."""
        client = Client()
        client.force_login(self._by)
        return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"

    def fetched(self) -> ExportRun:
        """Return a run whose file is here to stay."""
        run = self.ready_run()
        nudges.send(run)
        until = time.monotonic() + PATIENCE
        while not run.is_over and time.monotonic() < until:
            time.sleep(0.1)
            run.refresh_from_db()
        if run.file is None:
            raise Failed(f"{run.status} {run.code} {run.facts}")
        return run

    def fetch(self, worker: int) -> Fetched:
        """Let the worker take the long step of a new run; measured from the nudge to the row that says succeeded."""
        run = self.ready_run()
        busy = {pid: seconds_of(pid) for pid in children_of(worker)}
        started = time.perf_counter()
        nudges.send(run)
        while not run.is_over and time.perf_counter() < started + PATIENCE:
            time.sleep(0.1)  # seldom enough to cost the worker nothing
            run.refresh_from_db()
        seconds = time.perf_counter() - started
        if run.file is None:
            raise Failed(f"{run.status} {run.code} {run.facts}")
        counts = run.file.counts
        default_storage.delete(run.file.storage_name)
        return Fetched(
            seconds,
            sum(seconds_of(pid) - before for pid, before in busy.items()),
            max(map(peak_of, busy)),
            run.file.received_sha256,
            run.file.row_count,
            [*counts["consented"].values(), counts["contactable"], *counts["members"].values()],
        )


def _spec(key: Credential) -> ConsentSpec:
    """Ask for the columns of the table (tests/bench/table.py). What they are at the sandbox does not matter here."""
    library = Library(key)
    section = Choices(library, "").sections()[0]
    choices = Choices(library, section.id)
    topic = next(o for o in choices.options("topic").values() if not o.channel)
    segment = next(iter(choices.options("segment").values()))
    attributes = list(choices.options("attribute").values())[:4]
    titles = ("Email", "Mobile", "City", "Note")
    return ConsentSpec(
        section=section,
        topics=(TopicChoice(topic.id, topic.name, folder=topic.folder, folder_name=topic.group),),
        channels=(
            ColumnChoice(EMAIL, "Email", column="EmailConsent"),
            ColumnChoice(SMS, "SMS", column="MobileConsent"),
        ),
        attributes=tuple(ColumnChoice(o.id, o.name, column=title) for o, title in zip(attributes, titles, strict=True)),
        segments=(ColumnChoice(segment.id, segment.name, column="Regulars", discriminator=segment.id),),
    )


@contextmanager
def broker() -> Iterator[None]:
    """Make the database, and run the desk's embedded Valkey."""
    call_command("migrate", verbosity=0)
    program = programs.valkey(Asked.from_environ(os.environ))
    address = Path(os.environ["DATA_DIR"]) / "valkey" / "valkey.sock"
    with running(program.command) as process:
        _until(address.exists, process, "Valkey")
        yield


@contextmanager
def worker() -> Iterator[int]:
    """Run the desk's worker of long steps, fresh; yield its process number."""
    with running(programs.FILES.command) as process:
        _until(lambda: len(children_of(process.pid)) >= 2, process, "the worker")
        yield process.pid


@contextmanager
def vendor(table: Table, *, compresses: bool) -> Iterator[str]:
    """Run the sandbox with this table as its every file; yield its address."""
    port = _free_port()
    switches = {
        "SANDBOX_PREPARED": str(table.path),
        "SANDBOX_PREPARE_SECONDS": "0",
        "SANDBOX_POLLS_PER_MINUTE": "0",
        "SANDBOX_TOKENS_PER_MINUTE": "0",
        "SANDBOX_EXPORTS_PER_SECOND": "0",
    }
    module = "sandbox" if compresses else "tests.bench.plain"
    with running((sys.executable, "-m", module, "--port", str(port)), switches) as process:
        _until(lambda: not is_free(port), process, "the sandbox")
        yield f"http://127.0.0.1:{port}"


@contextmanager
def sandbox(switches: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run the sandbox as the environment and these switches say; yield its address."""
    port = _free_port()
    with running((sys.executable, "-m", "sandbox", "--port", str(port)), switches) as process:
        _until(lambda: not is_free(port), process, "the sandbox")
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, fds: Sequence[int] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program; stop it at the end, kindly and then not."""
    environment = {**os.environ, **(environment or {})}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, pass_fds=fds)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(START)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until(stands: Callable[[], bool], process: subprocess.Popen[bytes], name: str) -> None:
    until = time.monotonic() + START
    while not stands():
        if process.poll() is not None or time.monotonic() > until:
            raise Failed(f"{name} did not start")
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
