"""The machine's steps of an export run (docs/run-states.md draws them).

Each call of `advance` makes one vendor call, outside any transaction, and then writes once. What comes back from the
vendor is written down before anything else happens. A step that is repeated because a process died does no harm.
"""

from __future__ import annotations

import errno
import logging
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import actions as accounts
from accounts import limits, vault
from audit import actions as audit
from exports import receive
from exports.contents import NotAsPromised
from exports.models import ExportFile, ExportLine, ExportRun
from exports.receive import Received
from runs import nudges
from runs.models import StaleRun, Status
from upstream.answers import Again
from upstream.apsis.client import Apsis
from upstream.apsis.exports import ExportStream, Preparing, Style
from upstream.errors import CredentialRefused, NoSlot, NotReady, Throttled, TooMuch, UpstreamError, VendorTrouble

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

POLL_LIFE = timedelta(days=1)  # S0: the poll URL is valid for 1 day
FIRST_POLL, POLL_GROWTH, SLOWEST_POLL, JITTER = 2.0, 1.6, 60.0, 0.2  # seconds; S0 asks for exponential back-off
MOST_ATTEMPTS = 3  # requests of one run, when the vendor says that only a new one helps
MOST_TROUBLES = 8  # passing troubles in a row, when the question is not one that may wait all day
MOST_DAMAGED = 2  # files that arrived damaged, in a row, before we stop fetching
SLOWEST_RETRY = 300.0  # seconds
LONGEST_IN_LINE = timedelta(days=1)  # for a place among the exports that the vendor prepares at once

# Faults of a file that lie on its way, not in it: the same link may be opened again (S0), so it is.
DAMAGED_ON_THE_WAY = {"gzip_damaged", "gzip_cut_short", "stored_otherwise"}
DAMAGED = gettext_noop("The file arrived damaged. What came was thrown away. We fetch it again from the start.")
# Answers after which nobody knows whether the vendor has begun: the words of upstream.answers.
MAYBE_BEGUN = {"maybe_received", "timed_out"}

Level = ExportLine.Level


def advance(run: ExportRun, client: Apsis, *, clock: Clock = timezone.now) -> None:
    """Take one step of a claimed run. Raises StaleRun when the claim has ended meanwhile."""
    if run.cancel_asked_at:
        return _cancel(run, now=clock())
    try:
        if run.ready_at:
            _fetch(run, client, clock)
        elif run.sealed_poll_url:
            _poll(run, client, clock)
        else:
            _request(run, client, clock)
    except UpstreamError as error:
        _take(error, run, now=clock())


# ── Requesting ───────────────────────────────────────────────────────────────────────────────────────────────────


def _request(run: ExportRun, client: Apsis, clock: Clock) -> None:
    now = clock()
    is_again = run.asked_at is not None
    if is_again and not _may_ask_again(run, now):
        return
    _intend(run, now=now, is_again=is_again)
    started = time.monotonic()
    account = run.credential.account
    requested = client.request_consent_export(run.consent_spec.to_request(consent_version=account.consent_version))
    now = clock()
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
        run.add_line("requested", now=now, took_ms=_ms(started), until=poll_ends_at.isoformat())
    limits.passed(account, run.consent_spec.figures)


def _may_ask_again(run: ExportRun, now: datetime) -> bool:
    """Settle a request whose answer was lost: once more, two minutes after the first. (House rule: intentions.)"""
    assert run.asked_at is not None
    again_at = run.asked_at + timedelta(seconds=settings.RUN_ASK_AGAIN)
    if run.is_asked_twice:
        give_up(run, "answer_lost_twice", now=now)
        return False
    if now < again_at:
        _answer_lost(run, now=now, facts={})
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
            run.add_line("asked_twice", now=now, level=Level.WARN)


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


def _link(run: ExportRun) -> tuple[str, Style]:
    """Return the poll URL and which kind it is."""
    return vault.unseal(run.sealed_poll_url), cast(Style, run.poll_style)


