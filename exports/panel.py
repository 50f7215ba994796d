"""The instruments of a run on its way: what it waits for, what comes next, how far it is. Only what is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import limits
from exports import gauge, sentences
from exports.gauge import Gauge, Past
from exports.models import ExportRun
from runs import line
from wording.amounts import count, size
from wording.moments import clock, duration
from wording.names import isolated

MOST_PLACES = 4  # runs of each kind that the line shows one by one


@dataclass(frozen=True)
class Place:
    """One run at the vendor, or in line for it. Whose it is, is said of one's own alone."""

    word: str
    state: str  # a word of templates/_parts/status.html
    own: ExportRun | None
    since: datetime | None
    is_this: bool


@dataclass(frozen=True)
class Cell:
    """One instrument: a small label, a figure with its unit, and a sentence."""

    label: str
    figure: str
    unit: str = ""
    text: str = ""
    gauge: Gauge | None = None
    places: list[Place] | None = None  # in line, and before it
    share: float | None = None  # of a bar 100 wide


def cells(run: ExportRun, past: Past | None, *, place: int, now: datetime) -> list[Cell]:
    """Return what the run is at, and what comes next. Empty when it is over."""
    if run.is_over:
        return []
    if sentences.is_stopping(run):
        return [_stopping(), _next_step(run)]
    if place:
        return [_line(run, place, now), _room(run, now)]
    return [_present(run, past, now), _next(run, now)]


def _present(run: ExportRun, past: Past | None, now: datetime) -> Cell:
    if run.ready_at:
        return _arriving(run)
    if run.sealed_poll_url:
        return _at_vendor(run, past, now)
    if run.code == line.HELD:
        return _held_back(run)
    if run.code == "answer_lost":
        return Cell(
            _("Why nothing is asked at once"),
            _("It may be on its way"),
            text=_(
                "The request was sent and its answer never came. APSIS may be making the export; "
                "a second request at once could make a second copy."
            ),
        )
    if run.code == "retrying":
        return Cell(
            _("What happened"),
            _("A new export is needed"),
            text=_("The one before came to nothing. The desk asks for a new one by itself."),
        )
    if run.code == "trouble":
        return _company(run)
    if run.code in ("waits_a_minute", "next_window"):
        return Cell(
            _("What it waits for"),
            _("APSIS’s minute"),
            text=_("It takes one event export a minute of an account, whoever asks. What has come already is kept."),
        )
    if run.code == "asking":
        return Cell(_("At this moment"), _("The request is sent"), text=_("APSIS has not answered yet."))
    return Cell(
        _("What it waits for"),
        _("A free worker of the desk"),
        text=_("Usually a second. Nothing was sent to APSIS yet."),
    )


def _held_back(run: ExportRun) -> Cell:
    text = _("An admin has this desk finish what is at APSIS and start nothing new, as before work on the desk itself.")
    if run.asked_at:
        kept = _("Your request may have reached APSIS; whether to ask again is decided afterwards.")
    else:
        kept = _("Nothing was sent to APSIS yet, and your place in line is kept.")
    reason = isolated(str(run.facts.get("reason") or ""))
    why = _("Their reason: %(reason)s") % {"reason": reason} if reason else ""
    return Cell(_("What it waits for"), _("The desk to start runs again"), text=f"{text} {kept} {why}".strip())


def _at_vendor(run: ExportRun, past: Past | None, now: datetime) -> Cell:
    label = _("How long this segment usually takes at APSIS")
    if past is None or run.requested_at is None:
        return Cell(
            label,
            _("First run"),
            text=_("No run of this segment has been ready before, so there is no honest guess how long it takes."),
        )
    drawn = gauge.draw(past, now - run.requested_at)
    late = _("This one takes longer than any of them. That happens; nothing is wrong yet.") if drawn.is_late else ""
    return Cell(label, capfirst(drawn.usual), drawn.runs, late, gauge=drawn)


def _company(run: ExportRun) -> Cell:
    """Say how many others of the account are at the vendor while this one has trouble there."""
    others = ExportRun.objects.filter(account=run.account_id).exclude(pk=run.pk)
    known = others.unfinished().aggregate(
        preparing=Count("pk", filter=ExportRun.at_vendor()), waiting=Count("pk", filter=ExportRun.unasked())
    )
    preparing, waiting = known["preparing"], known["waiting"]
    at_apsis = ngettext("%(n)s other run is at APSIS now", "%(n)s other runs are at APSIS now", preparing)
    behind = ngettext("%(n)s more waits", "%(n)s more wait", waiting)
    company = f"{at_apsis % {'n': count(preparing)}}, {behind % {'n': count(waiting)}}"
    return Cell(_line_of(run), company if preparing or waiting else _("No other run of this desk"), text=_said(run))


def _line_of(run: ExportRun) -> str:
    return _("The line at APSIS, account %(account)s") % {"account": isolated(str(run.account))}


def _line(run: ExportRun, place: int, now: datetime) -> Cell:
    """Draw the line as far as this run: who is at the vendor, who is before it, and how many come after."""
    runs = ExportRun.objects.filter(account=run.account_id)
    at_vendor = list(runs.filter(ExportRun.at_vendor()).order_by("asked_at")[: MOST_PLACES + 1])
    standing = list(line.standing(runs, now=now)[: MOST_PLACES + 1])
    places = [_place(_("Preparing"), other, run) for other in at_vendor[:MOST_PLACES]]
    if len(at_vendor) > MOST_PLACES:
        places.append(Place(_("and more"), "working", own=None, since=None, is_this=False))
    shown = standing[: min(place, MOST_PLACES)]
    places += [_place(_numbered(number), other, run) for number, other in enumerate(shown, start=1)]
    if place > MOST_PLACES:
        places.append(_place(_numbered(place), run, run))
    return Cell(_line_of(run), "", text=_said(run), places=places)


