"""The machine's steps of an export run (docs/run-states.md draws them).

Each call of `advance` makes one vendor call, outside any transaction, and then writes once. What comes back from the
vendor is written down before anything else happens. A step that is repeated because a process died does no harm.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import database, limits, vault
from exports import wanted
from exports.endings import cancel, give_up
from exports.events import whole
from exports.fetching import fetch
from exports.kinds import Kind
from exports.models import ExportRun
from exports.troubles import take
from runs import asking, line, nudges
from runs.heartbeat import Clock
from runs.waits import FIRST_POLL, GivenUp, poll_pause
from upstream.apsis.client import Apsis
from upstream.apsis.reports import Preparing, Requested, Style
from upstream.errors import UpstreamError

POLL_LIFE = timedelta(days=1)  # S0: the poll URL is valid for 1 day


def advance(run: ExportRun, client: Apsis, *, clock: Clock = timezone.now) -> None:
    """Take one step of a claimed run. Raises StaleRun when the claim has ended meanwhile."""
    if run.cancel_asked_at:
        return cancel(run, now=clock())
    try:
        if run.ready_at and run.segment.kind == Kind.EVENTS and whole.is_here(run):
            whole.join(run, clock)
        elif run.ready_at:
            fetch(run, client, _link(run), clock)
        elif run.sealed_poll_url:
            _poll(run, client, clock)
        else:
            _request(run, client, clock)
    except UpstreamError as error:
        take(error, run, now=clock())
    except GivenUp as end:
        give_up(run, end.code, now=clock(), **end.facts)


# ── Requesting ───────────────────────────────────────────────────────────────────────────────────────────────────


def _request(run: ExportRun, client: Apsis, clock: Clock) -> None:
    if not asking.is_ready(run, now=clock()):
        return
    # Before the intention: whoever dies while signing in, or is refused there, has asked nothing.
    try:
        client.sign_in()
    except UpstreamError as error:
        return take(error, run, now=clock(), has_asked=False)
    asking.intend(run, now=clock())
    started = time.monotonic()
    requested = client.request_export(wanted.of(run))
    now, took_ms = clock(), _ms(started)
    # Until this is written down, only we know where the export will be; without it, a second one would be asked for.
    database.outlast(lambda: _keep_link(run, requested, now=now, took_ms=took_ms), seconds=settings.RUN_LEASE)
    limits.passed(run.account, run.asks.figures)


def _keep_link(run: ExportRun, requested: Requested, *, now: datetime, took_ms: int) -> None:
    """Write down that the vendor prepares an export, and where it will be."""
    poll_ends_at = now + POLL_LIFE
    with transaction.atomic():
        run.wait(
            "preparing",
            now=now,
            until=now + timedelta(seconds=FIRST_POLL),
            sealed_poll_url=vault.seal(requested.poll_url),
            poll_style=requested.style,
            poll_ends_at=poll_ends_at,
            poll_count=0,
            requested_at=now,
            trouble_count=0,
        )
        run.add_line("requested", now=now, took_ms=took_ms, until=poll_ends_at.isoformat())


# ── Polling ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _poll(run: ExportRun, client: Apsis, clock: Clock) -> None:
    started = time.monotonic()
    answer = client.poll(*_link(run))
    now = clock()
    count = run.poll_count + 1
    if isinstance(answer, Preparing):
        assert run.poll_ends_at is not None
        if now >= run.poll_ends_at:
            return give_up(run, "never_ready", now=now)
        until = now + poll_pause(count, answer.retry_after)
        with transaction.atomic():
            run.wait("preparing", now=now, until=until, poll_count=count, trouble_count=0)
            run.add_line("still_preparing", now=now, took_ms=_ms(started), count=count)
        return
    with transaction.atomic():
        run.wait("to_fetch", now=now, until=now, poll_count=count, ready_at=now, trouble_count=0)
        run.add_line("ready_upstream", now=now, took_ms=_ms(started), count=count)
        nudges.poke(run)
        line.call_next(run, now=now)


def _link(run: ExportRun) -> tuple[str, Style]:
    """Return the poll URL and which kind it is."""
    return vault.unseal(run.sealed_poll_url), cast(Style, run.poll_style)


def _ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
