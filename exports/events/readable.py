"""A readable form of a run's events, made of what its windows hold: the tables of exports.events.forms."""

from __future__ import annotations

from typing import IO, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from exports.events import forms, said
from exports.events.forms import How, Made
from exports.events.found import Found
from exports.events.tables import fields_of
from exports.events.whole import contents
from exports.events.words import Words
from exports.models import DerivedFile, EventFigures, ExportRun
from exports.spec import ADDRESS_ATTRIBUTES
from runs.heartbeat import Heartbeat
from wording.amounts import count

Form = DerivedFile.Form


def write(derived: DerivedFile, beat: Heartbeat, to: IO[bytes]) -> dict[str, Any]:
    """Write one form; return its rows, and what the page must say of it. Raises Unreadable."""
    run = derived.of.run
    windows = list(run.windows.all())
    sources, how = list(contents(windows, beat, "making")), _how(run)
    if derived.form == Form.READABLE:
        made = forms.workbook(
            sources,
            to,
            how,
            about=lambda made: _about(run, made),
            at=derived.of.made_at,
            most=derived.of.content_length,
        )
        return {"rows": made.events, "people": made.profiles, "cut": made.cut, "sheets": made.sheets}
    is_excel = derived.form in (Form.EVENTS_EXCEL, Form.PEOPLE_EXCEL)
    if derived.form in (Form.EVENTS_CSV, Form.EVENTS_EXCEL):
        made = forms.csv(sources, how, events=to, excel=is_excel)
        return {"rows": made.events, "guarded": made.guarded}
    made = forms.csv(sources, how, profiles=to, excel=is_excel)
    return {"rows": made.profiles, "guarded": made.guarded}


def _how(run: ExportRun) -> How:
    spec = run.event_spec
    figures = EventFigures.objects.get(file=run.file)
    return How(
        spec.names,
        spec.time_zone,
        fields=fields_of(spec.names, Found.from_json(figures.found).statistics),
        identifying=[choice.id for choice in spec.attributes if choice.discriminator in ADDRESS_ATTRIBUTES],
        words=words(),
    )


def words() -> Words:
    """Return the words of the tables in the language of whoever asked for them."""
    return Words(
        export_key=_("Export key"),
        section=_("Section"),
        event=_("Event"),
        type_id=_("Event type ID"),
        day=_("Day"),
        local_time=_("Time ({zone})"),
        utc_time=_("Time (UTC)"),
        received=_("Received (UTC)"),
        correlation_id=_("Correlation ID"),
        retry=_("Delivery retry"),
        counts=_("Counts"),
        other=_("Other data"),
        events=_("Events"),
        of_type=_("{event}: events"),
        first=_("First event ({zone})"),
        last=_("Last event ({zone})"),
        yes=_("yes"),
        no=_("no"),
        not_recorded=_("not recorded"),
        events_sheet=_("Events"),
        profiles_sheet=_("People"),
        read_me_sheet=_("Read me"),
    )


def _about(run: ExportRun, made: Made) -> list[list[str]]:
    """Return the sheet to read, line by line: what, its value, and a sentence."""
    windows, spec = list(run.windows.all()), run.event_spec
    at = timezone.localtime(run.requested_at)
    found = made.statistics
    return [
        ["Consent Desk", "", _("A file of people. Keep it as long as you need it, and no longer.")],
        [_("Saved segment"), run.segment.name, _("version %(n)s") % {"n": run.version_no}],
        [_("Export run"), str(run.pk), _("asked for by %(who)s at APSIS") % {"who": run.owner}],
        [_("Data as of"), f"{at:%Y-%m-%d %H:%M}", str(at.tzinfo)],
        *([_("Time"), said.window(window.window, spec.zone), spec.time_zone] for window in windows),
        [_("People"), count(made.profiles), _("%(n)s of them with events") % {"n": count(found.with_events)}],
        [_("Events"), count(found.events - found.retries), _("each counted once")],
        [_("Delivery retries"), count(found.retries), _("sent twice by their source: rows with 0 under “Counts”")],
        [_("Without a time"), count(found.not_recorded), _("they say “not recorded”")],
        [
            _("How to count"),
            "",
            _("Add up the column “Counts”: a delivery retry has 0 there. A number without a name keeps its number."),
        ],
        [
            _("How it was made"),
            "",
            _("Every cell is text, and nothing is a formula. A cell of more than 32,767 characters is cut."),
        ],
        *(
            [_("SHA-256 of the original"), window.content_sha256, _("of the JSON it was made from")]
            for window in windows
        ),
    ]
