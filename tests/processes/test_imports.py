"""Imports whose worker or web dies at each stage: nothing is lost, and nothing is uploaded twice.

The sandbox's own count of imports and files is the proof; what is allowed is in docs/import-states.md.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import openpyxl
import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from accounts.models import VendorAccount
from imports import actions, receiving
from imports.draft import Draft
from imports.models import Check, Comparison, Import, ImportPart, Upload
from runs.models import Status
from tests.imports import made
from tests.processes.conftest import ASK_AGAIN, Desk
from tests.processes.program import Program
from tests.processes.rows import expire, later, until

FEW, MANY = 40, 60_000  # rows: a file that any buffer holds whole, and one of some megabytes that none does


def people(rows: int) -> str:
    return "email,mobile\n" + "".join(f"person.{n}@example.com,46000{n:06}\n" for n in range(rows))


def drawn(desk: Desk, text: str, **more: Any) -> Draft:
    """Bring a file as far as its check, at an account of its own that lists the sandbox's storage."""
    account = desk.segment().account
    storage = f"http://localhost:{urlsplit(desk.sandbox_url).port}"
    VendorAccount.objects.filter(pk=account.pk).update(upload_hosts=storage)
    return made.draft(account.credentials.select_related("account").get(), text, **more)


def checked(desk: Desk, draft: Draft) -> Check:
    return until(actions.check(draft), lambda check: check.is_over, desk)


def sent(desk: Desk, rows: int) -> ImportPart:
    """Confirm a file, and return its one part."""
    draft = drawn(desk, people(rows))
    whole: Import = actions.confirm(draft, checked(desk, draft), by=desk.anna)
    return whole.parts.get()


def program(desk: Desk, name: str) -> Program:
    return {"calls": desk.calls, "files": desk.files}[name]


# Which call is held, and when; who dies of it; how many rows; how many imports are asked for then.
PLACES = [
    pytest.param("import", "before", "calls", FEW, 2, id="before the request"),
    pytest.param("import", "after", "calls", FEW, 2, id="after the request"),
    pytest.param("upload", "before", "files", FEW, 1, id="the file sent and not taken yet"),
    pytest.param("upload", "before", "files", MANY, 1, id="within the file"),
    pytest.param("upload", "after", "files", FEW, 1, id="the file taken and not confirmed"),
    pytest.param("import_status", "before", "calls", FEW, 1, id="before it is counted"),
    pytest.param("import_status", "after", "calls", FEW, 1, id="after it is counted"),
]


@pytest.mark.parametrize(("endpoint", "when", "dies", "rows", "asked"), PLACES)
def test_a_worker_killed_on_the_way(desk: Desk, endpoint: str, when: str, dies: str, rows: int, asked: int) -> None:
    held = desk.hold(endpoint, when)
    part = sent(desk, rows)
    held.reached()
    program(desk, dies).kill()
    held.release()
    part.refresh_from_db()
    expire(part)
    program(desk, dies).start()
    if endpoint == "import":
        until(part, lambda part: part.code == "answer_lost", desk)
        assert desk.asked()["import"] == 1, "not in the dark"
        later(part, ASK_AGAIN)
    part = until(part, lambda part: part.is_over, desk)
    assert (part.status, part.code) == (Status.SUCCEEDED, "counted"), part.facts
    assert (part.created or 0) + (part.updated or 0) + (part.unchanged or 0) == rows
    there = desk.control("GET", "imports")["items"]
    assert len(there) == asked
    assert sorted(one["uploads"] for one in there) == [0] * (asked - 1) + [1], "one file, to one place"


