"""In which downloaded files is this person? python -m tests.bench drawer [--files 100] [--rows 100000].

Files of people with an export key, an e-mail address and a number each, indexed as the worker does it, in a process of
its own; then people are looked for in all of them, half of whom are in some and half in none. Then one large file is
indexed (--large 10000000).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

BYTES, LOOK_UP, MEMORY = 100.0, 30.0, 300.0  # the targets: bytes a key, ms at the 95th percentile, MB of the making
LOOKS = 400
AUDIENCE = 400_000  # different people that the files are drawn from


def main(words: list[str]) -> int:
    """Print the report; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench drawer")
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--large", type=int, default=10_000_000, help="rows of the large file; 0 for none")
    parser.add_argument("--once", type=int, nargs=2, metavar=("FILES", "ROWS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    folder = Path(tempfile.gettempdir(), f"consent-desk-bench-{os.getuid()}", "drawer")
    if arguments.once:
        print(json.dumps(_made(folder, *arguments.once)))
        return 0
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    made = _in_a_process(folder, arguments.files, arguments.rows)
    per_key, slowest = _asked(folder, arguments.files * arguments.rows)
    is_met = per_key <= BYTES and slowest <= LOOK_UP and made["peak"] <= MEMORY
    if arguments.large:
        large = _in_a_process(folder, 1, arguments.large)
        is_met = is_met and large["peak"] <= MEMORY
    return 0 if is_met else 1


def _in_a_process(folder: Path, files: int, rows: int) -> dict[str, float]:
    """Make files and their indexes in a fresh process and database; report what it took."""
    _empty(folder)
    words = [sys.executable, "-m", "tests.bench", "drawer", "--once", str(files), str(rows)]
    made: dict[str, float] = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
    speed = files * rows / made["cpu"]
    print(
        f"\n{files} × {rows:,} rows indexed: {made['cpu']:.1f} s of processor, {made['seconds']:.1f} s,"
        f" {speed:,.0f} rows/s, peak {made['peak']:.0f} MB (wanted {MEMORY:.0f})"
    )
    print(f"  lapses among all of them: {made['lapses']:.1f} s; the index of one file is {made['bytes'] / 1e6:.1f} MB")
    return made


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)


def _set_up(folder: Path) -> None:
    os.environ.update(
        DJANGO_SETTINGS_MODULE="project.settings",
        DEMO="1",
        DATA_DIR=str(folder),
        DATABASE_URL=f"sqlite:///{folder}/bench.sqlite3",
        LOG_LEVEL="WARNING",
    )
    import django

    django.setup()


# ── Making ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _made(folder: Path, files: int, rows: int) -> dict[str, float]:
    """Index files of so many rows in this process; return what it took, and the bytes of the last index."""
    _set_up(folder)
    from django.core.files.storage import default_storage
    from django.core.management import call_command
    from django.utils import timezone

    from exports import actions, indexing
    from exports.models import Indexing
    from people import lapses
    from people.models import FileIndex
    from runs.claims import claim
    from tests.bench.memory import peak_of

    call_command("migrate", verbosity=0)
    segment = _segment()
    renew, lapses.renew = lapses.renew, lambda row, alive: None  # measured by itself, below
    cpu = seconds = 0.0
    for number in range(files):
        run = _run(segment, number, rows)
        actions.index(run, by=segment.owner, now=timezone.now())
        asked = claim(Indexing.objects.all(), Indexing.objects.latest("pk").pk, queue="files", now=timezone.now())
        assert asked is not None
        began, processor = time.monotonic(), time.process_time()
        indexing.make(asked, timezone.now)
        cpu, seconds = cpu + time.process_time() - processor, seconds + time.monotonic() - began
        assert asked.status == "succeeded", asked.code
        default_storage.delete(run.file.storage_name)  # only what is left after the file counts
    newest = FileIndex.objects.latest("pk")
    began = time.monotonic()
    renew(newest, lambda: None)
    size = default_storage.size(newest.storage_name)
    took = time.monotonic() - began
    return {"cpu": cpu, "seconds": seconds, "lapses": took, "bytes": size, "peak": peak_of("self") / 1e6}


def _segment() -> Any:
    from django.utils import timezone

    from accounts.models import Credential, User, VendorAccount
    from exports.models import SavedSegment
    from exports.spec import EMAIL, SMS, Choice, ColumnChoice, ConsentSpec, TopicChoice

    account = VendorAccount.objects.create(name="Nordlys Handel")
    person = User.objects.create_user("anna", "anna@example.com")
    Credential.objects.create(owner=person, account=account, client_id="c", sealed_secret="s", last_four="cret")
    spec = ConsentSpec(
        section=Choice("s", "Nordic"),
        topics=(TopicChoice("t", "News"),),
        channels=(ColumnChoice(EMAIL, "Email", column="EmailConsent"), ColumnChoice(SMS, "SMS", column="SmsConsent")),
        attributes=(
            ColumnChoice("1", "Email", column="Email", discriminator="com.apsis1.attributes.email"),
            ColumnChoice("2", "Mobile", column="Mobile", discriminator="com.apsis1.attributes.mobile"),
        ),
    )
    now = timezone.now()
    return SavedSegment.objects.create(
        owner=person, account=account, name="Spring", spec=spec.to_json(), created_at=now, changed_at=now
    )


def _run(segment: Any, number: int, rows: int) -> Any:
    """Make a run that brought home a file of so many people, drawn from the audience."""
    from django.core.files.storage import default_storage
    from django.utils import timezone

    from exports.models import ExportFile, ExportRun

    name, now = f"exports/bench/{number}", timezone.now() - timedelta(hours=1) + timedelta(seconds=number)
    chance = random.Random(number)
    people = range(rows) if rows > AUDIENCE else chance.sample(range(AUDIENCE), rows)
    with default_storage.open(name, "wb") as to:
        to.write(b"key,EmailConsent,SmsConsent,Email,Mobile\n")
        for first in range(0, rows, 10_000):
            to.write("".join(_line(person, chance) for person in people[first : first + 10_000]).encode())
        length = to.tell()
    file = ExportFile.objects.create(
        storage_name=name, encoding="", media_type="text/csv", received_length=length, received_sha256="",
        content_length=length, content_sha256="", row_count=rows, counts={}, made_at=now, expires_at=now + timedelta(7),
        header=["key", "EmailConsent", "SmsConsent", "Email", "Mobile"],
    )  # fmt: skip
    return ExportRun.objects.create(
        owner=segment.owner, account=segment.account, segment=segment, version_no=1, spec=segment.spec, file=file,
        credential=segment.owner.credentials.get(), spec_digest="", code="ready", status="succeeded", created_at=now,
        changed_at=now, requested_at=now, finished_at=now,
    )  # fmt: skip


def _line(person: int, chance: random.Random) -> str:
    email, number = f"person{person}@example.com", f"+46000{person:08}"
    agreed, by_sms = (email if chance.random() < 0.6 else ""), (number if chance.random() < 0.3 else "")
    return f"{person:08x}-5b1c-4f0e-9a51-{person:012x},{agreed},{by_sms},{email},{number}\n"


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _asked(folder: Path, people: int) -> tuple[float, float]:
    """Look for people by address, number and key at once; return the bytes a person, and the 95th percentile in ms."""
    _set_up(folder)
    from django.conf import settings
    from django.db.models import Sum
    from django.utils import timezone

    from people import addresses, drawer
    from people.models import FileIndex

    chance, since = random.Random(7), timezone.now() - timedelta(days=30)
    times, found = [], 0
    for number in range(LOOKS):
        person = chance.randrange(AUDIENCE) + AUDIENCE * (number % 2)
        who = [addresses.email(f"person{person}@example.com"), addresses.phone(f"+46000{person:08}")]
        began = time.perf_counter()
        held = drawer.holding(who, [f"{person:08x}-5b1c-4f0e-9a51-{person:012x}"], since=since).held
        times.append(1000 * (time.perf_counter() - began))
        found += len(held)
        assert bool(held) <= (person < AUDIENCE), "somebody was found who is in no file"
    times.sort()
    stored = sum(
        path.stat().st_size for path in (Path(settings.DATA_DIR) / "files" / "drawer").rglob("*") if path.is_file()
    )
    entries = FileIndex.objects.aggregate(n=Sum("entries"))["n"]
    slowest = times[LOOKS * 95 // 100]
    print(
        f"  {people:,} people, {entries:,} keys, {stored / 1e6:.0f} MB: {stored / entries:.1f} bytes a key"
        f" (wanted {BYTES:.0f}), {stored / people:.1f} a person"
    )
    print(
        f"  looked for by three keys in all files: median {times[LOOKS // 2]:.1f} ms, 95th percentile {slowest:.1f} ms"
        f" (wanted {LOOK_UP:.0f}), slowest {times[-1]:.1f} ms; {found:,} found"
    )
    return stored / entries, slowest
