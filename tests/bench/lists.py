"""Measure a busy marketer's pages among 100,000 runs, and open run pages that ask whether anything has changed.

    python -m tests.bench lists [--runs 100000] [--anew]

On SQLite, or on the server that DATABASE_URL names; the runs are kept as tests/bench/audit.py keeps its events.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench import database, pages

AT_ONCE = 2_000
SEGMENTS = 200  # of the busy marketer
OPEN = 500  # run pages that are open at the same time
EVERY = 15.0  # seconds between two questions of an open page
MOST_QUERIES = 2  # of such a question


def main(words: list[str]) -> int:
    """Print a line for each page; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench lists")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--anew", action="store_true", help="make the runs again")
    arguments = parser.parse_args(words)
    folder = Path(tempfile.gettempdir(), f"consent-desk-bench-{os.getuid()}", f"lists-{arguments.runs}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    database.named(folder, anew=arguments.anew)
    os.environ.update(DEMO="1", DATA_DIR=str(folder), LOG_LEVEL="WARNING", CACHE_URL="redis://127.0.0.1:1/0")
    pages.set_up()
    from exports.models import ExportRun

    if not ExportRun.objects.exists():
        began = time.monotonic()
        fill(arguments.runs)
        _share()
        database.settle()
        print(f"{arguments.runs:,} runs made in {time.monotonic() - began:.0f} s")
    return max(_lists(), _open_pages())


# ── A hundred thousand runs ──────────────────────────────────────────────────────────────────────────────────────────


def fill(many: int) -> None:
    """Make runs of ten marketers; more than half of them are one person's."""
    from django.contrib.auth.models import Group

    from accounts.models import Credential, User, VendorAccount

    account = VendorAccount.objects.create(name="Nordlys Handel")
    people = []
    for number in range(10):
        person = User.objects.create_user(f"person{number}", f"person{number}@example.com")
        person.groups.add(Group.objects.get(name="Marketer"))
        key = Credential.objects.create(
            owner=person,
            account=account,
            client_id="c",
            sealed_secret="s",
            last_four="cret",
        )
        people.append((person, key, _segments(person, account)))
    _keep(_runs(many, people, account))


def _segments(person: Any, account: Any) -> list[Any]:
    from django.utils import timezone

    from exports.models import SavedSegment

    words = ("Spring", "Summer", "Winter", "Malmö", "Loyalty", "Members", "Newsletter", "Sale", "Opening", "Sköna hem")
    now = timezone.now()
    spec = _spec().to_json()
    SavedSegment.objects.bulk_create(
        SavedSegment(
            owner=person, account=account, spec=spec, created_at=now, changed_at=now,
            name=f"{words[n % 10]} {words[n // 10 % 10].lower()} {n}" if n else "Seldom run",
        )
        for n in range(SEGMENTS)
    )  # fmt: skip
    return list(SavedSegment.objects.filter(owner=person).order_by("pk"))


def _spec() -> Any:
    from exports.spec import EMAIL, SMS, Choice, ColumnChoice, ConsentSpec, TopicChoice

    topics = (
        TopicChoice(f"usercreated.topics.news{n}-aaaaaaaaaa", f"News {n}", folder="f", folder_name="General")
        for n in range(6)
    )
    attributes = (ColumnChoice(str(n), f"Attribute {n}", column=f"Attribute {n}") for n in range(12))
    return ConsentSpec(
        section=Choice("usercreated.sections.nordic-a1b2c3d4e5", "Nordic"),
        topics=tuple(topics),
        channels=(ColumnChoice(EMAIL, "Email", column="EmailConsent"), ColumnChoice(SMS, "SMS", column="SmsConsent")),
        attributes=tuple(attributes),
    )


def _runs(many: int, people: list[Any], account: Any) -> Iterator[tuple[Any, Any]]:
    """Yield runs, each with its file or None: most are ready, some failed, some cancelled, some on their way."""
    from django.utils import timezone

    from exports.models import ExportFile, ExportRun
    from runs.models import Status

    chance, now, digest = random.Random(1), timezone.now(), "0" * 64
    spec = _spec()
    header = ["export_key", "EmailConsent", "SmsConsent", *(f"Attribute {n}" for n in range(12))]
    codes = dict(zip(Status, ("asked", "preparing", "ready", "never_ready", "cancelled"), strict=True))
    for number in range(many):
        person, key, segments = people[0] if chance.random() < 0.6 else chance.choice(people)
        at: datetime = now - timedelta(seconds=(many - number) * 300)
        status = chance.choices(
            [Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.RUNNING],
            [80, 12, 7, 1 if number > many // 2 else 0],
        )[0]
        over = status != Status.RUNNING
        file = None
        if status == Status.SUCCEEDED:
            file = ExportFile(
                storage_name=f"exports/{number}", encoding="gzip", media_type="text/csv", received_length=1_000_000,
                received_sha256=digest, content_length=9_000_000, content_sha256=digest, row_count=48_310,
                header=header, made_at=at, expires_at=at + timedelta(days=7),
                counts={"rows": 48_310, "contactable": 33_870, "consented": {}, "members": {}, "filled": {}},
            )  # fmt: skip
        yield (
            ExportRun(
                owner=person, account=account, credential=key, key_ends_in="cret", status=status,
                segment=segments[chance.randrange(1, SEGMENTS) if number % 5_000 else 0], version_no=1,
                code=codes[status],
                spec=spec.to_json(), spec_digest=f"{number:064}", created_at=at, changed_at=at, started_at=at,
                finished_at=at + timedelta(minutes=6) if over else None, requested_at=at, asked_at=at, attempt=1,
                due_at=None if over else now + timedelta(days=1), sealed_poll_url="sealed" * 30, poll_style="old",
                poll_ends_at=at + timedelta(days=1), version=12, facts={"rows": 48_310, "contactable": 33_870},
            ),
            file,
        )  # fmt: skip


def _keep(made: Iterator[tuple[Any, Any]]) -> None:
    from django.db import transaction

    from exports.models import ExportFile, ExportLine, ExportRun

    for batch in iter(lambda: list(islice(made, AT_ONCE)), []):
        with transaction.atomic():
            files = ExportFile.objects.bulk_create(file for _run, file in batch if file)
            remaining = iter(files)
            for run, file in batch:
                run.file = next(remaining) if file else None
            runs = ExportRun.objects.bulk_create(run for run, _file in batch)
            ExportLine.objects.bulk_create(
                ExportLine(run=run, at=run.created_at + timedelta(seconds=n), code=code, facts={})
                for run in runs
                for n, code in enumerate(("asked", "requested", "still_preparing", "ready_upstream"))
            )


def _share() -> None:
    """Let the busy marketer see every eighth file of others, from an hour after it came."""
    from accounts.models import User
    from exports.models import ExportRun, RunShare
    from runs.models import Status

    person, later = User.objects.get(username="person0"), timedelta(hours=1)
    others = ExportRun.objects.exclude(owner=person).filter(status=Status.SUCCEEDED)
    RunShare.objects.bulk_create(
        (
            RunShare(run_id=pk, segment_id=segment, person=person, shared_at=ended + later)
            for pk, segment, ended in others.values_list("pk", "segment", "finished_at")[::8]
        ),
        batch_size=AT_ONCE,
    )


# ── Measuring ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _client() -> Any:
    from django.test import Client

    from accounts.models import User

    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(User.objects.get(username="person0"))
    return client


def _lists() -> int:
    from exports.listing import PAGE
    from exports.models import ExportRun

    mine = ExportRun.objects.filter(owner__username="person0")
    last = mine.count() // PAGE
    ready = mine.filter(status="succeeded").first()
    addresses = {
        "home": "/",
        "runs": "/runs/",
        "runs: half way down": f"/runs/?page={last // 2}",
        "runs: the oldest": f"/runs/?page={last}",
        "runs: ready": "/runs/?state=ready",
        "runs: failed, the oldest": "/runs/?state=failed&page=200",
        "runs: on their way": "/runs/?state=working",
        "runs: shared": "/runs/?state=shared",
        "runs: shared, the oldest": "/runs/?state=shared&page=150",
        "runs: search, frequent": "/runs/?q=spring",
        "runs: search, rare": "/runs/?q=seldom",
        "runs: search, nothing": "/runs/?q=zebra",
        "runs: search and state": "/runs/?q=malm%C3%B6&state=cancelled",
        "segments": "/segments/",
        "segments: ready last time": "/segments/?last=ready",
        "segments: search": "/segments/?q=newsletter",
        "a run": f"/runs/{ready.pk}/",
        "a segment's history": f"/segments/{ready.segment_id}/history/",
    }
    return pages.measure(_client(), addresses, line=b"<tr")


def _open_pages() -> int:
    """Ask as 500 open pages do, of runs that have not changed: at most two queries each, and an empty answer."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from exports.models import ExportRun

    client, queries, statuses, times = _client(), Counter[int](), Counter[int](), []
    waiting = ExportRun.objects.filter(owner__username="person0", status="running")
    at = int(time.time())
    for pk, version in waiting.values_list("pk", "version")[:OPEN]:
        url = f"/runs/{pk}/live/?shown={version}&pace=15&at={at}"
        times.append(pages.milliseconds(lambda url=url: statuses.update([client.get(url).status_code])))
        with CaptureQueriesContext(connection) as asked:
            client.get(url)
        queries[len(asked)] += 1
    load = median(times) * OPEN / EVERY / 1000
    print(f"\n{sum(statuses.values())} open run pages: answers {dict(statuses)}, queries {dict(queries)}")
    print(f"  {median(times):.1f} ms each; every {EVERY:.0f} s that is {load:.0%} of a core")
    return 0 if set(statuses) == {204} and max(queries) <= MOST_QUERIES else 1
