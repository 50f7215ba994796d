"""What it costs to make an event export readable: python -m tests.bench events [--mb 1500] [--fit 400].

One pass from JSON to both tables and all figures; the same tables by json.load and csv, on a size that fits into
memory, in turn; then a workbook beside openpyxl's write-only mode with lxml. Processor time, for what others do slows
all of them.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import IO, Any
from zoneinfo import ZoneInfo

from exports.events import forms
from exports.events.names import EventType, Field, Names
from exports.events.tables import fields_of
from tests.bench.memory import peak_of

SPEED, PEAK = 22.0, 150  # MB/s at least, MB at most
RATIO, SHARE = 1.3, 50  # of json.load and csv: times its throughput, and the part of its memory
BOOK_RATIO, BOOK_PEAK = 4.0, 80
EVENTS = 1_000_000  # in the workbook
CHUNK = 64 * 1024
MADE = 1  # counted up when the file becomes another
POOL = 4_096  # different people
ZONE = "Europe/Stockholm"

FIELDS = ("activityId", "messageName", "position")
NAMES = Names(
    sections={"4711": "Webshop"},
    attributes={
        "1852749": Field("Email", "attribute", "4711"),
        "1852750": Field("Name", "attribute", "4711"),
        "1852751": Field("Points", "attribute", "4711"),
        "90311": Field("Regular", "tag", "4711"),
    },
    events={
        "99120": EventType("example.sent", "Letter sent", FIELDS),
        "99121": EventType("example.click", "Link clicked", (*FIELDS, "url", "isMobile")),
        "99122": EventType("example.bought", "Bought", (*FIELDS, "amount", "currency")),
        "99123": EventType("example.opened", "Letter opened", FIELDS),
        "99124": EventType("example.left", "Unsubscribed", FIELDS),
    },
)
HOW = forms.How(NAMES, ZONE, identifying=["1852749"])


def main(words: list[str]) -> int:
    """Print the report; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench events")
    parser.add_argument("--mb", type=int, default=1500)
    parser.add_argument("--fit", type=int, default=400, help="MB that json.load takes whole")
    parser.add_argument("--rounds", type=int, default=3, help="of each comparison, in turn")
    parser.add_argument("--once", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    if arguments.once:
        print(json.dumps(_once(arguments.once[0], Path(arguments.once[1]))))
        return 0
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    passed = _whole(arguments.mb)
    compared = _compared("pass", "json.load", arguments.fit, arguments.rounds)
    print(f"  wanted {RATIO} times the throughput at 1/{SHARE} of the memory")
    booked = _compared("workbook", "openpyxl", None, arguments.rounds)
    print(f"  wanted {BOOK_RATIO} times the throughput, {BOOK_PEAK} MB at most")
    met = passed and compared[0] >= RATIO and compared[1] >= SHARE
    return 0 if met and booked[0] >= BOOK_RATIO and booked[2] <= BOOK_PEAK else 1


def _whole(mb: int) -> bool:
    path = made(mb * 1_000_000)
    size = path.stat().st_size / 1e6
    found = _measured("pass", path)
    speed = size / found["cpu"]
    print(f"\n{size:,.0f} MB, {found['events']:,.0f} events of {found['profiles']:,.0f} profiles, one pass")
    print(f"  {found['cpu']:.1f} s of processor, {speed:.1f} MB/s (wanted {SPEED}), peak {found['peak']:.0f} MB")
    return speed >= SPEED and found["peak"] <= PEAK


def _compared(ours: str, theirs: str, mb: int | None, rounds: int) -> tuple[float, float, float]:
    """Return how many times as fast we are, and how many times as small, and our peak in MB."""
    path = made(mb * 1_000_000 if mb else None)
    size = path.stat().st_size / 1e6
    seen: dict[str, list[dict[str, float]]] = {ours: [], theirs: []}
    for _ in range(rounds):
        for name, runs in seen.items():
            runs.append(_measured(name, path))
    print(f"\n{size:,.0f} MB, {seen[ours][0]['events']:,.0f} events; medians of {rounds}")
    for name, runs in seen.items():
        cpu, peak = median(run["cpu"] for run in runs), max(run["peak"] for run in runs)
        print(f"  {name:<10} {cpu:6.1f} s of processor, {size / cpu:6.1f} MB/s, peak {peak:.0f} MB")
    pairs = list(zip(seen[ours], seen[theirs], strict=True))
    assert all(our["events"] == their["events"] for our, their in pairs)
    ratio, share = (median(their[what] / our[what] for our, their in pairs) for what in ("cpu", "peak"))
    print(f"  {ratio:.2f} times as fast, in 1/{share:.0f} of the memory")
    return ratio, share, max(run["peak"] for run in seen[ours])


def _measured(name: str, path: Path) -> dict[str, float]:
    words = [sys.executable, "-m", "tests.bench", "events", "--once", name, str(path)]
    found: dict[str, float] = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
    return found


def _once(name: str, path: Path) -> dict[str, float]:
    """Do one thing in this process; return its processor seconds, its peak in MB, and what it found."""
    does = {"pass": _pass, "json.load": _by_json_load, "workbook": _workbook, "openpyxl": _by_openpyxl}[name]
    began = time.process_time()
    with tempfile.TemporaryFile() as one, tempfile.TemporaryFile() as two:
        events, profiles = does(path, one, two)
    cpu = time.process_time() - began
    return {"cpu": cpu, "peak": peak_of("self") / 1e6, "events": events, "profiles": profiles}


def _pass(path: Path, one: IO[bytes], two: IO[bytes]) -> tuple[int, int]:
    found = forms.csv([_chunks(path)], HOW, events=one, profiles=two)
    return found.events, found.profiles


def _workbook(path: Path, one: IO[bytes], _two: IO[bytes]) -> tuple[int, int]:
    at = datetime.now(tz=UTC)
    found = forms.workbook([_chunks(path)], one, HOW, about=lambda _made: [["Bench"]], at=at, most=path.stat().st_size)
    return found.events, found.profiles


def _by_openpyxl(path: Path, one: IO[bytes], two: IO[bytes]) -> tuple[int, int]:
    """Write the same cells by openpyxl; the tables come from our own pass, by way of CSV."""
    import openpyxl
    from openpyxl.xml import lxml_available

    assert lxml_available(), "the comparison is with lxml: pip install lxml"
    with tempfile.TemporaryFile() as three:
        found = forms.csv([_chunks(path)], HOW, events=two, profiles=three)
        book = openpyxl.Workbook(write_only=True)
        for name, file in (("Events", two), ("Profiles", three)):
            sheet = book.create_sheet(name)
            file.seek(0)
            for row in csv.reader(line.decode() for line in file):
                sheet.append(row)
        book.save(one)
    return found.events, found.profiles


def _by_json_load(path: Path, one: IO[bytes], two: IO[bytes]) -> tuple[int, int]:
    """Write the same tables as one does in an afternoon: all in memory, no figures, nothing checked."""
    zone, fields, made = ZoneInfo(ZONE), fields_of(NAMES), [0, 0]
    with path.open(encoding="utf-8") as file:
        profiles = json.load(file)["profiles"]
    with (
        open(one.fileno(), "w", newline="", encoding="utf-8", closefd=False) as events_to,
        open(two.fileno(), "w", newline="", encoding="utf-8", closefd=False) as profiles_to,
    ):
        events, people = csv.writer(events_to), csv.writer(profiles_to)
        for key, profile in profiles.items():
            for id, section in profile["sections"].items():
                counts: dict[str, int] = {}
                for row in _bare_rows(key, NAMES.section(id), section, fields, zone, counts):
                    events.writerow(row)
                    made[0] += 1
                held = section["attributes"]
                people.writerow([
                    key, NAMES.section(id), *(held[one]["value"] if one in held else "" for one in NAMES.attributes),
                    sum(counts.values()), *(counts.get(type, 0) for type in NAMES.event_names()),
                ])  # fmt: skip
                made[1] += 1
    return made[0], made[1]


def _bare_rows(
    key: str, section: str, found: dict[str, Any], fields: list[str], zone: ZoneInfo, counts: dict[str, int]
) -> Iterator[list[Any]]:
    email, seen = found["attributes"].get("1852749", {}).get("value", ""), set()
    for event in found.get("events", ()):
        known, data = NAMES.events[event["typeId"]], event["data"]
        delivery = (known.key, event["correlationId"])
        is_retry = delivery in seen
        seen.add(delivery)
        counts[known.key] = counts.get(known.key, 0) + (not is_retry)
        at, local = event["sourceEventTime"], _bare_time(event["sourceEventTime"], zone)
        yield [
            key, section, email, known.name, event["typeId"], local[:10] if at else "", local, _bare_time(at, UTC),
            _bare_time(event["createdAt"], UTC), event["correlationId"], "yes" if is_retry else "",
            "" if is_retry else "1", *(data.get(name, "") for name in fields), "",
        ]  # fmt: skip


def _bare_time(ms: int, zone: Any) -> str:
    return datetime.fromtimestamp(ms / 1000, zone).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] if ms else "not recorded"


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