def poll_pause(count: int, at_least: float | None = None) -> timedelta:
    """Return the pause after the `count`th poll: 2 s, then 1.6 times longer each, up to a minute, 20 % either way."""
    # Twenty polls reach the slowest pace; a power of a day's polls would be too large for a number.
    return _pause(min(SLOWEST_POLL, FIRST_POLL * POLL_GROWTH ** min(count, 20)), at_least)


# ── Fetching and verifying ───────────────────────────────────────────────────────────────────────────────────────


def _fetch(run: ExportRun, client: Apsis, clock: Clock) -> None:
    beat = _Heartbeat(run, clock)
    # The claim number is in the name, so two processes that both believe to hold the run write two files. The row
    # decides which one counts; there is no moment of renaming.
    name = f"{_folder(run)}/{run.claim_no}"
    run.note("fetching", now=clock(), facts={"bytes": 0})
    sweep(run)
    try:
        with client.open_export(*_link(run)) as stream:
            beat.total = stream.length
            received = receive.keep(
                stream.chunks(),
                gzipped=stream.encoding == "gzip",
                columns=run.consent_spec.columns(),
                storage=default_storage,
                name=name,
                most=settings.FILE_MAX_CONTENT_BYTES,
                alive=beat,
            )
        beat.stop_if_asked()
    except NotAsPromised as error:
        if error.code in DAMAGED_ON_THE_WAY and run.trouble_count < MOST_DAMAGED:
            return _wait_out(run, "trouble", now=clock(), facts={"say": DAMAGED})
        return give_up(run, error.code, now=clock(), **error.facts)
    except _Stopped:
        default_storage.delete(name)
        return _cancel(run, now=clock())
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return _disk_full(run, now=clock())
    try:
        _succeed(run, stream, received, name, beat, now=clock())
    except StaleRun:
        # The claim has ended, so its file is nobody's. Any other trouble leaves it to the next claim's broom, because
        # a commit whose answer was lost may have happened.
        default_storage.delete(name)
        raise


def _succeed(
    run: ExportRun, stream: ExportStream, received: Received, name: str, beat: _Heartbeat, *, now: datetime
) -> None:
    counts = received.counts
    with transaction.atomic():
        file = ExportFile.objects.create(
            storage_name=name,
            encoding=stream.encoding or "",
            media_type=stream.media_type,
            received_length=received.received_length,
            received_sha256=received.received_sha256,
            content_length=received.content_length,
            content_sha256=received.content_sha256,
            row_count=counts.rows,
            header=received.header,
            counts=counts.to_json(),
            made_at=now,
            expires_at=now + timedelta(days=settings.FILE_KEPT_DAYS),
        )
        facts = {"rows": counts.rows, "contactable": counts.contactable}
        run.move(Status.SUCCEEDED, "ready" if counts.rows else "ready_empty", now=now, facts=facts, file=file)
        run.add_line("fetched", now=beat.verifying_at or now, took_ms=beat.fetch_ms, bytes=received.received_length)
        run.add_line("verified", now=now, took_ms=max(0, beat.lasted_ms - beat.fetch_ms), rows=counts.rows)
        audit.record("run.succeeded", by=None, target=run, now=now, rows=counts.rows)


def _disk_full(run: ExportRun, *, now: datetime) -> None:
    """Wait for room on our own disk, as long as the vendor keeps the file."""
    log.error("disk full", extra={"run": run.pk})
    assert run.poll_ends_at is not None
    if now < run.poll_ends_at:
        return _wait_out(run, "disk_full", now=now, facts={})
    give_up(run, "disk_stayed_full", now=now)


def _folder(run: ExportRun) -> str:
    return f"exports/{run.uuid}"


def sweep(run: ExportRun) -> None:
    """Delete what earlier claims left of a file because their process died; a later one's is not ours to touch."""
    try:
        _folders, names = default_storage.listdir(_folder(run))
        for name in names:
            if int(name) <= run.claim_no:
                default_storage.delete(f"{_folder(run)}/{name}")
    except FileNotFoundError:
        pass  # nothing was ever fetched
    except OSError:
        log.warning("leftovers not deleted", extra={"run": run.pk})


