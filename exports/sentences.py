"""What a run says: one sentence for each code, made when it is read, in the reader's language and time zone.

Form: what happened → what it means for you → what happens next. Codes that come with a vendor's meaning carry the
sentence of `upstream.answers` along as `say`; its first sentence says what happened, the rest what it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext, pgettext_lazy

from wording.names import isolated

# code → headline of the page (ink), and what limits it or follows from it (soft)
HEADLINES: Mapping[str, tuple[Any, Any]] = {
    "asked": (lazy("Waiting to start"), lazy("since %(since)s. It starts by itself.")),
    "waiting_in_line": ("%(place)s", lazy("since %(since)s. Waiting is normal; it starts by itself.")),
    "held_back": (
        lazy("Held back"),
        lazy("since %(since)s: this desk starts nothing new for now. It goes on by itself."),
    ),
    "asking": (lazy("Asking APSIS"), lazy("for the export, since %(since)s.")),
    "answer_lost": (
        lazy("We do not know whether APSIS received this request."),
        lazy("We ask once more at %(again_at)s, and not before."),
    ),
    "preparing": (lazy("Preparing at APSIS"), lazy("since %(since)s. You can close this page.")),
    "trouble": ("%(what)s", lazy("Nothing is lost: we try again at %(until)s.")),
    "disk_full": (
        lazy("This desk’s disk is full."),
        lazy("Your file is safe at APSIS: we fetch it again at %(until)s."),
    ),
    "retrying": ("%(what)s", lazy("We ask for a new export at %(due)s, attempt %(attempt)s of %(of)s.")),
    "to_fetch": (lazy("Ready at APSIS"), lazy("since %(since)s. We fetch it next.")),
    "fetching": (lazy("Fetching from APSIS"), lazy("since %(since)s. You can close this page.")),
    "verifying": (lazy("Verifying the file"), lazy("since %(since)s. Nothing is shown before it is right.")),
    "waits_a_minute": (
        lazy("Waiting for APSIS"),
        lazy("which takes one event export a minute. It starts by itself at %(due)s."),
    ),
    "next_window": (
        lazy("Request %(number)s of %(of)s comes next"),
        lazy("of APSIS, which takes one event export a minute. You can close this page."),
    ),
    "joining": (
        lazy("Joining the files"),
        lazy("since %(since)s: people are counted once, whatever file they are in."),
    ),
    "ready_nobody": (lazy("Ready: nobody matched."), lazy("APSIS sent a file without a single person.")),
    "ready_unread": (
        lazy("Ready as it came, and not readable here."),
        lazy("The original is whole. Nothing can be counted in it, or made of it."),
    ),
    "ready_empty": (lazy("Ready: nobody matched."), lazy("APSIS sent a file with a header and no rows.")),
    "cancelled": (lazy("Cancelled at %(since)s."), lazy("No file was fetched.")),
}

# code → the state in two or three words, for the title of the window
STATES: Mapping[str, Any] = {
    "asked": lazy("Waiting to start"),
    "waiting_in_line": lazy("In line at APSIS"),
    "held_back": lazy("Held back"),
    "asking": lazy("Asking APSIS"),
    "answer_lost": lazy("No answer from APSIS"),
    "preparing": lazy("Preparing at APSIS"),
    "trouble": lazy("Trouble, trying again"),
    "disk_full": lazy("Waiting for room"),
    "retrying": lazy("Asking for a new export"),
    "to_fetch": lazy("Ready at APSIS"),
    "fetching": lazy("Fetching"),
    "verifying": lazy("Verifying"),
    "waits_a_minute": lazy("Waiting for APSIS"),
    "next_window": lazy("Next request"),
    "joining": lazy("Joining"),
    "ready": lazy("Ready"),
    "ready_events": lazy("Ready"),
    "ready_nobody": lazy("Ready, nobody matched"),
    "ready_unread": lazy("Ready, not readable"),
    "ready_empty": lazy("Ready, nobody matched"),
    "cancelled": lazy("Cancelled"),
}

# code → why no file was made, for failures that our own side names
FAILURES: Mapping[str, Any] = {
    "answer_lost_twice": lazy("Twice APSIS gave no answer to this request, so we do not know whether it received it."),
    "never_ready": lazy("APSIS did not finish within the day that it keeps an export."),
    "never_in_turn": lazy("APSIS had no room for this export for a whole day."),
    "trouble_lasted": lazy("%(what)s We tried %(tries)s times and stopped."),
    "disk_stayed_full": lazy("This desk’s disk stayed full for as long as APSIS kept the file."),
    "our_fault": lazy("Something broke on our side, and this run ended. Your saved segment is unharmed."),
    "account_moved": lazy("The vendor account moved to another address while this run was on its way."),
    "person_left": lazy("This run was stopped because its owner’s account was closed."),
    "admission_changed": lazy("This run was stopped because an admin changed how its owner signs in."),
    "key_erased": lazy("The key of this run was erased before it could go on."),
    "file_empty": lazy("APSIS sent an empty file, without even a header."),
    "file_too_large": lazy("The file unpacks to more than this desk is set to take."),
    "gzip_damaged": lazy("The compressed file arrived damaged."),
    "gzip_cut_short": lazy("The compressed file ends before its end."),
    "line_too_long": lazy("The file holds a line so long that it cannot be a table."),
    "row_of_other_width": lazy("Row %(row)s of the file has %(cells)s cells, and the header has %(width)s."),
    "row_unreadable": lazy("Line %(line)s of the file cannot be read as CSV."),
    "not_utf8": lazy("The file is not UTF-8 text; it stops being so after line %(line)s."),
    "json_empty": lazy("APSIS sent an empty file."),
    "json_cut_short": lazy("The file ends before its end: the last bracket of its JSON is missing."),
    "windows_gone": lazy("The files that had come were no longer on this desk’s disk when they were to be joined."),
    "column_missing": lazy("The file lacks what was asked for: %(columns)s."),
    "column_twice": lazy("The file has a title that stands twice: %(columns)s."),
    "stored_otherwise": lazy("What was stored is not what arrived, so the file was thrown away."),
}

# code → what such a failure means, where the sentence above does not say it already
MEANINGS: Mapping[str, Any] = {
    "answer_lost_twice": lazy(
        "APSIS may have made the export twice, or not at all. What it made there dies by itself within a day."
    ),
    "never_ready": lazy("An export lives one day at APSIS, ready or not. Nothing of yours is lost."),
    "never_in_turn": lazy("Nothing was made there, and nothing of yours is lost."),
    "trouble_lasted": lazy("This is not about your choices, and nothing of yours is lost."),
    "disk_stayed_full": lazy("This is not about your choices. Whoever runs this desk has to make room."),
    "account_moved": lazy("All keys for the old address were erased. Your saved segment is unharmed."),
    "person_left": lazy("Their keys were erased with it. What was asked for at APSIS dies by itself within a day."),
    "admission_changed": lazy(
        "Their keys were erased with it. What was asked for at APSIS dies by itself within a day."
    ),
    "key_erased": lazy("Nothing can go on without a key. Your saved segment is unharmed."),
    "our_fault": lazy("This is not about your choices. The people who run this desk can find out with the reference."),
}
# codes of runs that are ready and worth a second look
REMARKABLE = {"ready_empty", "ready_nobody", "ready_unread"}
FILE_MEANING = lazy("A file that is not exactly what was asked for is never shown. It was thrown away.")

# code of a line → its key word and its sentence
LINES: Mapping[str, tuple[Any, Any]] = {
    "asked": (lazy("Asked for"), lazy("%(who)s pressed Run on version %(version)s.")),
    "requested": (lazy("Requested"), lazy("APSIS took the request and gave a link that lives until %(until)s.")),
    "still_preparing": (pgettext_lazy("log", "Asked"), lazy("APSIS: still preparing. Question %(count)s.")),
    "ready_upstream": (pgettext_lazy("log", "Asked"), lazy("APSIS: the file is ready. Question %(count)s.")),
    "fetched": (lazy("Fetched"), lazy("%(bytes)s bytes, as APSIS sent them.")),
    "verified": (
        lazy("Verified"),
        lazy("Length, unpacking, column names, row widths and checksum agree: %(rows)s rows."),
    ),
    "verified_events": (
        lazy("Verified"),
        lazy("Length, unpacking, closing bracket and checksum agree: %(people)s people, %(events)s events."),
    ),
    "kept_unread": (
        lazy("Kept, not read"),
        lazy("It came whole and is kept. Its JSON cannot be read beyond byte %(at)s."),
    ),
    "joined_windows": (lazy("Joined"), lazy("%(of)s files hold %(people)s people, each counted once.")),
    "excel_fetched": (lazy("Excel file"), lazy("APSIS’s own, %(bytes)s bytes, as APSIS sent it.")),
    "excel_missed": (
        lazy("No Excel file"),
        lazy("APSIS’s own Excel file could not be fetched. The CSV is whole; the files below say why."),
    ),
    "answer_lost": (
        lazy("No answer"),
        lazy("The request was sent and the answer never came. We ask once more at %(again_at)s."),
    ),
    "asked_twice": (lazy("Asked again"), lazy("A second copy of this export may exist at APSIS; only one is fetched.")),
    "answer_lost_twice": (
        lazy("No answer"),
        lazy("The second request brought no answer either, so the run ends here."),
    ),
    "joined": (
        lazy("In line"),
        lazy("APSIS takes few exports of an account at a time. This one was number %(place)s in line."),
    ),
    "in_line": (lazy("In line"), "%(say)s"),
    "held_back": (
        lazy("Held back"),
        lazy("An admin has this desk start nothing new for now. The place in line is kept."),
    ),
    "let_go": (lazy("Let go"), lazy("The desk starts runs again.")),
    "trouble": (lazy("Trouble"), "%(say)s"),
    "disk_full": (lazy("Disk full"), lazy("There was no room for the file on this desk’s disk. It stays at APSIS.")),
    "handed_on": (
        lazy("Handed on"),
        lazy("This desk was being stopped, so the file is fetched again from its beginning."),
    ),
    "gave_up": (lazy("Gave up"), lazy("%(what)s We ask for a new export.")),
    "removed": (lazy("Removed"), lazy("%(who)s removed the file. Its figures and checksums stay.")),
    "expired": (lazy("Removed"), lazy("The file’s time was over. Its figures and checksums stay.")),
    "cancelled": (lazy("Cancelled"), lazy("%(who)s cancelled the run. The desk stopped asking APSIS.")),
}


def headline(run: Any, *, place: int = 0) -> tuple[str, str]:
    """Return the page's one sentence in its two voices: what is so, and what limits it or follows.

    `place` is that in line, where it is known.
    """
    facts = _readable(run.facts, since=clock(since(run)), due=clock(run.due_at), place=in_line(place))
    if is_stopping(run):
        return _("Stopping"), _("since %(at)s, at the desk’s next step.") % {"at": clock(run.cancel_asked_at)}
    if run.code == "ready":
        return _ready(run, facts)
    if run.code == "ready_events":
        return _("Ready and verified at %(since)s.") % facts, counted(run.facts)
    if run.code in HEADLINES:
        so, soft = HEADLINES[run.code]
        return str(so) % facts, str(soft) % facts
    return _what(run.code, facts), _no_file(run)


def in_line(place: int) -> str:
    """Return a place in line in words; 0 where it is not known."""
    if place < 2:
        return _("Next in line at APSIS") if place else _("In line at APSIS")
    return _("Number %(n)s in line at APSIS") % {"n": intcomma(place)}


def meaning(run: Any) -> str:
    """Return what the failure of a run means, in what its headline leaves unsaid."""
    if run.code in FAILURES:
        return str(MEANINGS.get(run.code, FILE_MEANING))
    return str(_readable(run.facts)["rest"])


def state(run: Any) -> str:
    """Return the state in two or three words."""
    if is_stopping(run):
        return _("Stopping")
    return str(STATES.get(run.code) or _("Failed"))


def removal(file: Any) -> str:
    """Return why a file is no longer here."""
    if file.removed_by:
        return _("%(who)s removed the file at %(at)s.") % {
            "who": isolated(str(file.removed_by)),
            "at": clock(file.removed_at),
        }
    return _("The file was kept until %(until)s.") % {"until": clock(file.expires_at)}


def since(run: Any) -> datetime:
    """Return when the present state began, as a person would say it: a passing trouble does not begin it anew."""
    moment: datetime = run.changed_at
    if run.code == "preparing" and run.requested_at:
        moment = run.requested_at
    elif run.code in ("to_fetch", "fetching") and run.ready_at:
        moment = run.ready_at
    elif run.code == "waiting_in_line" and run.started_at and not run.requested_at:
        moment = run.started_at
    return moment


def is_stopping(run: Any) -> bool:
    """Say whether somebody asked the run to stop and nobody has done it yet."""
    return run.cancel_asked_at is not None and not run.is_over


def line(code: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Return the key word and the sentence of one line of log."""
    known = _readable(facts)
    if code in LINES:
        key, text = LINES[code]
        return str(key), str(text) % known
    if code in FAILURES:
        return _("Failed"), str(FAILURES[code]) % known
    return _("Failed"), str(known["say"] or _("This run could not be finished."))


