"""Downloads through the real web: one that breaks off and is resumed, and many that take their time."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.files.storage import default_storage

from audit.models import Event
from exports.models import Download, ExportFile, ExportRun
from tests.conftest import IN_CI
from tests.cutting import line
from tests.processes.conftest import Desk

CURL = shutil.which("curl")
LENGTH = 20_000_000
SLOW = 40  # downloads at once
FIRST = 65_536  # bytes that each of them reads before it takes its time


def large(desk: Desk) -> ExportRun:
    """Return a run whose file is larger than all that lies between a server and somebody who does not read."""
    run = desk.until_ready(desk.run())
    assert run.file
    path = Path(default_storage.path(run.file.storage_name))
    content = os.urandom(LENGTH)
    path.write_bytes(content)
    proof = {"received_length": LENGTH, "received_sha256": hashlib.sha256(content).hexdigest()}
    ExportFile.objects.filter(pk=run.file.pk).update(**proof)
    return ExportRun.objects.select_related("file").get(pk=run.pk)


def taken(desk: Desk, run: ExportRun) -> dict[str, str]:
    """Press Download in a browser; return its cookies."""
    with desk.browser() as browser:
        answer = browser.post(f"/runs/{run.pk}/files/received/take/", data={"preset": "mailing"})
        assert answer.headers["Location"] == f"/runs/{run.pk}/files/received/", desk.web.tail()
        return dict(browser.cookies)


def test_a_download_that_broke_off_is_resumed(desk: Desk, tmp_path: Path) -> None:
    if CURL is None:
        (pytest.fail if IN_CI else pytest.skip)("No curl was found. Install Debian's package “curl”.")
    run = large(desk)
    assert run.file
    desk.web.start()
    desk.until_web_answers()
    cookie = f"{settings.SESSION_COOKIE_NAME}={taken(desk, run)[settings.SESSION_COOKIE_NAME]}"
    address = urlsplit(desk.url)
    path, to = f"/runs/{run.pk}/files/received/", tmp_path / "file"
    with line((str(address.hostname), int(address.port or 0)), path, after=LENGTH * 9 // 10) as broken:
        curl = (CURL, "--silent", "--show-error", "--fail", "-C", "-", "-b", cookie, "-o", str(to), broken.url + path)
        first = subprocess.run(curl, capture_output=True, text=True)
        assert first.returncode == 18, f"curl says: {first.stderr}"  # the answer was shorter than it promised
        came = to.stat().st_size
        assert LENGTH * 8 // 10 < came < LENGTH
        second = subprocess.run(curl, capture_output=True, text=True)
    assert second.returncode == 0, second.stderr
    assert hashlib.sha256(to.read_bytes()).hexdigest() == run.file.received_sha256
    assert f"range: bytes={came}-\r\n" in broken.asked[1].lower()
    events = Event.objects.filter(action="file.downloaded", target_key=f"exports.exportrun:{run.pk}")
    assert [event.facts["purpose"] for event in events] == ["mailing"]
    assert Download.objects.filter(grant__file=run.file).count() == 1


def test_while_many_take_their_time_home_still_answers(desk: Desk) -> None:
    run = large(desk)
    web = replace(desk.web, environment={**desk.web.environment, "WEB_THREADS": "64"}, process=None)
    web.start()
    try:
        desk.until_web_answers()
        cookies = "; ".join(f"{name}={value}" for name, value in taken(desk, run).items())
        address = urlsplit(desk.url)
        request = (
            f"GET /runs/{run.pk}/files/received/ HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"Cookie: {cookies}\r\nConnection: close\r\n\r\n"
        )
        with ExitStack() as stack, desk.browser() as browser:
            people = []
            for _number in range(SLOW):
                person = stack.enter_context(socket.create_connection((str(address.hostname), address.port), 40))
                person.sendall(request.encode())
                people.append(person)
            for person in people:
                begin = person.recv(FIRST, socket.MSG_WAITALL)
                assert begin.startswith(b"HTTP/1.1 200 OK"), web.tail()
            for _time in range(5):
                assert browser.get("/").status_code == 200, web.tail()
            last = people[-1]
            rest = sum(map(len, iter(lambda: last.recv(1_000_000), b"")))
            assert FIRST + rest > LENGTH, "who reads on gets all of it"
    finally:
        web.kill()
