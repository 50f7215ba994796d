"""A run as its page shows it: what it says, its journey, its instruments, its log, its outcome, its pace."""

from __future__ import annotations

import http
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from exports import (
    attempts,
    drifted,
    figures,
    files,
    gauge,
    grants,
    journey,
    lapsed,
    originals,
    panel,
    remedies,
    sentences,
    shares,
    shelf,
    taken,
)
from exports.events import happened, requests
from exports.events import remedies as event_remedies
from exports.forms import WishForm
from exports.kinds import Kind
from exports.models import ExportLine, ExportRun
from exports.remedies import Remedy
from exports.spec import ConsentSpec
from runs import line
from runs.models import UNFINISHED, Status
from wording.names import isolated

NEWEST = 8  # hops that stand open; the others are folded
MOST_LINES = 200  # hops that are read at all: the others say the same as these
STALE_AFTER = 60.0  # seconds after which the times “so far” are drawn anew, though nothing has happened

# What decides whether a page that polls is still right: read alone, so that most polls cost one query. The place in
# line costs a second one: it changes without the run, when others leave the line.
BRIEF = ("pk", "account_id", "turn", "version", "status", "code", "changed_at", "cancel_asked_at")


@dataclass(frozen=True)
class Technical:
    """What whoever helps wants to know: the vendor's last answer that was no good, and what to quote."""

    reference: str
    at: datetime | None = None
    call: str = ""
    answer: str = ""
    detail: str = ""


def pace(brief: Mapping[str, Any], *, now: datetime) -> int:
    """Return the seconds until the page should ask again: 2, then 5, then 15 while nothing changes; 0 when over.

    `brief` holds what BRIEF names. A file on its way changes all the time.
    """
    if brief["status"] not in UNFINISHED:
        return 0
    if brief["code"] in ("fetching", "verifying", "joining"):
        return 2
    last = max(filter(None, (brief["changed_at"], brief["cancel_asked_at"])))
    still = (now - last).total_seconds()
    return 2 if still < 30 else 5 if still < 300 else 15


def is_current(brief: Mapping[str, Any], shown: Mapping[str, str], *, now: datetime) -> bool:
    """Say whether what a page shows still holds. `shown`: its version, pace and place, and `at`, when it was drawn."""
    if shown.get("shown") != str(brief["version"]) or shown.get("pace") != str(pace(brief, now=now)):
        return False
    drawn = shown.get("at", "")
    if drawn.isdecimal() and len(drawn) < 15 and now.timestamp() - int(drawn) >= STALE_AFTER:
        return False
    return brief["code"] != line.WAITING or shown.get("place") == str(place(ExportRun(**brief), now=now))


def place(run: ExportRun, *, now: datetime) -> int:
    """Return the run's place in line, 0 when it stands in none."""
    return line.place(run, now=now) if run.code == line.WAITING and not run.cancel_asked_at else 0


def shown(run: ExportRun, *, to: User, now: datetime, said: str = "") -> dict[str, Any]:
    """Return everything the page and its fragment need, for the person who looks.

    `said` is the mark of the sentence that the page shows: while it is the same, the sentence is not sent again, so
    that nobody hears it twice.
    """
    has_bytes = files.is_there(run, now=now)
    is_gone = run.status == Status.SUCCEEDED and not has_bytes
    in_line = place(run, now=now)
    so, soft = _removed(run, now) if is_gone else sentences.headline(run, place=in_line)
    lead = _lead(run, is_gone=is_gone)
    mark = _mark(so, soft, lead, run)
    lines = list(run.lines.all()[:MOST_LINES])
    hops = lines if len(lines) < MOST_LINES else list(run.lines.exclude(code="still_preparing")[:MOST_LINES])
    past = None if run.is_over else gauge.past(run)
    at = journey.times(run, hops)
    last = grants.last_purpose(run, to) if has_bytes else ""
    told = [(line, *sentences.line(line.code, line.facts)) for line in lines]
    return {
        "run": run,
        "so": so,
        "soft": soft,
        "lead": lead,
        "state": _("Removed") if is_gone else sentences.state(run),
        "said": mark,
        "is_news": mark != said,
        "is_stopping": sentences.is_stopping(run),
        "was_too_late": run.status == Status.SUCCEEDED and run.cancel_asked_at is not None,
        "place": in_line,
        "pace": pace({name: getattr(run, name) for name in BRIEF}, now=now),
        "now": now,
        "drawn_at": int(now.timestamp()),
        "stations": journey.stations(run, at, now=now, guess=gauge.guess(run, past, now=now), is_gone=is_gone),
        "tape": journey.tape(at) if run.status == Status.SUCCEEDED else [],
        "whole": journey.whole(at),
        "cells": panel.cells(run, past, place=in_line, now=now),
        "newest": told[:NEWEST],
        "older": told[NEWEST:],
        "is_cut": len(lines) == MOST_LINES,
        "attempts": attempts.of(run, hops, now=now),
        "technical": _technical(run, lines),
        "has_bytes": has_bytes,
        "is_gone": is_gone,
        "originals": originals.of(run, has_bytes=has_bytes, last=last) if run.file else [],
        "shelf": shelf.of(run, now=now, last=last) if has_bytes else None,
        "is_own": run.owner_id == to.pk,
        "readers": [share.person for share in run.shares.select_related("person")] if run.owner_id == to.pk else [],
        "taken": taken.of(run),
        "remedies": _remedies(run) if run.status == Status.FAILED else [],
        "meaning": _meaning(run) if run.status == Status.FAILED else "",
        **_of_its_kind(run, to, has_bytes=has_bytes),
    }