class _Stopped(Exception):
    """Somebody asked the run to stop while a long step was under way."""


class _Heartbeat:
    """Hold the claim during a long step, and say on the page how far it is. Stops the step when it is cancelled."""

    def __init__(self, run: ExportRun, clock: Clock) -> None:
        self._run, self._clock, self._started = run, clock, time.monotonic()
        self._stage, self._next = "fetching", self._started + 1.0
        self.total: int | None = None  # bytes to come, where the vendor says so
        self.verifying_at: datetime | None = None  # when the last byte was here
        self.fetch_ms = 0

    @property
    def lasted_ms(self) -> int:
        return _ms(self._started)

    def __call__(self, stage: str, length: int) -> None:
        if stage == self._stage and time.monotonic() < self._next:
            return
        self._stage, self._next = stage, time.monotonic() + min(settings.RUN_RENEW, 2.0)
        now = self._clock()
        if stage == "verifying" and self.verifying_at is None:
            self.verifying_at, self.fetch_ms = now, self.lasted_ms
        seconds = round(self.lasted_ms / 1000, 1)
        self._run.renew(stage, now=now, facts={"bytes": length, "total": self.total, "seconds": seconds})
        self.stop_if_asked()

    def stop_if_asked(self) -> None:
        self._run.refresh_from_db(fields=["cancel_asked_at", "cancel_asked_by"])
        if self._run.cancel_asked_at:
            raise _Stopped


# ── Endings and troubles ─────────────────────────────────────────────────────────────────────────────────────────


def _cancel(run: ExportRun, *, now: datetime) -> None:
    with transaction.atomic():
        run.move(Status.CANCELLED, "cancelled", now=now, facts={"asked": bool(run.asked_at)})
        run.add_line("cancelled", now=now, who=str(run.cancel_asked_by), asked=bool(run.asked_at))
        audit.record("run.cancelled", by=run.cancel_asked_by, target=run, now=now)
    sweep(run)


def give_up(run: ExportRun, code: str, *, now: datetime, **facts: Any) -> None:
    """End a run that cannot succeed. Raises StaleRun."""
    with transaction.atomic():
        run.move(Status.FAILED, code, now=now, facts=facts)
        run.add_line(code, now=now, level=Level.BAD, **facts)
        audit.record("run.failed", by=None, target=run, now=now, code=code)
    sweep(run)


def _take(error: UpstreamError, run: ExportRun, *, now: datetime) -> None:
    """Do what the table of answers says of an error, and learn from it; a claim that has ended teaches nothing."""
    with transaction.atomic():
        _settle(error, run, now=now)
        if isinstance(error, TooMuch):
            limits.refused(run.credential.account, run.consent_spec.figures)
        if isinstance(error, CredentialRefused):
            accounts.mark_refused(run.credential, error.meaning.user, now=now)


def _settle(error: UpstreamError, run: ExportRun, *, now: datetime) -> None:
    """Wait, ask for a new export, or give up."""
    meaning = error.meaning
    facts = {"say": meaning.user, "status": error.status, "call": error.call, "detail": error.detail}
    requesting = not run.sealed_poll_url
    if isinstance(error, NoSlot):
        return _wait_for_slot(run, error, now=now)
    if requesting and error.maybe_received and meaning.word in MAYBE_BEGUN:
        if run.is_asked_twice:
            return give_up(run, "answer_lost_twice", now=now, **facts)
        return _answer_lost(run, now=now, facts=facts)
    if meaning.again is Again.NEW and run.attempt < MOST_ATTEMPTS and not requesting:
        return _ask_anew(run, now=now, facts=facts)
    if meaning.again is not Again.SAME:
        return give_up(run, meaning.word, now=now, **facts)
    if requesting and isinstance(error, Throttled):
        return _stand_in_line(run, error, now=now, facts=facts)
    if run.trouble_count < MOST_TROUBLES or _is_patient(run, error, now):
        return _wait_out(run, "trouble", now=now, facts=facts, at_least=error.retry_after)
    # The table's own sentence says that we try again, and that is over.
    give_up(run, "trouble_lasted", now=now, tries=run.trouble_count + 1, **facts)


