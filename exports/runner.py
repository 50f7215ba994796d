"""The machine's steps of an export run (docs/run-states.md draws them).

Each call of `advance` makes one vendor call, outside any transaction, and then writes once. What comes back from the
vendor is written down before anything else happens. A step that is repeated because a process died does no harm.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import database, limits, vault
from exports.endings import cancel, give_up
from exports.fetching import fetch
from exports.heartbeat import Clock
from exports.models import ExportLine, ExportRun
from exports.troubles import answer_lost, pause, take
from runs import drain, line, nudges
from runs.models import Status
from upstream.apsis.client import Apsis
from upstream.apsis.exports import Preparing, Requested, Style
from upstream.errors import UpstreamError

POLL_LIFE = timedelta(days=1)  # S0: the poll URL is valid for 1 day
FIRST_POLL, POLL_GROWTH = 2.0, 1.6  # seconds; S0 asks for exponential back-off


def advance(run: ExportRun, client: Apsis, *, clock: Clock = timezone.now) -> None:
    """Take one step of a claimed run. Raises StaleRun when the claim has ended meanwhile."""
    if run.cancel_asked_at:
        return cancel(run, now=clock())
    try:
        if run.ready_at:
            fetch(run, client, _link(run), clock)
        elif run.sealed_poll_url:
            _poll(run, client, clock)
        else:
            _request(run, client, clock)
    except UpstreamError as error:
        take(error, run, now=clock())


# ── Requesting ───────────────────────────────────────────────────────────────────────────────────────────────────


def _request(run: ExportRun, client: Apsis, clock: Clock) -> None:
    now = clock()
    is_again = run.asked_at is not None
    if is_again and not _may_ask_again(run, now):
        return
    if _is_held_back(run, now) or not (is_again or _is_in_turn(run, now)):
        return
    # Before the intention: whoever dies while signing in, or is refused there, has asked nothing.
    try:
        client.sign_in()
    except UpstreamError as error:
        return take(error, run, now=clock(), has_asked=False)
    _intend(run, now=clock(), is_again=is_again)
    started = time.monotonic()
    account = run.account
    requested = client.request_consent_export(run.consent_spec.to_request(consent_version=account.consent_version))
    now, took_ms = clock(), _ms(started)
    # Until this is written down, only we know where the export will be; without it, a second one would be asked for.
    database.outlast(lambda: _keep_link(run, requested, now=now, took_ms=took_ms), seconds=settings.RUN_LEASE)
    limits.passed(account, run.consent_spec.figures)


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


def _is_held_back(run: ExportRun, now: datetime) -> bool:
    """Say whether the desk starts nothing for now; then the run says so too, and keeps its place."""
    if not drain.is_on():
        return False
    with transaction.atomic():
        if (drained := drain.held()) is None:
            return False
        if run.code != line.HELD:
            run.add_line("held_back", now=now)
        # Nobody calls it before that ends, but for one whose question was lost: it stands in no line.
        until = now + timedelta(seconds=line.PATIENCE if run.asked_at else 0)
        run.wait(line.HELD, now=now, until=until, facts={"reason": drained.reason})
    return True


def _is_in_turn(run: ExportRun, now: datetime) -> bool:
    """Say whether the line has come to this run; else it takes its place there."""
    place = line.place(run, now=now)
    if place == 1 and line.has_room(run, now=now):
        return True
    # Whoever is not the first is called once that changes. The first may be called, and looks for itself too.
    until = now + timedelta(seconds=line.PATIENCE if place == 1 else 0)
    with transaction.atomic():
        if run.code != line.WAITING:
            run.add_line("joined", now=now, place=place)
        run.wait(line.WAITING, now=now, until=until, facts=run.facts if run.code == line.WAITING else {})
    return False


def _may_ask_again(run: ExportRun, now: datetime) -> bool:
    """Settle a request whose answer was lost: once more, two minutes after the first. (House rule: intentions.)"""
    assert run.asked_at is not None
    again_at = run.asked_at + timedelta(seconds=settings.RUN_ASK_AGAIN)
    if run.is_asked_twice:
        give_up(run, "answer_lost_twice", now=now)
        return False
    if now < again_at:
        answer_lost(run, now=now, facts={})
        return False
    return True


def _intend(run: ExportRun, *, now: datetime, is_again: bool) -> None:
    """Commit that we are about to ask. If the answer is lost, we know that there was a question."""
    asking: dict[str, Any] = {"asked_at": now, "attempt": run.attempt + 1}
    if is_again:
        asking["is_asked_twice"] = True
    facts = {"attempt": run.attempt + 1}
    with transaction.atomic():
        if run.status == Status.QUEUED:
            run.move(Status.RUNNING, "asking", now=now, facts=facts, **asking)
        else:
            run.note("asking", now=now, facts=facts, **asking)
        if is_again:
            run.add_line("asked_twice", now=now, level=ExportLine.Level.WARN)


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


def poll_pause(count: int, at_least: float | None = None) -> timedelta:
    """Return the pause after the `count`th poll: 2 s, then 1.6 times longer each, up to a minute, 20 % either way."""
    # Twenty polls reach the slowest pace; a power of a day's polls would be too large for a number.
    return pause(min(settings.RUN_SLOWEST_POLL, FIRST_POLL * POLL_GROWTH ** min(count, 20)), at_least)


def _ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
