"""What an import and its parts say: one sentence for each state, made when it is read.

Form: what happened → what it means for you → what happens next. Codes that come with a vendor's meaning carry the
sentence of `upstream.answers` along as `say`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from imports.models import Import, ImportPart
from imports.report import Report
from runs.models import UNFINISHED, Status
from wording.amounts import count, size

# code of a part → its state in a few words, and what it means
STATES: Mapping[str, tuple[Any, Any]] = {
    "asked": (lazy("Waiting to start"), lazy("It starts by itself.")),
    "waiting_in_line": (lazy("In line at APSIS"), lazy("APSIS takes three imports at a time. It starts by itself.")),
    "held_back": (lazy("Held back"), lazy("This desk starts nothing new for now. It goes on by itself.")),
    "asking": (lazy("Asking APSIS"), lazy("for a place to send it to.")),
    "answer_lost": (
        lazy("No answer from APSIS"),
        lazy("We do not know whether it received the request. Nothing was sent; we ask once more in two minutes."),
    ),
    "to_upload": (lazy("Place given"), lazy("APSIS waits for the file. We send it next.")),
    "uploading": (lazy("Uploading"), lazy("%(done)s of %(total)s.")),
    "unsure": (lazy("Broken off"), lazy("We ask APSIS what it has before anything is sent again.")),
    "uploaded": (lazy("Uploaded"), lazy("APSIS has the file and begins on it.")),
    "queued_there": (lazy("Queued at APSIS"), lazy("It is worked on when its turn comes there.")),
    "processing": (lazy("Processing at APSIS"), lazy("It reads the rows.")),
    "trouble": (lazy("Trouble, trying again"), lazy("%(say)s")),
    "counted": (lazy("Counted"), lazy("APSIS took every row.")),
    "counted_with_faults": (lazy("Counted"), lazy("APSIS rejected some of its rows.")),
    "cancelled": (lazy("Cancelled"), lazy("Nothing of it was sent.")),
    "answer_lost_twice": (
        lazy("Failed"),
        lazy("Twice APSIS gave no answer to the request. Nothing was sent. Send the part again."),
    ),
    "never_in_turn": (lazy("Failed"), lazy("APSIS had no room for it for a whole day. Nothing was sent.")),
    "never_counted": (
        lazy("Not counted"),
        lazy("APSIS has the file, and has not moved on for a day. Look at the import history there."),
    ),
    "no_address_held": (
        lazy("Failed"),
        lazy("Three times the place that APSIS gave did not take the file. Send the part again later."),
    ),
    "refused_whole": (
        lazy("Refused as a whole"),
        lazy("APSIS could not use the file, and would not another time: look at the technical details."),
    ),
    "trouble_lasted": (
        lazy("Failed"),
        lazy("%(say)s We tried %(tries)s times and stopped. Send the part again later."),
    ),
    "key_erased": (lazy("Failed"), lazy("The key was erased before it could go on.")),
    "account_moved": (lazy("Failed"), lazy("The vendor account moved to another address meanwhile.")),
    "person_left": (lazy("Failed"), lazy("It was stopped because its owner’s account was closed.")),
    "admission_changed": (lazy("Failed"), lazy("It was stopped because an admin changed how its owner signs in.")),
    "file_gone": (lazy("Failed"), lazy("Its file was no longer on this desk’s disk. Begin the import again.")),
    "our_fault": (
        lazy("Failed"),
        lazy("Something broke on our side. Quote %(reference)s to whoever runs this desk, and send the part again."),
    ),
}

# code of a line of log → its sentence
LINES: Mapping[str, Any] = {
    "joined": lazy("It stood in line at APSIS."),
    "held_back": lazy("This desk started nothing for a while."),
    "let_go": lazy("This desk started again."),
    "in_line": lazy("APSIS had as many imports as it takes at once."),
    "asked_twice": lazy("We asked once more. An earlier request may have left an import without a file at APSIS."),
    "answer_lost": lazy("No answer came to our request. Nothing had been sent."),
    "requested": lazy("APSIS took the request and named a place for the file."),
    "uploaded": lazy("The file was sent whole."),
    "not_received": lazy("APSIS has none of the file, so it is sent from the start."),
    "address_expired": lazy("The place for the file had ended. We ask for another."),
    "new_address": lazy("The place did not take the file. We ask for another."),
    "queued": lazy("Queued at APSIS."),
    "in_progress": lazy("APSIS works on it."),
    "counted": lazy("APSIS has counted it."),
    "trouble": lazy("%(say)s"),
}


def state(part: ImportPart) -> tuple[str, str]:
    """Return what a part says: its state in a few words, and what that means."""
    facts = dict(part.facts)
    if part.cancel_asked_at and part.status in UNFINISHED and not part.may_be_with_vendor:
        return _("Stopping"), ""
    known = STATES.get(part.code)
    if known is None:
        # A meaning of the vendor's: its own sentence says what to do.
        return _("Failed"), _(str(facts.get("say") or "")) if facts.get("say") else ""
    done, total = facts.get("bytes", 0), facts.get("total") or part.length
    said = _(str(facts["say"])) if facts.get("say") else ""
    shown = {"tries": "?", "reference": "?", **facts, "say": said, "done": size(done), "total": size(total)}
    return str(known[0]), str(known[1]) % shown


def line(code: str, facts: Mapping[str, Any]) -> str:
    """Return a line of a part's log."""
    said = _(str(facts["say"])) if facts.get("say") else ""
    known = LINES.get(code) or STATES.get(code, ("", "%(say)s"))[1] or "%(say)s"
    return str(known) % {"tries": "?", "reference": "?", "done": "", "total": "", **facts, "say": said}