def test_the_web_killed_within_an_upload(desk: Desk) -> None:
    data = people(MANY).encode()
    half, piece = len(data) // 2, len(data) // 4
    upload = _begun(desk)
    at = reverse("imports:upload_piece", args=[upload.pk])

    def put(browser: httpx.Client, content: Any, *, begin: int, length: int) -> httpx.Response:
        told = {"X-File-Name": "people.csv", "X-File-Length": str(len(data)), "X-File-At": str(begin)}
        kind = {"Content-Type": "application/octet-stream", "Content-Length": str(length)}
        return browser.post(at, content=content, headers=told | kind)

    def cut_short() -> Iterator[bytes]:
        yield data[half : half + piece // 2]
        desk.web.kill()
        yield data[half + piece // 2 : half + piece]

    desk.web.start()
    desk.until_web_answers()
    with desk.browser() as browser:
        assert put(browser, data[:half], begin=0, length=half).json() == {"received": half}
        with pytest.raises(httpx.HTTPError):
            put(browser, cut_short(), begin=half, length=piece)
    desk.web.start()
    desk.until_web_answers()
    with desk.browser() as browser:
        # Whoever comes back asks how much is there, and goes on behind it.
        here = put(browser, b"", begin=0, length=0).json()["received"]
        assert half <= here < half + piece
        whole = put(browser, data[here:], begin=here, length=len(data) - here).json()
    assert whole["received"] == len(data)
    upload.refresh_from_db()
    assert upload.sha256 == hashlib.sha256(data).hexdigest()
    with default_storage.open(upload.storage_name) as file:
        assert hashlib.sha256(file.read()).hexdigest() == upload.sha256


def _begun(desk: Desk) -> Upload:
    draft = drawn(desk, people(1))
    way = draft.way
    return actions.begin(
        by=desk.anna,
        credential=draft.upload.credential,
        purpose=draft.upload.purpose,
        section=(draft.upload.section, draft.upload.section_name),
        way=way,
    )


def test_a_worker_killed_within_a_check(desk: Desk) -> None:
    draft = drawn(desk, people(MANY))
    with desk.hanging_disk():
        half = until(actions.check(draft), lambda check: check.status == Status.RUNNING, desk)
        claim_no = half.claim_no
        desk.files.kill()
    expire(half)
    desk.files.start()
    whole = until(half, lambda check: check.is_over, desk)
    assert (whole.status, whole.claim_no > claim_no) == (Status.SUCCEEDED, True)
    assert [part["rows"] for part in whole.parts] == [MANY]
    assert whole.folder.endswith(f"-{whole.claim_no}")


def test_a_worker_killed_while_it_asks_about_people(desk: Desk) -> None:
    draft = drawn(desk, people(FEW), consents=(made.rule(),))
    check = checked(desk, draft)
    held = desk.hold("consents", "before", skip=FEW // 2)
    compared = actions.compare(draft, check)
    assert compared is not None
    held.reached()
    desk.files.kill()
    held.release()
    compared.refresh_from_db()
    expire(compared)
    desk.files.start()
    whole: Comparison = until(compared, lambda one: one.is_over, desk)
    assert whole.status == Status.SUCCEEDED
    assert whole.counts == [{"new": FEW}]


def test_a_worker_killed_while_it_opens_a_spreadsheet(desk: Desk) -> None:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (["email", "mobile"], *([f"person.{n}@example.com", f"46000{n:06}"] for n in range(FEW))):
        book.active.append(row)  # type: ignore[union-attr]
    book.save(out)
    upload = _begun(desk)
    receiving.expect(upload, name="people.xlsx", length=len(out.getvalue()), now=timezone.now())
    receiving.keep(upload, [out.getvalue()], now=timezone.now())
    with desk.hanging_disk():
        half = until(actions.convert(upload), lambda made: made.status == Status.RUNNING, desk)
        claim_no = half.claim_no
        desk.files.kill()
    expire(half)
    desk.files.start()
    whole = until(half, lambda made: made.is_over, desk)
    assert (whole.status, whole.facts["rows"], whole.claim_no > claim_no) == (Status.SUCCEEDED, FEW + 1, True)
    upload.refresh_from_db()
    assert upload.table_name.endswith(f"-{whole.claim_no}")
