"""How ten thousand waiting runs are polled: python -m tests.bench waiting (docs/benchmarks.md).

The vendor never gets ready, and every run is due once in five minutes. Measured: how late each is asked about, and what
tick, polls and beat cost meanwhile.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import tempfile
import time
from contextlib import ExitStack
from datetime import timedelta
from statistics import median, quantiles
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from exports.models import ExportRun

EVERY = 300.0  # seconds between two questions about one run
LATE, COST = 2.0, 0.25  # the targets: seconds at the 95th percentile, of one core


def main(words: list[str]) -> int:
    """Print the report; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench waiting", description="How runs that wait are polled.")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=120, help="how long to measure")
    arguments = parser.parse_args(words)
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
        os.environ.update(DEMO="1", DATA_DIR=folder, LOG_LEVEL="WARNING", PYTHONWARNINGS="ignore")
        os.environ.update(RUN_SLOWEST_POLL=str(EVERY), DJANGO_SETTINGS_MODULE="project.settings")
        os.environ.update(SANDBOX_PREPARE_SECONDS="1000000", SANDBOX_POLLS_PER_MINUTE="0", SANDBOX_PENDING_EXPORTS="0")
        os.environ.update(SANDBOX_TOKENS_PER_MINUTE="0", SANDBOX_EXPORTS_PER_SECOND="0")
        os.environ.update(SANDBOX_CALLS_PER_SECOND="0")
        django.setup()
        return measure(arguments.runs, arguments.accounts, arguments.seconds)


def measure(many: int, accounts: int, seconds: float) -> int:
    """Let a worker and beat run over the waiting runs for a while; print what was seen."""
    from supervisor import programs
    from tests.bench import desk
    from tests.bench.memory import seconds_of

    with ExitStack() as stack:
        stack.enter_context(desk.broker())
        url = stack.enter_context(desk.sandbox())
        due = waiting(url, many, accounts, warm=20.0)
        started = time.monotonic()
        processes = [stack.enter_context(desk.running(program.command)) for program in (programs.CALLS, programs.BEAT)]
        time.sleep(20)  # what starting costs is another matter
        before, began = sum(seconds_of(process.pid) for process in processes), time.monotonic()
        time.sleep(seconds)
        cost = (sum(seconds_of(process.pid) for process in processes) - before) / (time.monotonic() - began)
        return report(due, cost, time.monotonic() - started)


def waiting(url: str, many: int, accounts: int, *, warm: float, every: float = EVERY) -> dict[int, float]:
    """Make runs that the vendor prepares, due at random within `every` seconds; return when, by run."""
    from django.utils import timezone

    from exports.models import ExportRun
    from tests.bench import desk

    now = timezone.now()
    due: dict[int, float] = {}
    for number in range(accounts):
        first = desk.Desk(url, name=f"Account {number}").asked()
        spec, kept = first.spec_digest, []
        for _ in range(many // accounts):
            at = now + timedelta(seconds=warm + random.uniform(0, every))
            kept.append(copy_of(first, at, digest=f"{spec[:40]}{len(kept)}"))
        for run in ExportRun.objects.bulk_create(kept):
            due[run.pk] = run.due_at.timestamp()
        first.refresh_from_db()
        ExportRun.objects.filter(pk=first.pk).update(due_at=now + timedelta(days=1))
    return due


def copy_of(first: ExportRun, at: object, *, digest: str) -> ExportRun:
    """Return one more run that waits for the same export."""
    from exports.models import ExportRun

    names = [field.attname for field in ExportRun._meta.concrete_fields if field.name not in ("id", "uuid")]
    fields = {name: getattr(first, name) for name in names}
    return ExportRun(**fields | {"due_at": at, "poll_count": 30, "spec_digest": digest, "lease_until": None})


def report(due: dict[int, float], cost: float, lasted: float) -> int:
    """Print how late runs were asked about, and the cost; return 1 when a target is missed."""
    from exports.models import ExportLine

    asked = ExportLine.objects.filter(code="still_preparing", run__in=due).values_list("run", "at")
    late = sorted(at.timestamp() - due[run] for run, at in asked.iterator())
    worst = quantiles(late, n=20)[-1]
    print(f"{len(due):,} runs, each due every {EVERY:.0f} s; {len(late):,} questions in {lasted:.0f} s")
    print(f"  late      median {median(late):.2f} s, p95 {worst:.2f} s, most {late[-1]:.2f} s (wanted p95 {LATE} s)")
    print(f"  cost      {cost:.1%} of a core for worker and beat (wanted {COST:.0%})")
    return 0 if worst <= LATE and cost <= COST else 1