def _is_patient(run: ExportRun, error: UpstreamError, now: datetime) -> bool:
    """Say whether a trouble is waited out however often it comes, while the vendor keeps what we ask for."""
    # To ask costs nothing; a file that breaks off in its middle is another matter.
    costs_nothing = not run.ready_at or isinstance(error, VendorTrouble | Throttled | NotReady)
    return costs_nothing and run.poll_ends_at is not None and now < run.poll_ends_at


def _unasked(run: ExportRun) -> dict[str, Any]:
    """Return the fields that take an intention back: by its own word the vendor has not begun on this request."""
    return {} if run.sealed_poll_url else {"asked_at": None, "attempt": max(0, run.attempt - 1)}


def _wait_for_slot(run: ExportRun, error: NoSlot, *, now: datetime) -> None:
    """Wait for our own pace: a place in line for a request, while questions and fetching just go on a little later."""
    until = now + timedelta(seconds=error.retry_after or 1)
    if not run.sealed_poll_url:
        return run.wait("waiting_in_line", now=now, until=until, **_unasked(run))
    if run.ready_at:
        return run.wait("to_fetch", now=now, until=until)
    run.wait(run.code, now=now, until=until, facts=run.facts)


def _answer_lost(run: ExportRun, *, now: datetime, facts: dict[str, Any]) -> None:
    assert run.asked_at is not None
    again_at = run.asked_at + timedelta(seconds=settings.RUN_ASK_AGAIN)
    facts = {**facts, "again_at": again_at.isoformat()}
    with transaction.atomic():
        run.wait("answer_lost", now=now, until=again_at, facts=facts)
        run.add_line("answer_lost", now=now, level=Level.WARN, **facts)


def _ask_anew(run: ExportRun, *, now: datetime, facts: dict[str, Any]) -> None:
    until = now + timedelta(seconds=10 * 3**run.attempt)
    with transaction.atomic():
        run.add_line("gave_up", now=now, level=Level.BAD, **facts)
        run.wait(
            "retrying",
            now=now,
            until=until,
            facts={**facts, "attempt": run.attempt + 1, "of": MOST_ATTEMPTS},
            asked_at=None,
            is_asked_twice=False,
            sealed_poll_url="",
            poll_style="",
            poll_ends_at=None,
            ready_at=None,
            trouble_count=0,
        )


def _stand_in_line(run: ExportRun, error: Throttled, *, now: datetime, facts: dict[str, Any]) -> None:
    """Ask again after as long as we have waited already, up to a minute: a line is no trouble, and counts as none."""
    assert run.started_at is not None
    waited = now - run.started_at
    if waited >= LONGEST_IN_LINE:
        return give_up(run, "never_in_turn", now=now, **facts)
    until = now + _pause(min(SLOWEST_POLL, max(FIRST_POLL, waited.total_seconds())), error.retry_after)
    with transaction.atomic():
        run.add_line("in_line", now=now, level=Level.WARN, **facts)
        run.wait("waiting_in_line", now=now, until=until, facts=facts, **_unasked(run))


def _pause(seconds: float, at_least: float | None) -> timedelta:
    """Return a pause, a little shorter or longer by chance, but never shorter than the vendor asked for."""
    return timedelta(seconds=max(at_least or 0.0, seconds * random.uniform(1 - JITTER, 1 + JITTER)))


def _wait_out(
    run: ExportRun, code: str, *, now: datetime, facts: dict[str, Any], at_least: float | None = None
) -> None:
    """Try the same step again after a pause that doubles, up to five minutes."""
    until = now + _pause(min(SLOWEST_RETRY, 2.0 ** min(run.trouble_count + 1, 10)), at_least)
    with transaction.atomic():
        run.add_line(code, now=now, level=Level.WARN, **facts)
        run.wait(
            code,
            now=now,
            until=until,
            facts={**facts, "until": until.isoformat()},
            trouble_count=run.trouble_count + 1,
            **_unasked(run),
        )


def _ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