def _place(word: str, other: ExportRun, run: ExportRun) -> Place:
    own = other if other.owner_id == run.owner_id else None
    return Place(word, "working" if other.asked_at else "waiting", own, other.requested_at, is_this=other.pk == run.pk)


def _numbered(place: int) -> str:
    return _("Next") if place == 1 else _("Number %(n)s") % {"n": count(place)}


def _room(run: ExportRun, now: datetime) -> Cell:
    """Say what the account takes at a time, as far as it has taught us, and when the run is tried."""
    width = limits.width(run.account, run.lane, now=now)
    by_itself = _("Your place is kept, also if the desk restarts.")
    if run.due_at and run.due_at > now and run.facts:
        return Cell(_("Next try"), format_html("{}", clock(run.due_at)), text=by_itself)
    if width is None:
        return Cell(_("What APSIS takes"), _("One request a second"), text=by_itself)
    at_a_time = ngettext("%(n)s export at a time", "%(n)s exports at a time", width) % {"n": count(width)}
    learnt = _("Learnt when APSIS had no room for one more; the desk tries one more after every quiet hour.")
    return Cell(_("What APSIS takes from this account"), at_a_time, text=f"{learnt} {by_itself}")


def _arriving(run: ExportRun) -> Cell:
    if run.code in ("trouble", "disk_full"):
        return Cell(_("What happened"), _("It is fetched again"), text=sentences.line(run.code, run.facts)[1])
    facts = run.facts
    so_far, total = facts.get("bytes"), facts.get("total")
    if run.code == "joining":
        share = round(100 * so_far / total, 1) if so_far and total else None
        text = _("People are counted once, whatever file they are in; so are events that stand in two.")
        return Cell(_("Read of all files together"), size(so_far or 0), text=text, share=share)
    label = _("Read back and compared") if run.code == "verifying" else _("Fetched so far")
    if not so_far:
        return Cell(label, _("Nothing yet"), text=_("The file is ready at APSIS; its first bytes are on their way."))
    if run.code == "verifying":
        text = _("What was stored must be, byte for byte, what APSIS sent.")
        return Cell(label, size(so_far), text=text)
    text = _rate(facts)
    if total and so_far <= total:
        unit, share = _("of %(total)s") % {"total": size(total)}, round(100 * so_far / total, 1)
        return Cell(label, size(so_far), unit, text, share=share)
    return Cell(label, size(so_far), text=f"{text} {_('APSIS does not say how much is to come.')}".strip())


def _rate(facts: dict[str, Any]) -> str:
    """Say how fast it goes, once there is enough to say it honestly."""
    seconds = facts.get("seconds") or 0
    if seconds < 3:
        return ""
    words = _("%(rate)s a second on average, for %(time)s.")
    return words % {"rate": size(facts["bytes"] / seconds), "time": duration(float(int(seconds)))}


def _next(run: ExportRun, now: datetime) -> Cell:
    if run.ready_at and run.code not in ("trouble", "disk_full"):
        return Cell(
            _("What comes next"),
            _("Ready") if run.code in ("verifying", "joining") else _("Verifying"),
            text=_(
                "A file is shown only when its length, its unpacking, its columns, its rows and its checksum are right."
            ),
        )
    at = format_html("{}", clock(run.due_at)) if run.due_at and run.due_at > now else _("Any moment")
    if run.ready_at:
        return Cell(_("Next try"), at, text=_("The file is fetched again from its start; APSIS keeps it for a day."))
    if run.sealed_poll_url:
        return Cell(_("Next question to APSIS"), at, text=_asked(run))
    if run.code == line.HELD:
        by_itself = _("By itself, once an admin lets the desk start runs again.")
        return Cell(_("What comes next"), _("The request to APSIS"), text=by_itself)
    if run.code == "retrying":
        of = {"attempt": run.facts.get("attempt", ""), "of": run.facts.get("of", "")}
        return Cell(_("Next request"), at, text=_("Attempt %(attempt)s of %(of)s.") % of)
    if run.code == "answer_lost":
        return Cell(_("We ask once more at"), at, text=_("If that brings no answer either, the run ends and says so."))
    if run.code == "asked":
        return Cell(_("What comes next"), _("The request to APSIS"), text=_("Then APSIS prepares the file."))
    return Cell(_("Next try"), at, text=_("Nothing needs you."))


def _asked(run: ExportRun) -> str:
    if not run.poll_count:
        return _("The first. The pauses grow, as APSIS demands.")
    words = ngettext(
        "Asked once. The pauses grow, as APSIS demands.",
        "Asked %(n)s times; the pauses grow, as APSIS demands.",
        run.poll_count,
    )
    return words % {"n": count(run.poll_count)}


def _stopping() -> Cell:
    return Cell(
        _("What stopping means"),
        _("Nothing will be downloaded"),
        text=_("APSIS may still finish its side. What it makes there dies by itself within a day."),
    )


def _next_step(run: ExportRun) -> Cell:
    return Cell(
        _("When"),
        _("At the desk’s next step"),
        text=_("A question to APSIS that is on its way is not cut off. This takes seconds."),
    )


def _said(run: ExportRun) -> str:
    return sentences.line("trouble", run.facts)[1]