def short(run: Any) -> str:
    """Return a few words for lists: the outcome with its figure."""
    if run.code == "ready":
        rows = run.facts.get("rows", 0)
        return ngettext("%(shown)s row", "%(shown)s rows", rows) % {"shown": intcomma(rows)}
    if run.code == "ready_events":
        return counted(run.facts).removesuffix(".")
    return headline(run)[0]


def counted(facts: Mapping[str, Any]) -> str:
    """Return how many events of how many people, as a sentence."""
    people, events = facts.get("rows", 0), facts.get("events", 0)
    of = ngettext("%(n)s person", "%(n)s people", people) % {"n": intcomma(people)}
    return ngettext("%(n)s event of %(people)s.", "%(n)s events of %(people)s.", events) % {
        "n": intcomma(events),
        "people": of,
    }


def clock(moment: datetime | None) -> str:
    """Return a moment in words: the time of day, with the date when it is not today."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    if local.date() == timezone.localdate():
        return f"{local:%H:%M}"
    return f"{formats.date_format(local, 'j F')}, {local:%H:%M}"


def _ready(run: Any, facts: Mapping[str, Any]) -> tuple[str, str]:
    rows, contactable = run.facts.get("rows", 0), run.facts.get("contactable", 0)
    so = _("Ready and verified at %(since)s.") % facts
    if rows and not contactable:
        return so, ngettext(
            "You may not contact the %(rows)s person in it.", "You may contact none of these %(rows)s people.", rows
        ) % facts
    return so, ngettext(
        "You may contact the %(rows)s person in it.",
        "You may contact %(contactable)s of these %(rows)s people.",
        rows,
    ) % facts  # fmt: skip


def _no_file(run: Any) -> str:
    if run.attempt < 2:
        return _("No file was made.")
    return _("%(n)s attempts, and no file was made.") % {"n": run.attempt}


def _what(code: str, facts: Mapping[str, Any]) -> str:
    if code in FAILURES:
        return str(FAILURES[code]) % facts
    return str(facts["what"] or _("This run could not be finished."))


class _Facts(dict[str, Any]):
    """Facts of a run as a person reads them. One that an old row lacks is shown as an ellipsis, not as an error."""

    def __missing__(self, name: str) -> str:
        return "…"


def _readable(facts: Mapping[str, Any], **more: str) -> _Facts:
    readable = _Facts({name: _fact(name, value) for name, value in facts.items()} | more)
    say = readable.setdefault("say", "")
    what, _dot, rest = say.partition(". ")
    # The last of several sentences keeps its own stop; the first loses it to the split.
    readable.update(what=f"{what}." if rest else what, rest=rest)
    return readable


def _fact(name: str, value: Any) -> Any:
    if name == "say":
        return _(value) if value else ""
    if name in ("until", "again_at"):
        return clock(datetime.fromisoformat(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return intcomma(value)
    if isinstance(value, list):
        return ", ".join(isolated(str(item)) for item in value)
    return isolated(value) if isinstance(value, str) else value