# ── The file ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def made(length: int | None) -> Path:
    """Return an event export of about so many bytes, or of EVENTS events, from earlier or made now."""
    folder = Path(tempfile.gettempdir(), f"consent-desk-bench-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"events-{MADE}-{length or 'book'}.json"
    if not path.exists():
        half = path.with_suffix(".half")
        with half.open("wb") as file:
            _write(file, length)
        half.rename(path)
    return path


def _write(file: IO[bytes], length: int | None) -> None:
    chance = random.Random(1)
    pool = [_person(chance) for _ in range(POOL)]
    file.write(b'{"profiles":{')
    number = events = 0
    while events < EVENTS if length is None else file.tell() < length:
        body, many = pool[number * 40_503 % POOL]
        key = number * 0x9E3779B97F4A7C15 % 2**64
        file.write(b'%s"%016x-%016x":%s' % (b"," if number else b"", key, number, body))
        number, events = number + 1, events + many
    file.write(b"}}")


def _person(chance: random.Random) -> tuple[bytes, int]:
    """Return a profile, and how many events it has."""
    events = [_event(chance) for _ in range(chance.randrange(36))]
    attributes: dict[str, Any] = {
        "1852749": {"value": f"person{chance.randrange(10**7)}@example.com"},
        "1852750": {"value": chance.choice(("Åsa", "Anna", "Jonas", "Björn"))},
        "1852751": {"value": chance.randrange(100)},
    }
    if chance.random() < 0.3:
        attributes["90311"] = {"value": None}
    profile = {"sections": {"4711": {"attributes": attributes, "events": events}}}
    return json.dumps(profile, ensure_ascii=False, separators=(",", ":")).encode(), len(events)


def _event(chance: random.Random) -> dict[str, Any]:
    type_id = chance.choice(list(NAMES.events))
    at = 1_777_593_600_000 + chance.randrange(90 * 24 * 3_600_000)
    letters = (
        "Vårens nyheter – 20 % på allt",
        "Tack för ditt köp",
        "Hej, glömde du något?",
        "Spring news",
        "Bara i dag",
    )
    data: dict[str, Any] = {
        "activityId": str(chance.randrange(10**6)),
        "messageName": chance.choice(letters),
        "position": chance.randrange(20),
    }
    if type_id == "99121":
        shelf = f"{chance.choice(('shop', 'news', 'club'))}/{chance.randrange(60)}"
        data["url"] = f"https://www.example.com/{shelf}?utm_source=letter&utm_campaign=spring"
        data["isMobile"] = chance.random() < 0.5
    if type_id == "99122":
        data |= {"amount": round(chance.random() * 1000, 2), "currency": "SEK"}
    return {
        "correlationId": f"{chance.getrandbits(128):032x}",
        "sourceEventTime": at if chance.random() > 0.02 else 0,
        "typeId": type_id,
        "createdAt": at + chance.randrange(5_000),
        "data": data,
    }
