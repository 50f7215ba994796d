"""In which forms a file is offered, and why one is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from exports.digest import digest_of
from exports.kinds import Kind
from exports.models import DerivedFile, ExportFile
from exports.selection import Contactable

Form = DerivedFile.Form

MOST_ROWS = 5_000_000  # of a workbook: five sheets, and Excel's patience
MOST_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Wish:
    """A form of a file, and which rows of it; all without a choice."""

    form: str
    choice: Contactable | None = None

    def to_json(self) -> dict[str, list[str]]:
        if self.choice is None:
            return {}
        return {"consents": list(self.choice.consents), "segments": list(self.choice.segments)}

    @property
    def digest(self) -> str:
        """The same for two wishes that are met by the same file. Hexadecimal, 64 characters."""
        return digest_of(self.to_json())


OF_EVENTS = (Form.READABLE, Form.EVENTS_CSV, Form.PEOPLE_CSV, Form.EVENTS_EXCEL, Form.PEOPLE_EXCEL)


def refusal(file: ExportFile, wish: Wish, *, now: datetime) -> str:
    """Return why a file is not offered so, and what to use instead; nothing where it is."""
    is_of_events = file.run.segment.kind == Kind.EVENTS
    if is_of_events != (wish.form in OF_EVENTS):
        return _("This form is made of other exports.")
    return _of_events(file, wish) if is_of_events else _of_table(file, wish, now=now)


def _of_events(file: ExportFile, wish: Wish) -> str:
    if wish.choice:
        return _("An export of events says nothing of consent, so nobody can be left out by it.")
    if file.run.code == "ready_unread":
        return _("The JSON cannot be read to its end, so nothing can be made of it. The original is whole.")
    if wish.form == Form.READABLE and file.run.facts.get("events", 0) > MOST_ROWS:
        return _("Excel shows a million rows a sheet, and this file has more than five million events. Use the CSV.")
    return ""


def _of_table(file: ExportFile, wish: Wish, *, now: datetime) -> str:
    if wish.form == Form.CSV and wish.choice is None:
        return _("All rows as a CSV is the original: download that.")
    if wish.form == Form.APSIS_EXCEL:
        return _of_apsis(file, wish, now=now)
    if wish.form != Form.WORKBOOK:
        return ""
    if file.row_count > MOST_ROWS:
        return _("Excel shows a million rows a sheet, and this file has more than five million. Use the CSV.")
    if file.content_length > MOST_BYTES:
        return _("A workbook of more than a gigabyte opens nowhere. Use the CSV.")
    return ""


def _of_apsis(file: ExportFile, wish: Wish, *, now: datetime) -> str:
    run = file.run
    if wish.choice:
        return _("APSIS’s own Excel file is kept as it came, with all its rows. Choose another form.")
    if not run.consent_spec.apsis_excel:
        return _("This run did not ask for APSIS’s own Excel file. Tick it in the saved segment, and run again.")
    if run.poll_ends_at is None or now >= run.poll_ends_at:
        return _("APSIS hands out a file for a day, and that is over. Run again to get both.")
    return ""
