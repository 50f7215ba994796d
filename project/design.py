"""Every component in every state, made by the templates that the product uses: for whoever builds the desk.

Its address exists in a demo alone (project/urls.py). Nothing here is read from the database or written to it; everybody
named is invented.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from accounts.models import VendorAccount
from accounts.requests import Request
from audit.models import Event
from audit.views import Line
from exports import (
    asking,
    columns,
    draft,
    figures,
    fortnight,
    gauge,
    journey,
    listing,
    looking,
    panel,
    picture,
    preflight,
    remedies,
    shares,
    survey,
    taken,
    trend,
)
from exports.attempts import Attempt
from exports.drifted import Line as DriftLine
from exports.models import ExportFile, ExportRun, SavedSegment
from exports.originals import Original
from exports.spec import EMAIL, SMS, Choice, ColumnChoice, ConsentSpec, TopicChoice
from exports.templatetags import desk
from runs.models import Status
from wording import icons, moments

MINUTE = timedelta(minutes=1)
SUM = "9c1f04ab77e2d310" * 4
SPEC = ConsentSpec(
    section=Choice("europe", "Europe"),
    topics=(TopicChoice("blue", "Blue jeans"), TopicChoice("green", "Green jeans")),
    channels=(ColumnChoice(EMAIL, "E-mail", "EmailConsent"), ColumnChoice(SMS, "SMS", "MobileConsent")),
    attributes=(ColumnChoice("mail", "Email", "Email", "com.apsis1.attributes.email"),),
    tags=(ColumnChoice("sale", "Summer sale", "Summer sale"),),
    segments=(ColumnChoice("denim", "Bought denim", "Bought denim"),),
)


class Specimen(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label="Name", help_text="As your colleagues see it.")
    address = forms.EmailField(label="E-mail address")
    zone = forms.ChoiceField(label="Time zone", choices=[("s", "Stockholm"), ("h", "Helsinki")])
    why = forms.CharField(label="Purpose", widget=forms.Textarea, required=False)
    channels = forms.MultipleChoiceField(
        label="Channels", choices=[("email", "E-mail"), ("sms", "SMS")], widget=forms.CheckboxSelectMultiple
    )
    one = forms.ChoiceField(label="One of them", choices=[("a", "Add"), ("b", "Leave")], widget=forms.RadioSelect)
    leave_out = forms.BooleanField(label="Leave out unsubscribed", help_text="Otherwise they are rows with blanks.")


@require_safe
def design(request: Request) -> HttpResponse:
    """Show every component in every state."""
    now = timezone.now()
    run = _run(request, now)
    findings = preflight.check(
        ConsentSpec(channels=SPEC.channels, attributes=SPEC.attributes), preflight.Reach(), consent_version=2
    )
    context = {
        "here": "design",
        "request": request,
        "now": now,
        "states": list(desk.STATES),
        "kinds": list(desk.PROVENANCES),
        "icons": list(icons.ICONS),
        "pictures": [name for name in icons.PICTURES if name.startswith("art-")],
        "notes": list(desk.NOTES),
        "form": Specimen(),
        "wrong": Specimen({"name": "", "address": "no address", "zone": "x"}),
        "chips": [listing.Chip("Failed 2", "?", is_on=True), listing.Chip("Ready 21", "?", is_on=False)],
        "page_obj": Paginator(range(120), 50).page(2),
        "picker": _picker(),
        "groups": preflight.grouped(findings),
        "columns": picture.columns(SPEC),
        "people": picture.people(SPEC),
        "journeys": _journeys(now),
        "tape": journey.tape(_times(now)),
        "whole": 11 * MINUTE,
        "panels": _panels(run, now),
        "run": run,
        "figures": figures.of(run),
        "drawing": shares.of(figures.of(run)),
        "look": _look(run),
        "survey": _survey(run, now),
        "formulas": "2 cells begin as a formula does.",
        "drift_lines": [DriftLine("E-mail", 31_204, 41, 12, 30, 55, 18, 31_200), DriftLine("SMS", 9, 0, 0, 0, 0, 0, 9)],
        "sparks": _sparks(now),
        "has_bytes": True,
        "is_own": True,
        "originals": _originals(),
        "taken": _taken(now),
        "attempts": [
            Attempt(1, now - 9 * MINUTE, 3 * MINUTE, "failed", "Gave up", ""),
            Attempt(2, now - 5 * MINUTE, 2 * MINUTE, "ready", "Ready", ""),
        ],
        "remedies": remedies.of("export_failed"),
        "meaning": "Asking for the same file will not help.",
        "technical": SimpleNamespace(reference="run-214-c9"),
        "newest": _hops(now),
        "fortnight": _fortnight(now),
        "audit_lines": _audit_lines(now),
    }
    return TemplateResponse(request, "design.html", context)


def _run(request: Request, now: datetime) -> ExportRun:
    """Return a run that was never saved."""
    account = VendorAccount(pk=1, name="Nordlys Handel")
    segment = SavedSegment(pk=1, name="Spring newsletter", account=account, spec=SPEC.to_json(), version_no=4)
    counts = {
        "contactable": 33_870,
        "consented": {"EmailConsent": 31_204, "MobileConsent": 12_377},
        "members": {"Bought denim": 46_982},
        "member_of_any": 46_982,
    }
    file = ExportFile(
        encoding="gzip", received_length=1_312_440, received_sha256=SUM, content_length=5_100_000, content_sha256=SUM,
        row_count=48_310, header=[column.title for column in SPEC.columns()], counts=counts, made_at=now,
        expires_at=now + timedelta(days=7),
    )  # fmt: skip
    return ExportRun(
        pk=214, owner=request.user, account=account, segment=segment, version_no=4, spec=SPEC.to_json(),
        status=Status.SUCCEEDED, code="ready", created_at=now - 11 * MINUTE, changed_at=now, finished_at=now, file=file,
        facts={"rows": 48_310, "contactable": 33_870},
    )  # fmt: skip


# What cannot be seen, what is empty, and what is too long to be shown.
ROWS = (
    ("5c1e-0b7a", "maja.ek@example.com", "46000000118", "maja.ek@example.com", "1", "1"),
    ("a09d-41f2", "", "46000000254", " olle.dahl@example.com\t", "", "1"),
    ("e77b-9c30", "siri.holm@example.test", "", "siri.holm@example.test", "two\nlines " * 30, "0"),
)


def _look(run: ExportRun) -> looking.Look:
    found = figures.of(run)
    assert found
    rows = [
        (number, [looking.cell(text, column.kind) for text, column in zip(row, found.columns, strict=True)])
        for number, row in enumerate(ROWS, 2)
    ]
    return looking.Look([(column, looking.cell(column.title)) for column in found.columns], rows, 48_310, is_cut=True)


def _sparks(now: datetime) -> list[trend.Spark]:
    values = {"Contactable": (31_910, 32_004, 31_870, 31_204), "SMS": (12_377, 12_377)}
    kinds = ("all", "consent")
    return [
        trend.drawn(
            kind, name, [trend.Point(now - n * 7 * 24 * 60 * MINUTE, value) for n, value in enumerate(many)][::-1]
        )
        for kind, (name, many) in zip(kinds, values.items(), strict=True)
    ]


def _survey(run: ExportRun, now: datetime) -> columns.Surveyed:
    found = figures.of(run)
    assert found
    counted = [
        survey.Figures(48_310, 0, 1_000, is_more=True, longest=36),
        survey.Figures(31_204, 17_106, 1_000, is_more=True, longest=38, emails=31_204),
        survey.Figures(12_377, 35_933, 1_000, is_more=True, longest=11, phones=12_377),
        survey.Figures(47_790, 520, 1_000, is_more=True, longest=38, emails=47_701, formulas=2),
        survey.Figures(610, 47_700, 1, longest=1),
        survey.Figures(48_310, 0, 2, longest=1),
    ]
    lines = [columns.line(column, one.to_json()) for column, one in zip(found.columns, counted, strict=True)]
    return columns.Surveyed("there", lines, at=now)


def _times(now: datetime) -> dict[str, datetime | None]:
    minutes = (11, 10, 8, 3, 1, 0)
    return {key: now - m * MINUTE for (key, _name), m in zip(journey.STATIONS, minutes, strict=True)}


def _journeys(now: datetime) -> list[list[journey.Station]]:
    """Return the line with each state of a station on it, once in the middle and once at the end."""
    at = moments.clock(now)
    names = [str(name) for _key, name in journey.STATIONS]

    def line(*states: str) -> list[journey.Station]:
        took = {"done": "49 s", "now": "3 min 12 s so far", "wait": "49 s so far", "goal": "11 min in all"}
        return [
            journey.Station(name, state, took=took.get(state, ""), at="" if state == "off" else at)
            for name, state in zip(names, states, strict=True)
        ]

    return [
        line("done", "done", "now", "off", "off", "off"),
        line("done", "wait", "off", "off", "off", "off"),
        line("done", "done", "done", "fail", "off", "off"),
        line("done", "stop", "off", "off", "off", "off"),
        line("done", "done", "done", "done", "done", "goal"),
        line("done", "done", "done", "done", "done", "gone"),
    ]


def _panels(run: ExportRun, now: datetime) -> list[list[panel.Cell]]:
    known = gauge.Past((4 * MINUTE, 5 * MINUTE, 6 * MINUTE, 9 * MINUTE), (5 * MINUTE, 10 * MINUTE))
    drawn = gauge.draw(known, 3 * MINUTE)
    places = [
        panel.Place("Preparing", "working", own=None, since=now - 4 * MINUTE, is_this=False),
        panel.Place("Next", "waiting", own=run, since=None, is_this=False),
        panel.Place("Number 2", "waiting", own=None, since=None, is_this=True),
    ]
    usual = panel.Cell("How long this segment usually takes at APSIS", drawn.usual, drawn.runs, gauge=drawn)
    asked = panel.Cell("Next question to APSIS", "14:06:34", text="Asked 5 times; the pauses grow, as APSIS demands.")
    fetched = panel.Cell("Fetched so far", "3.1 MB", "of 5.1 MB", "0.4 MB a second on average, for 8 s.", share=61.0)
    waiting = panel.Cell("The line at APSIS, account Nordlys Handel", "", places=places)
    return [[usual, asked], [waiting, fetched]]


def _originals() -> list[Original]:
    def ask(key: str, name: str) -> asking.Ask:
        return asking.Ask(key, name, "?", 48_310, restarts=key == "content", is_needed=True, last="")

    content, received = "CSV, the content", "Bytes as received"
    return [
        Original(content, "What APSIS sent.", "48,310 rows", 5_242_880, "4e" * 32, "", ask("content", content)),
        Original(received, "As it came.", "as it came", 1_363_148, "9a" * 32, "", ask("received", received)),
    ]


def _taken(now: datetime) -> taken.Told:
    items = [
        taken.Taken(now - 3 * MINUTE, "Jonas Lind", "as Excel", "a quality check", "1.1 MB of 1.3 MB"),
        taken.Taken(now - 9 * MINUTE, "Anna Berg", "as CSV", "", "whole"),
    ]
    return taken.Told("Downloaded 2 times, by Jonas Lind (1), Anna Berg (1)", items)


def _hops(now: datetime) -> list[tuple[Any, str, str]]:
    def hop(minutes: float, level: str, code: str, took_ms: int | None) -> Any:
        return SimpleNamespace(at=now - minutes * MINUTE, level=level, code=code, took_ms=took_ms)

    return [
        (hop(1, "info", "verified", 4_000), "Verified", "Length, unpacking, columns, rows and checksum agree."),
        (hop(3, "warn", "trouble", 300), "Trouble", "APSIS One has trouble of its own. Nothing is lost."),
        (hop(5, "warn", "in_line", None), "In line", "APSIS takes few exports of an account at a time."),
        (hop(7, "bad", "gave_up", 900), "Gave up", "The file is no longer at APSIS One. We ask for a new export."),
        (hop(11, "info", "asked", None), "Asked for", "Anna Berg pressed Run on version 4."),
    ]


def _picker() -> dict[str, Any]:
    options = [
        draft.Option("1", "Black jeans", remark="Email only", group="Jeans"),
        draft.Option("2", "Denim care club", remark="SMS only", group="Jeans"),
    ]
    return {
        "kind": "tag",
        "mark": "tag",
        "label": "Search tags",
        "is_in_hand": False,
        "chosen": SPEC.tags,
        "asked": "",
        "options": options,
        "found": 2,
        "total": 46,
        "listing": SimpleNamespace(trouble=None),
    }


def _fortnight(now: datetime) -> fortnight.Fortnight:
    figures_by_day = ((2, 1, 0), (3, 0, 0), (1, 0, 1), (0, 0, 0), (0, 0, 0), (4, 1, 0), (3, 0, 0)) * 2
    today = timezone.localdate(now)
    days = tuple(
        fortnight.Day(today - timedelta(days=13 - n), ready, failed, cancelled, rows=ready * 9_400)
        for n, (ready, failed, cancelled) in enumerate(figures_by_day)
    )
    return fortnight.drawn(days)


def _audit_lines(now: datetime) -> list[Line]:
    sealed = Event(pk=1, at=now - 4 * MINUTE, seq=1_203)
    fresh = Event(pk=2, at=now, seq=None)
    told = format_html('<b>{}</b> downloaded <a href="?">{}</a>', "Jonas Lind", "Spring newsletter, run 214")
    refused = format_html("<b>{}</b> was refused run 214", "Siv Aune")
    return [Line(sealed, told, "download", is_refused=False), Line(fresh, refused, "lock", is_refused=True)]