def _remedies(run: ExportRun) -> list[Remedy]:
    return event_remedies.of(run) if run.segment.kind == Kind.EVENTS else remedies.of(run.code)


def _of_its_kind(run: ExportRun, to: User, *, has_bytes: bool) -> dict[str, Any]:
    if run.segment.kind == Kind.EVENTS:
        return _of_events(run, to, has_bytes=has_bytes)
    return _of_table(run, to, has_bytes=has_bytes)


def _of_table(run: ExportRun, to: User, *, has_bytes: bool) -> dict[str, Any]:
    """Return what the page shows of an export of consents alone."""
    found = figures.of(run)
    return {
        "figures": found,
        "drifts": drifted.of_run(run, to) if found else [],
        "drawing": shares.of(found),
        "wish": WishForm(widest=shelf.all_of(run)) if has_bytes else None,
        "asked": _asked(run),
        "lapsed": lapsed.of(run),
        "spec": run.consent_spec,
    }


def _of_events(run: ExportRun, to: User, *, has_bytes: bool) -> dict[str, Any]:
    """Return what it shows of an export of events alone."""
    return {
        "happened": happened.of(run),
        "may_look": has_bytes and to.has_perm("exports.download_exportrun"),
        "requests": requests.of(run),
        "split_into": event_remedies.more_windows(run),
        "spec": run.event_spec,
    }


def _mark(so: str, soft: str, lead: str, run: ExportRun) -> str:
    return format(zlib.crc32(f"{run.status} {so} {soft} {lead}".encode()), "08x")


def _removed(run: ExportRun, now: datetime) -> tuple[str, str]:
    assert run.file is not None
    so = _("The file is no longer here.") if run.file.is_kept(now) else sentences.removal(run.file)
    return so, _("Its figures and checksums are kept.")


def _lead(run: ExportRun, *, is_gone: bool) -> str:
    if run.status == Status.CANCELLED:
        return _left_behind(run)
    if is_gone:
        return _("The run, its counts and its checksums stay, so that anyone can still prove what was exported.")
    if run.code in ("ready_empty", "ready_nobody"):
        return _nobody(run)
    return ""


def _meaning(run: ExportRun) -> str:
    """Return what a failure means. A vendor's meaning ends with what to do, which the remedies say more exactly."""
    meaning = sentences.meaning(run)
    if run.code in sentences.FAILURES:
        return meaning
    means, dot, _to_do = meaning.rpartition(". ")
    return f"{means}." if dot else meaning


def _left_behind(run: ExportRun) -> str:
    """Say what a cancelled run may leave at the vendor."""
    if run.poll_ends_at:
        until = sentences.clock(run.poll_ends_at)
        words = _("APSIS may still finish its side; we do not fetch it, and its link lives no longer than %(until)s.")
        return words % {"until": until}
    if run.asked_at:
        return _("APSIS may have received the request and finish its side. We do not fetch it; it dies within a day.")
    if run.requested_at:
        return _("The export before had failed, and no new one was asked for, so nothing is left at APSIS.")
    return _("Nothing was asked of APSIS, so nothing is left there.")


def _nobody(run: ExportRun) -> str:
    """Say why a file may hold no rows, as far as the request itself shows it."""
    spec = run.asks
    if not spec.attributes and not spec.tags:
        return _("APSIS leaves out everybody of whom no attribute or tag is asked for, and none was.")
    if isinstance(spec, ConsentSpec) and spec.exclude_unsubscribed:
        return _("Nobody is in the segment, or everybody in it has unsubscribed and was left out, as asked for.")
    return _("As far as your key can see, nobody is in the segment.")


def _technical(run: ExportRun, lines: list[ExportLine]) -> Technical:
    reference = str(run.facts.get("reference") or f"run-{run.pk}-c{run.claim_no}")
    line = next((line for line in lines if line.facts.get("call")), None)
    if line is None:
        return Technical(reference)
    status = line.facts.get("status")
    return Technical(
        reference,
        line.at,
        str(line.facts["call"]),
        _phrase(status),
        isolated(str(line.facts.get("detail") or "")),
    )


def _phrase(status: Any) -> str:
    if not status:
        return _("no answer")
    try:
        return f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _asked(run: ExportRun) -> dict[str, Any]:
    """Return the request as it was frozen at the press, in the words of the page."""
    spec = run.consent_spec
    folders: dict[str, list[str]] = {}
    for topic in spec.topics:
        folders.setdefault(topic.folder_name, []).append(topic.name)
    kinds = [column.kind for column in spec.columns()]
    return {
        "folders": list(folders.items()),
        "channels": [column.name for column in spec.columns() if column.kind == "consent"],
        "kinds": [
            (kind, kinds.count(kind)) for kind in ("consent", "attribute", "tag", "segment", "key") if kind in kinds
        ],
    }
