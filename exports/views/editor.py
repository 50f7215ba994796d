"""The segment editor: a form that the server redraws at every change, so that it works with and without script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.definitions import Library
from accounts.models import Credential
from accounts.requests import Request, number
from audit import denials
from exports import actions, checks, draft, preflight, sheets
from exports.forms import SegmentForm
from exports.kinds import Kind, Spec
from exports.models import SavedSegment
from exports.sheets import Sheet
from exports.views.guard import in_the_way, is_for_everyone
from wording.names import isolated

LABELS = {
    "segment": _("Search segments"),
    "topic": _("Search subscriptions"),
    "event": _("Search types of event"),
    "attribute": _("Search attributes"),
    "tag": _("Search tags"),
}


@dataclass
class Desk:
    """Everything the editor works with during one request."""

    credential: Credential
    segment: SavedSegment | None
    sheet: Sheet
    choices: draft.Choices
    spec: Spec


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("exports.add_savedsegment", raise_exception=True)
def segment_new(request: Request) -> HttpResponse:
    """Make a saved segment from nothing."""
    return _editor(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("exports.change_savedsegment", raise_exception=True)
def segment_edit(request: Request, pk: int) -> HttpResponse:
    """Change a saved segment; every save makes a version."""
    segments = SavedSegment.objects.visible_to(request.user).select_related("account")
    return _editor(request, denials.own_or_404(request, segments, pk=pk))


@require_POST
@permission_required("exports.add_savedsegment", raise_exception=True)
def segment_draft(request: Request) -> HttpResponse:
    """Answer with the editor as the form stands now: fields, pre-flight, picture of the file. Nothing is saved."""
    segment = _segment_of(request)
    desk = _desk(request, segment)
    form = _form(request, desk)
    return TemplateResponse(request, "exports/segment_edit.html#editor", _shown(request, desk, form))


@require_POST
@permission_required("exports.add_savedsegment", raise_exception=True)
def segment_options(request: Request) -> HttpResponse:
    """Answer with the lines of one picker that hold what was typed."""
    kind = request.POST.get("kind", "")
    desk = _desk(request, _segment_of(request))
    if kind not in desk.sheet.pickers:
        raise Http404
    context = {"picker": _picker(request.POST, desk, kind)}
    return TemplateResponse(request, "exports/segment_edit.html#options", context)


def _editor(request: Request, segment: SavedSegment | None) -> HttpResponse:
    if not Credential.objects.visible_to(request.user).exists():
        return TemplateResponse(request, "exports/segment_no_credential.html", {"here": "segments"})
    desk = _desk(request, segment)
    form, saving = _form(request, desk), _is_saving(request)
    if saving and form.is_valid():
        return _save(request, desk, form.cleaned_data["name"])
    shown = _shown(request, desk, form)
    return TemplateResponse(request, "exports/segment_edit.html", shown, status=422 if saving else 200)


def _is_saving(request: Request) -> bool:
    return "save" in request.POST or "save_and_run" in request.POST


def _form(request: Request, desk: Desk) -> SegmentForm:
    """Return the form as it stands. It is judged from the first press on Save: before, nobody is done with it."""
    segment = desk.segment
    if _is_saving(request) or "tried" in request.POST:
        return SegmentForm(request.POST, owner=request.user, segment=segment)
    name = request.POST.get("name", segment.name if segment else "")
    initial = {"name": name, "time_zone": desk.spec.time_zone}
    return SegmentForm(initial=initial, owner=request.user, segment=segment)


def _save(request: Request, desk: Desk, name: str) -> HttpResponse:
    segment = actions.save_segment(
        by=request.user, account=desk.credential.account, name=name, spec=desk.spec, segment=desk.segment
    )
    if "save_and_run" not in request.POST:
        return redirect("exports:segment_list")
    # Each of these has an address of its own: what is loaded again there saves nothing a second time.
    if blocks := in_the_way(request, segment):
        messages.warning(request, _not_started(segment, blocks))
        return redirect(segment)
    if is_for_everyone(segment):
        return redirect("exports:run_create", pk=segment.pk)
    return redirect(actions.start(segment, by=request.user))


def _not_started(segment: SavedSegment, blocks: list[preflight.Finding]) -> str:
    """Return what is said of a segment that was saved and could not be run: what happened, and what to do."""
    saved = {"name": isolated(segment.name), "n": segment.version_no}
    first = blocks[0].title
    if len(blocks) == 1:
        said = gettext("“%(name)s” is saved as version %(n)s and was not started. %(first)s Put it right, then run it.")
        return said % {**saved, "first": first}
    said = gettext(
        "“%(name)s” is saved as version %(n)s and was not started. %(first)s The pre-flight names %(more)s more."
    )
    return said % {**saved, "first": first, "more": len(blocks) - 1}


def _segment_of(request: Request) -> SavedSegment | None:
    pk = number(request.POST.get("segment_pk", ""))
    if pk is None:
        return None
    return denials.own_or_404(request, SavedSegment.objects.visible_to(request.user).select_related("account"), pk=pk)


def _desk(request: Request, segment: SavedSegment | None) -> Desk:
    credentials = Credential.objects.visible_to(request.user).select_related("account")
    account = number(request.POST.get("account", ""))
    wanted = account if account is not None else segment.account_id if segment else None
    credential = credentials.filter(account=wanted).first() or credentials.first()
    if credential is None:
        raise Http404
    sheet = _sheet(request, segment)
    base = segment.asks if segment else sheet.blank(time_zone=request.user.time_zone)
    library = Library(credential)
    if "refresh" in request.POST:
        library.refresh(request.POST.get("section", ""))
    section = request.POST.get("section", sheet.section_of(base))
    choices = draft.Choices(library, section)
    if not section and len(choices.sections()) == 1:
        choices = draft.Choices(library, choices.sections()[0].id)
        base = sheet.into(base, choices)
    spec = sheet.read(request.POST, choices, base) if request.method == "POST" else base
    section = sheet.section_of(spec)
    if section != request.POST.get("section_before", section):
        spec = sheet.bare(spec)
    return Desk(credential, segment, sheet, choices, spec)


def _sheet(request: Request, segment: SavedSegment | None) -> Sheet:
    kind = segment.kind if segment else request.POST.get("of") or request.GET.get("of", "")
    return sheets.EVENTS if kind == Kind.EVENTS else sheets.CONSENTS


def _shown(request: Request, desk: Desk, form: SegmentForm) -> dict[str, Any]:
    account, spec, sheet = desk.credential.account, desk.spec, desk.sheet
    findings = checks.of(spec, desk.credential, account, desk.segment, library=desk.choices.library)
    return {
        "here": "segments",
        "form": form,
        "segment": desk.segment,
        "of": sheet.kind,
        "spec": spec,
        "section": sheet.section_of(spec),
        "account": account,
        "credentials": Credential.objects.visible_to(request.user).select_related("account"),
        "sections": desk.choices.sections(),
        "pickers": {kind: _picker(request.POST, desk, kind) for kind in sheet.pickers},
        "listing": desk.choices.library.read("sections"),
        "findings": findings,
        "groups": preflight.grouped(findings),
        "is_blocked": preflight.blocks(findings),
        "next_version": desk.segment.version_no + 1 if desk.segment else 1,
        **sheet.more(spec, desk.choices),
    }


def _picker(data: QueryDict, desk: Desk, kind: str) -> dict[str, Any]:
    chosen = desk.sheet.chosen(desk.spec, kind)
    # What was searched for has served when something is added.
    asked = "" if data.get("put_in", "").startswith(f"{kind}:") else data.get(f"q:{kind}", "")
    options, found = desk.choices.search(kind, asked, (choice.id for choice in chosen))
    return {
        "kind": kind,
        "mark": "consent" if kind == "topic" else kind,
        "has_titles": desk.sheet.has_titles and kind != "topic",
        "label": LABELS[kind],
        # Adding or taking out keeps the hand where it was.
        "is_in_hand": any(data.get(act, "").startswith(f"{kind}:") for act in ("put_in", "take_out")),
        "chosen": chosen,
        "asked": asked,
        "options": options,
        "found": found,
        "total": len(desk.choices.options(kind)),
        "listing": desk.choices.listing(kind),
    }
