"""What a part of a file costs beside the whole: python -m tests.bench range [--mb 1000].

Through gunicorn and the whole desk, over a socket, in turn: the file whole, the last nine tenths of it as a browser
resumes them, and all of it in sixteen parts one after the other. Each pair's ratio is taken in its own round.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from typing import Any

import django

RATIO = 0.8  # the target: of the speed of the whole
PARTS = 16
PIECE = 1 << 20
BLOCK = bytes(range(256)) * 4096  # 1 MiB that repeats: what is inside does not matter to whoever sends it


def main(words: list[str]) -> int:
    """Print the report; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench range")
    parser.add_argument("--mb", type=int, default=1000, help="size of the file, in MiB")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args(words)
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
        os.environ.update(DEMO="1", DATA_DIR=folder, LOG_LEVEL="WARNING", PYTHONWARNINGS="ignore")
        os.environ.update(CACHE_URL="redis://127.0.0.1:1/0", DJANGO_SETTINGS_MODULE="project.settings")
        django.setup()
        return measure(arguments.mb, arguments.rounds)


def measure(mb: int, rounds: int) -> int:
    """Serve a file by turns whole and in parts; print what was seen."""
    from django.core.management import call_command

    from supervisor import programs
    from tests.bench import desk

    call_command("migrate", verbosity=0)
    run, cookie = _ready(mb)
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        web = programs.web(listener)
        stack.enter_context(desk.running(web.command, dict(web.environment), fds=web.fds))
        taker = Taker(listener.getsockname()[1], cookie, f"/runs/{run}/files/received/", mb * PIECE)
        taker.ask()
        seen: dict[str, list[float]] = {"whole": [], "resumed": [], "in parts": []}
        ways: dict[str, Callable[[], int]] = {
            "whole": lambda: taker.take(),
            "resumed": lambda: taker.take(taker.length // 10),
            "in parts": taker.take_in_parts,
        }
        for number in range(rounds + 1):
            for name, way in ways.items():
                began = time.perf_counter()
                taken = way()
                if number:  # the first is for the disk's own memory, and is not counted
                    seen[name].append(taken / (time.perf_counter() - began) / 1e6)
    return report(mb, seen)


def _ready(mb: int) -> tuple[int, str]:
    """Make a run whose file is here; return its number, and the cookie of a browser in which its owner is signed in."""
    from django.conf import settings
    from django.contrib.auth.models import Group
    from django.core.files.storage import default_storage
    from django.test import Client
    from django.utils import timezone

    from accounts.models import Credential, User, VendorAccount
    from exports.models import ExportFile, SavedSegment
    from tests.bench import lists
    from tests.exports import made

    anna = User.objects.create_user("anna", "anna@example.com")
    anna.groups.add(Group.objects.get(name="Marketer"))
    account, now = VendorAccount.objects.create(name="Nordlys Handel"), timezone.now()
    Credential.objects.create(owner=anna, account=account, client_id="c", sealed_secret="s", last_four="cret")
    spec = lists._spec().to_json()
    segment = SavedSegment.objects.create(
        owner=anna, account=account, name="Bench", spec=spec, created_at=now, changed_at=now
    )
    run, digest = made.ready(segment), hashlib.sha256()
    assert run.file
    default_storage.delete(run.file.storage_name)
    with default_storage.open(run.file.storage_name, "wb") as file:
        for _ in range(mb):
            file.write(BLOCK)
            digest.update(BLOCK)
    proof: dict[str, Any] = {"received_length": mb * len(BLOCK), "received_sha256": digest.hexdigest()}
    ExportFile.objects.filter(pk=run.file.pk).update(**proof)
    client = Client()
    client.force_login(anna)
    return run.pk, f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


class Taker:
    """Somebody who downloads, and does nothing with what comes."""

    def __init__(self, port: int, cookie: str, path: str, length: int) -> None:
        self._line = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._path, self.length = path, length
        self._cookie = f"{cookie}; csrftoken={'a' * 32}"
        self._room = bytearray(PIECE)

    def ask(self) -> None:
        """Press Download."""
        token = {"X-CSRFToken": "a" * 32, "Content-Type": "application/x-www-form-urlencoded", "Content-Length": "14"}
        assert self._request("POST", f"{self._path}take/", token, b"preset=mailing") == 302

    def take(self, first: int | None = None, last: int | None = None) -> int:
        """Take a part of the file, or all of it; return how many bytes came."""
        wanted = {} if first is None else {"Range": f"bytes={first}-{'' if last is None else last}"}
        status = self._request("GET", self._path, wanted)
        assert status == (206 if wanted else 200), status
        assert self._came == (last + 1 if last is not None else self.length) - (first or 0)
        return self._came

    def take_in_parts(self) -> int:
        """Take all of it, one part after the other."""
        size = self.length // PARTS
        return sum(
            self.take(number * size, self.length - 1 if number == PARTS - 1 else (number + 1) * size - 1)
            for number in range(PARTS)
        )

    def _request(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> int:
        """Ask, read the answer to its end, and return its status."""
        lines = {"Host": "127.0.0.1", "Cookie": self._cookie, **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._line.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        begun = b""
        while b"\r\n\r\n" not in begun:
            begun += self._line.recv(4096)
        said, _, rest = begun.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in said.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        self._came = len(rest)
        while self._came < length:
            came = self._line.recv_into(self._room)
            assert came, "the answer ended early"
            self._came += came
        return int(said.split()[1])


def report(mb: int, seen: dict[str, list[float]]) -> int:
    """Print each way with its ratio; return 1 when a target is missed."""
    print(f"\n{mb} MiB through gunicorn, medians of {len(seen['whole'])}")
    met = True
    for name, speeds in seen.items():
        ratios = [speed / whole for speed, whole in zip(speeds, seen["whole"], strict=True)]
        met &= name == "in parts" or median(ratios) >= RATIO
        print(
            f"  {name:<9} {median(speeds):7.0f} MB/s ({min(speeds):.0f} – {max(speeds):.0f}),"
            f" {median(ratios):.2f} of the whole ({min(ratios):.2f} – {max(ratios):.2f})"
        )
    print(f"  at least {RATIO} of the whole are wanted of what is resumed; {PARTS} parts show what requests cost")
    return 0 if met else 1