def style(part: ImportPart) -> str:
    """Return a part's state as a mark knows it (templates/_parts/status.html)."""
    if part.status == Status.SUCCEEDED:
        return "remarks" if part.failed else "ready"
    if part.status in UNFINISHED:
        return "waiting" if part.status == Status.QUEUED else "working"
    return "gone" if part.status == Status.CANCELLED else "failed"


def headline(whole: Import, parts: Sequence[ImportPart], report: Report) -> tuple[str, str]:
    """Return what an import says in its heading: what is so, and what limits it or follows."""
    current = [part for part in parts if part.replaced_at is None]
    rows = count(report.rows)
    if whole.finished_at is None:
        at_vendor = sum(part.may_be_with_vendor for part in current)
        so = ngettext(
            "Sending %(rows)s rows in %(parts)s part", "Sending %(rows)s rows in %(parts)s parts", len(current)
        ) % {"rows": count(sum(part.row_count for part in current)), "parts": count(len(current))}
        soft = _("%(sent)s of them sent, %(counted)s counted. You can close this page.") % {
            "sent": count(at_vendor),
            "counted": count(sum(part.status == Status.SUCCEEDED for part in current)),
        }
        return f"{so}:", soft
    if all(part.status == Status.CANCELLED for part in current):
        return _("Cancelled."), _("Nothing was sent to APSIS.")
    so = _("%(arrived)s of %(rows)s rows are at APSIS.") % {"arrived": count(report.arrived), "rows": rows}
    failed = sum(part.status == Status.FAILED for part in current)
    if failed:
        soft = ngettext("%(n)s part did not get through.", "%(n)s parts did not get through.", failed)
        return so, soft % {"n": count(failed)}
    if report.rejected_there:
        soft = ngettext("%(n)s was rejected there.", "%(n)s were rejected there.", report.rejected_there)
        return so, soft % {"n": count(report.rejected_there)}
    return so, _("None was rejected there.")


def short(whole: Import) -> tuple[str, str]:
    """Return an import's state for a list: the mark and the word."""
    if whole.finished_at is None:
        return "working", _("on its way")
    return "ready", _("finished")
