"""The forms of a run's file as its page offers them: what is there, what is being made, what can be asked for."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from exports import asking, files, offers, sentences
from exports.asking import Ask
from exports.kinds import Kind
from exports.models import DerivedFile, ExportFile, ExportRun
from exports.offers import Wish
from exports.selection import Contactable
from runs.models import UNFINISHED, Status
from wording.amounts import count, size

Form = DerivedFile.Form
PACE = 2  # seconds between two looks at a form that is being made

PURPOSES = {
    Form.WORKBOOK: lazy(
        "For Excel. Every cell is text, so zeros, dates and long numbers arrive as APSIS sent them, and a first sheet "
        "says what each column means."
    ),
    Form.EXCEL_CSV: lazy(
        "Opens in Excel by a double click, with å, ä and ö. Excel still changes leading zeros, long numbers and dates "
        "here; in the workbook it does not."
    ),
    Form.READABLE: lazy(
        "For Excel: people on one sheet, events on another, with names for numbers and local times. Begin here."
    ),
    Form.EVENTS_CSV: lazy("One row an event, with who, what, when and its data: UTF‑8, commas."),
    Form.PEOPLE_CSV: lazy("One row a person, with attributes, tags and how often what happened: UTF‑8, commas."),
    Form.EVENTS_EXCEL: lazy("The same events for a double click in Excel, with å, ä and ö."),
    Form.PEOPLE_EXCEL: lazy("The same people for a double click in Excel, with å, ä and ö."),
    Form.CSV: lazy("For other programs: UTF‑8, commas."),
    Form.APSIS_EXCEL: lazy("As APSIS made it, unaltered: another program’s Excel file of the same export."),
}
TROUBLES = {
    "events_unread": lazy("The JSON cannot be read to its end, so nothing could be made of it. The original is whole."),
    "derived_no_room": lazy("This desk’s disk was full. The original is here; ask again when an admin has made room."),
    "derived_damaged": lazy("What was written could not be read back, so it was thrown away. Ask again."),
    "derived_stopped": lazy("It was stopped. Ask again."),
    "original_gone": lazy("The original was removed meanwhile, so nothing can be made of it."),
    "apsis_link_over": lazy("APSIS no longer hands it out. The CSV is here and whole; run again to get both."),
    "apsis_trouble": lazy("APSIS had trouble handing it out, again and again. The CSV is here and whole."),
    "apsis_no_excel": lazy(
        "What APSIS sent was no whole Excel file, so it was thrown away. The CSV is here and whole."
    ),
    "apsis_too_large": lazy("It is larger than this desk is set to take. The CSV is here and whole."),
    "apsis_key_refused": lazy("APSIS no longer accepts your key, so it was not fetched. The CSV is here and whole."),
}


@dataclass(frozen=True)
class Item:
    """A form on the shelf. `state` is one of: offered, making, there, failed, refused."""

    form: str
    name: str
    purpose: str
    state: str
    derived: DerivedFile | None = None
    progress: str = ""
    said: str = ""  # why it failed, or is not offered
    remarks: list[str] = field(default_factory=list)
    ask: Ask | None = None  # before it is downloaded


@dataclass(frozen=True)
class Shelf:
    """All of them. `pace` is 0 while nothing is being made; `mark` changes with whatever is shown."""

    items: list[Item]
    pace: int
    mark: str


def of(run: ExportRun, *, now: datetime, last: str = "") -> Shelf | None:
    """Return the shelf of a run's file; None when there is none, or none any more.

    `last` is what the person who looks said last time when they were asked what a file is for.
    """
    file = run.file
    if file is None or not file.is_kept(now):
        return None
    made = list(DerivedFile.objects.filter(of=file))
    for derived in made:
        derived.of = file  # which knows its run, so that no form asks for either again
    forms = offers.OF_EVENTS if run.segment.kind == Kind.EVENTS else (Form.WORKBOOK, Form.EXCEL_CSV)
    items = [_whole(file, form, made, last, now=now) for form in forms]
    if any(derived.form == Form.APSIS_EXCEL for derived in made):
        items.append(_whole(file, Form.APSIS_EXCEL, made, last, now=now))
    items += [_item(derived, last) for derived in made if derived.choice and derived.status not in _ENDED_WITHOUT]
    seen = ",".join(f"{derived.pk}:{derived.version}" for derived in made)
    is_busy = any(derived.status in UNFINISHED for derived in made)
    return Shelf(items, PACE if is_busy else 0, f"{zlib.crc32(seen.encode()):08x}")


_ENDED_WITHOUT = (Status.FAILED, Status.CANCELLED)


def _whole(file: ExportFile, form: Form, made: list[DerivedFile], last: str, *, now: datetime) -> Item:
    """Return a form of all rows: the one that is there or on its way, or what became of the last try, or the offer."""
    tries = [derived for derived in made if derived.form == form and not derived.choice]
    kept = [derived for derived in tries if derived.status not in _ENDED_WITHOUT]
    why = offers.refusal(file, Wish(form), now=now)
    if kept or tries:
        item = _item((kept or tries)[-1], last)
        # What cannot be asked for again any more has no button to do so.
        return replace(item, state="refused") if item.state == "failed" and why else item
    return Item(form, str(form.label), str(PURPOSES[form]), "refused" if why else "offered", said=why)


def _item(derived: DerivedFile, last: str) -> Item:
    form = Form(derived.form)
    name = called(derived)
    is_there = derived.status == Status.SUCCEEDED
    state = {Status.SUCCEEDED: "there", Status.FAILED: "failed", Status.CANCELLED: "failed"}.get(
        Status(derived.status), "making"
    )
    return Item(
        form,
        name,
        chosen(derived.choice) if derived.choice else str(PURPOSES[form]),
        state,
        derived,
        progress=_progress(derived),
        said=_trouble(derived) if state == "failed" else "",
        remarks=_remarks(derived),
        ask=asking.of(derived.of.run, files.copy_of_derived(derived), name=name, last=last) if is_there else None,
    )


def called(derived: DerivedFile) -> str:
    """Return what a page calls what was made of a file."""
    label = Form(derived.form).label
    return _("Contactable only, %(form)s") % {"form": label} if derived.choice else str(label)


def chosen(choice: dict[str, Any]) -> str:
    """Say which rows a choice leaves."""
    consents = ", ".join(choice.get("consents", ()))
    if segments := ", ".join(choice.get("segments", ())):
        told = {"consents": consents, "segments": segments}
        return _("Rows with something in %(consents)s and a 1 in %(segments)s, and no others.") % told
    return _("Rows with something in %(consents)s, and no others.") % {"consents": consents}


def _progress(derived: DerivedFile) -> str:
    done, total = derived.facts.get("bytes"), derived.facts.get("total")
    if derived.code == "trouble":
        return _("APSIS had trouble; it is fetched again at %(at)s") % {"at": sentences.clock(derived.due_at)}
    if derived.form == Form.APSIS_EXCEL and derived.status == Status.RUNNING and derived.code == "fetching":
        told = {"done": size(done or 0), "total": size(total)}
        return _("Fetched %(done)s of %(total)s") % told if total else _("Fetched %(done)s") % told
    if derived.status == Status.QUEUED or not total:
        return _("Waiting for a worker")
    if derived.code == "verifying":
        return _("Reading it back")
    return _("Made of %(done)s of %(total)s") % {"done": size(done), "total": size(total)}


def _trouble(derived: DerivedFile) -> str:
    if derived.code in TROUBLES:
        return str(TROUBLES[derived.code])
    told = {"reference": derived.facts.get("reference", "")}
    return _("Something broke on our side; the original is untouched. Ask again, or quote %(reference)s.") % told


def _remarks(derived: DerivedFile) -> list[str]:
    """Say what is not as in the original, with its number; where nothing is, say that."""
    said, remarks = [], derived.remarks
    if cut := remarks.get("cut", 0):
        said.append(
            ngettext(
                "%(n)s cell was longer than Excel holds, and was cut.",
                "%(n)s cells were longer than Excel holds, and were cut.",
                cut,
            )
            % {"n": count(cut)}
        )
    if guarded := remarks.get("guarded", 0):
        said.append(
            ngettext(
                "%(n)s cell would have been a formula, and begins with an apostrophe.",
                "%(n)s cells would have been formulas, and begin with an apostrophe.",
                guarded,
            )
            % {"n": count(guarded)}
        )
    if of_csv := remarks.get("rows_of_csv", 0):
        told = {"n": count(derived.row_count), "csv": count(of_csv)}
        said.append(_("It holds %(n)s rows, and the CSV %(csv)s: go by the CSV, and ask APSIS why.") % told)
    if derived.form != Form.APSIS_EXCEL and (sheets := remarks.get("sheets", 0)) > (
        2 if derived.form == Form.READABLE else 1
    ):
        said.append(_("On %(n)s sheets: one of Excel’s holds a million rows.") % {"n": sheets})
    return said


def all_of(run: ExportRun) -> Contactable:
    """Return the widest choice of people who may be contacted: any consent, and any of the segments.

    Events say nothing of consent, so of these there is none.
    """
    if run.segment.kind == Kind.EVENTS:
        return Contactable((), ())
    columns = list(run.consent_spec.columns())
    return Contactable(
        tuple(column.title for column in columns if column.kind == "consent"),
        tuple(column.title for column in columns if column.kind == "segment"),
    )
