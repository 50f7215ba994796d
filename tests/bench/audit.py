"""Measure the audit history's pages over a million events: python -m tests.bench audit [--events 1000000].

On SQLite, or on the server that DATABASE_URL names. The events are sealed and indexed by the desk's own code, once, and
kept (a file in the temporary folder, a database beside the one named) until --anew asks for others.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.bench import database, pages

AT_ONCE = 5_000


def main(words: list[str]) -> int:
    """Print a line for each way to ask; return 1 when one is slower than wanted."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench audit")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--anew", action="store_true", help="make the events again")
    arguments = parser.parse_args(words)
    folder = Path(tempfile.gettempdir(), f"consent-desk-bench-{os.getuid()}", f"audit-{arguments.events}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    database.named(folder, anew=arguments.anew)
    os.environ.update(DEMO="1", DATA_DIR=str(folder), LOG_LEVEL="WARNING", CACHE_URL="redis://127.0.0.1:1/0")
    os.environ["AUDIT_HEADS"] = str(folder / f"heads-{urlsplit(os.environ['DATABASE_URL']).scheme}.log")
    pages.set_up()
    _fill(arguments.events)
    return _measure()


# ── A million events ─────────────────────────────────────────────────────────────────────────────────────────

FIRST = ("Anna", "Björn", "Cecilia", "Daniel", "Elin", "Fredrik", "Håkan", "Ingrid", "Karin", "Lars", "Åsa", "Örjan")
LAST = ("Berg", "Lind", "Dahl", "Ek", "Öst", "Holm", "Jönsson", "Nyström")
WORDS = ("Spring", "Summer", "Winter", "Malmö", "Loyalty", "Members", "Newsletter", "Sale", "Opening", "Sköna hem")
PURPOSES = ("summer mailing", "quality check", "asked by legal", "print house")


def _people() -> list[Any]:
    from django.contrib.auth.models import Group

    from accounts.models import User

    if not User.objects.exists():
        names = [(first, last) for first in FIRST for last in LAST]
        User.objects.bulk_create(
            User(
                username=f"person{n}", email=f"person{n}@example.com", first_name=first, last_name=last, is_staff=not n
            )
            for n, (first, last) in enumerate(names)
        )
        User.objects.get(username="person0").groups.add(Group.objects.get(name="Auditor"))
    return list(User.objects.order_by("pk"))


def _fill(many: int) -> None:
    from django.utils import timezone

    from audit import sealing
    from audit.models import Event

    people = _people()
    if not Event.objects.exists():
        began, events = time.monotonic(), []
        for number, event in enumerate(_events(many, people), start=1):
            events.append(event)
            if len(events) == AT_ONCE or number == many:
                Event.objects.bulk_create(events)
                events.clear()
        print(f"{many:,} events made in {time.monotonic() - began:.0f} s")
    began, last = time.monotonic(), -1
    from audit import index

    while Event.objects.unsealed().exists() or index.tail() != last:
        last = index.tail()
        sealing.seal(now=timezone.now())
    print(f"sealed and indexed in {time.monotonic() - began:.0f} s")


def _events(many: int, people: list[Any]) -> Iterator[Any]:
    """Yield what a desk of a hundred people does in some years. Refusals and one campaign are all long ago."""
    from django.utils import timezone

    from audit.models import Event

    chance, started = random.Random(1), timezone.now() - timedelta(seconds=many * 60)
    names = [f"{a} {b} {n}" for a in WORDS for b in WORDS for n in range(4)]
    busy = people[:20]
    for number in range(many):
        by = chance.choice(busy) if chance.random() < 0.8 else chance.choice(people)
        run = number // 6
        name = "Bygone campaign" if number < many // 12 and run % 2 else names[run * 7 % len(names)]
        action, target, key, facts = _told(number, run, name, by, chance)
        yield Event(
            at=started + timedelta(minutes=number),
            action="access.denied" if number < many // 10 and number % 50 == 0 else action,
            actor=by,
            actor_name=str(by),
            target=target,
            target_key=key,
            facts=facts,
        )


def _told(number: int, run: int, name: str, by: Any, chance: random.Random) -> tuple[str, str, str, dict[str, Any]]:
    of_run = (f"{name}, run {run}", f"exports.exportrun:{run}")
    match number % 6:
        case 0:
            return ("run.started", *of_run, {"version": 1 + run % 9})
        case 1:
            return ("run.succeeded", *of_run, {"rows": chance.randrange(90_000)})
        case 2 | 3:
            facts = {"rows": chance.randrange(90_000), "form": "content", "purpose": chance.choice(PURPOSES)}
            return ("file.downloaded", *of_run, facts)
        case 4:
            return ("session.signed_in", str(by), f"accounts.user:{by.pk}", {})
    return ("segment.changed", name, f"exports.savedsegment:{run % 400}", {"version": run % 50})


# ── Measuring ────────────────────────────────────────────────────────────────────────────────────────────────


def _asked() -> dict[str, str]:
    """The ways to ask, by the words of the address. Among them those whose answer is old, rare, or nothing."""
    from accounts.models import User
    from audit.models import Event

    somebody, other = User.objects.order_by("pk")[2].pk, User.objects.order_by("pk")[60].pk
    middle = Event.objects.order_by("pk").values_list("pk", "at")[500_000 % Event.objects.count()]
    day = f"{middle[1]:%Y-%m-%d}"
    return {
        "nothing asked": "",
        "half way down": f"before={middle[0]}",
        "newer than half way": f"after={middle[0]}",
        "a busy person": f"person={somebody}",
        "a rare person": f"person={other}",
        "an action": "action=run.started",
        "refusals, all long ago": "view=denied",
        "downloads": "view=downloads",
        "sign-ins": "view=sign-ins",
        "security": "view=security",
        "a kind": "thing=exports.savedsegment",
        "one run": "thing=exports.exportrun:4321",
        "seven days": "period=7",
        "days long ago": f"from={day}&to={day}",
        "search: in all": "q=run",
        "search: frequent": "q=spring",
        "search: å in capitals": "q=MALMÖ",
        "search: all long ago": "q=bygone",
        "search: one run": "q=run+150123",
        "search: nothing": "q=zebra",
        "search: two letters": "q=br",
        "search: letters, no word": "q=ringspr",
        "search: long, nothing": "q=spring+newsletter+for+all+members+of+the+club",
        "person + action + search": f"person={somebody}&action=file.downloaded&q=print+house",
        "person + action + days + search": f"person={somebody}&action=file.downloaded&from={day}&to={day}&q=spring",
        "frequent apart: nothing common": "action=session.signed_in&q=run+1",
        "old person + download + bygone": f"person={other}&view=downloads&q=bygone",
        "refusals + search": "view=denied&q=bygone",
    }


def _measure() -> int:
    from django.test import Client

    from accounts.models import User

    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(User.objects.get(username="person0"))
    addresses = {name: f"/admin/audit/event/?{query}" for name, query in _asked().items()}
    return pages.measure(client, addresses, line=b'class="told"')
