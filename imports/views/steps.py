"""The steps of the wizard, each an address of its own: what for, file, reading, columns, consents, check, confirm."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import chosen
from accounts.definitions import Library
from accounts.models import Credential
from accounts.requests import Request, number
from audit import actions as audit
from imports import actions, columns, faults, outlook, receiving, trail
from imports import consents as consent_rules
from imports import findings as found
from imports.draft import OUT, Consent, Draft, ways
from imports.forms import FileForm, PurposeForm, ReadingForm
from imports.models import Check, Comparison, Import, Upload
from imports.parse.checking import Findings
from imports.parse.plan import BLANK, LEAVE_OUT, MEND
from imports.parse.reading import Reading, Unreadable
from imports.views import serving
from imports.views.drafts import page, step
from runs.models import Status

READS = ["GET", "HEAD", "POST"]
TEMPLATES = 20  # earlier imports that one can follow


# ── What for ─────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(READS)
@permission_required("imports.add_import", raise_exception=True)
def upload_new(request: Request) -> HttpResponse:
    """Begin an import: what for."""
    credential = chosen.credential(request, chosen.credentials(request))
    if credential is None:
        return TemplateResponse(request, "imports/upload_no_credential.html", {"here": "imports"})
    return _purpose(request, credential, None)


@require_http_methods(READS)
@step("purpose")
def upload_purpose(request: Request, draft: Draft) -> HttpResponse:
    """Say anew what an import is for."""
    return _purpose(request, draft.upload.credential, draft)


def _purpose(request: Request, credential: Credential, known: Draft | None) -> HttpResponse:
    library = Library(credential)
    if "refresh" in request.POST:
        library.refresh("")
    sections = [(one.discriminator, one.name) for one in library.read("sections").items]
    offered = ways(library)
    choices: dict[str, Any] = {
        "accounts": chosen.accounts(chosen.credentials(request)),
        "sections": sections,
        "keyspaces": [(way.id, way.name) for way in offered if not way.refused],
    }
    initial = {"account": str(credential.account_id)}
    if known:
        upload = known.upload
        initial |= {"purpose": upload.purpose, "section": upload.section, "keyspace": upload.keyspace}
    elif len(sections) == 1:
        initial["section"] = sections[0][0]
    is_sent = request.method == "POST" and not {"refresh", "redraw"} & set(request.POST)
    form = PurposeForm(request.POST, **choices) if is_sent else PurposeForm(initial=initial, **choices)
    if is_sent and form.is_valid():
        said = form.cleaned_data
        aimed: dict[str, Any] = {
            "purpose": said["purpose"],
            "section": (said["section"], dict(sections)[said["section"]]),
            "way": next(way for way in offered if way.id == said["keyspace"]),
        }
        if known:
            actions.aim(known.upload, **aimed)
            return redirect(trail.url(known.upload, trail.reached(known.upload)))
        return redirect(actions.begin(by=request.user, credential=credential, **aimed))
    refused = [way for way in offered if way.refused]
    listing = library.read("sections")
    return page(request, known, "purpose", status=422 if is_sent else 200, form=form, refused=refused, listing=listing)


# ── File ─────────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(READS)
@step("file")
def upload_file(request: Request, draft: Draft) -> HttpResponse:
    """Take the file, in one piece; with script it comes in many (`upload_piece`)."""
    upload = draft.upload
    if request.method != "POST":
        return page(request, draft, "file", form=FileForm(), **_file_facts(draft))
    form = FileForm(request.POST, request.FILES)
    if form.is_valid():
        file, now = form.cleaned_data["file"], timezone.now()
        try:
            receiving.expect(upload, name=file.name, length=file.size, now=now)
        except receiving.TooBig:
            form.add_error("file", receiving.too_big())
        else:
            receiving.keep(upload, file.chunks(), now=now)
            return redirect(_after_file(upload))
    return page(request, draft, "file", status=422, form=form, **_file_facts(draft))


@require_POST
@step("file")
def upload_piece(request: Request, draft: Draft) -> HttpResponse:
    """Take one piece of a file; answer with how much is here, so that whoever was cut off goes on from there."""
    upload, now = draft.upload, timezone.now()
    name, length = request.headers.get("X-File-Name", ""), number(request.headers.get("X-File-Length", ""))
    at = number(request.headers.get("X-File-At", ""))
    if length is None or at is None or not name or int(request.headers.get("Content-Length") or 0) > receiving.PIECE:
        return JsonResponse({"error": _("This is not a piece of a file.")}, status=400)
    try:
        receiving.expect(upload, name=receiving.file_name(name), length=length, now=now)
        if length == 0:
            receiving.keep(upload, [], now=now)
        elif request.headers.get("Content-Length") not in (None, "0"):
            receiving.take(upload, request.read(receiving.PIECE), at=at, now=now)
    except receiving.TooBig:
        return JsonResponse({"error": receiving.too_big()}, status=413)
    except receiving.Misplaced:
        upload.refresh_from_db(fields=["received", "sha256"])
        return JsonResponse({"received": upload.received}, status=409)
    answer: dict[str, Any] = {"received": upload.received}
    if upload.is_whole:
        answer["next"] = _after_file(upload)
    return JsonResponse(answer)


def _after_file(upload: Upload) -> str:
    """Return where things go on once a file is here: a spreadsheet is opened meanwhile."""
    if upload.is_spreadsheet:
        actions.convert(upload)
    return trail.url(upload, trail.reached(upload))


def _file_facts(draft: Draft) -> dict[str, Any]:
    upload = draft.upload
    is_empty = upload.is_whole and upload.length == 0
    return {"said": faults.unreadable("empty", {}) if is_empty else "", **receiving.limits()}


# ── How we read it ───────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(READS)
@step("reading")
def upload_reading(request: Request, draft: Draft) -> HttpResponse:
    """Show how the file is read, with its first rows, and take what is said of it."""
    if waiting := _waiting(draft):
        return page(request, draft, "reading", **waiting)
    sheets = draft.upload.sheets
    is_sent = request.method == "POST"
    form = ReadingForm(request.POST, sheets=sheets) if is_sent else ReadingForm.of(draft.reading, sheets=sheets)
    if form.is_bound and form.is_valid():
        if form.reading.sheet != draft.reading.sheet:
            actions.convert(draft.upload, sheet=form.reading.sheet)
            return redirect(trail.url(draft.upload, "reading"))
        shown = Draft(_read_otherwise(draft, form.reading), draft.library)
        if "save" in request.POST and not _trouble(shown):
            actions.read_as(draft.upload, form.reading)
            return redirect(trail.url(draft.upload, "columns"))
    else:
        shown = draft
    return _reading_page(request, shown, form, is_refused="save" in request.POST)


@require_POST
@step("reading")
def upload_rows(request: Request, draft: Draft) -> HttpResponse:
    """Answer with the first rows as the form would have them read; another sheet is opened first."""
    form = ReadingForm(request.POST, sheets=draft.upload.sheets)
    if form.is_valid() and form.reading.sheet != draft.reading.sheet:
        actions.convert(draft.upload, sheet=form.reading.sheet)
        return HttpResponse(headers={"HX-Refresh": "true"})
    shown = Draft(_read_otherwise(draft, form.reading), draft.library) if form.is_valid() else draft
    return _reading_page(request, shown, form, part="#rows")


@require_safe
@step("reading")
def upload_sheet_live(request: Request, draft: Draft) -> HttpResponse:
    """Answer with nothing while a spreadsheet is being opened; then let the page be drawn anew."""
    if draft.upload.conversions.unfinished().exists():
        return HttpResponse(status=204)
    return HttpResponse(headers={"HX-Refresh": "true"})


def _waiting(draft: Draft) -> dict[str, Any]:
    """Return what is shown of a spreadsheet that is not read yet; nothing once it is, and of a text."""
    upload = draft.upload
    if not upload.is_spreadsheet:
        return {}
    made = upload.conversions.order_by("-pk").first() or actions.convert(upload)
    if not made.is_over:
        return {"converting": made}
    if made.status == Status.SUCCEEDED:
        return {}
    return {"no_table": faults.ended(made.code, made.facts)}


def _reading_page(
    request: Request, draft: Draft, form: ReadingForm, *, part: str = "", is_refused: bool = False
) -> HttpResponse:
    trouble = _trouble(draft)
    if not trouble and request.method == "GET":
        rows = len(draft.head()[1])
        audit.record("upload.looked_at", by=request.user, target=draft.upload, rows=rows)
    context: dict[str, Any] = {"form": form, "trouble": trouble, "guess": draft.upload.reading}
    if not trouble:
        titles, first = draft.head()
        context |= {"titles": titles, "first": first, "accented": receiving.accented(titles, first)}
        context["same"] = Import.objects.filter(owner=request.user, sha256=draft.upload.sha256).first()
    return page(request, draft, "reading", part=part, status=422 if is_refused and trouble else 200, **context)


def _read_otherwise(draft: Draft, reading: Reading) -> Any:
    """Return the upload as if it were read so; nothing is saved."""
    upload = draft.upload
    upload.reading = reading.to_json()
    return upload


def _trouble(draft: Draft) -> str:
    """Return why the file cannot be read so, nothing where it can."""
    try:
        draft.head()
    except Unreadable as error:
        return faults.unreadable(error.code, error.facts, draft.reading.encoding)
    except FileNotFoundError:
        return faults.unreadable("file_gone", {})
    return ""


# ── Columns ──────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(READS)
@step("columns")
def upload_columns(request: Request, draft: Draft) -> HttpResponse:
    """Say where each column goes."""
    if request.method != "POST":
        return _columns_page(request, draft)
    if "follow" in request.POST:
        earlier = number(request.POST.get("earlier", "")) or 0
        if whole := Import.objects.visible_to(request.user).filter(pk=earlier).first():
            actions.follow(draft.upload, whole)
        return redirect(trail.url(draft.upload, "columns"))
    said, unknown = columns.meant(draft, request.POST)
    actions.place(draft.upload, said, erase=request.POST.get("empty") == "erase")
    fresh = Draft(draft.upload, draft.library)
    if wrong := columns.misplaced(fresh, unknown):
        return _columns_page(request, fresh, wrong=wrong, unknown=unknown)
    return redirect(trail.url(draft.upload, "consents"))


def _columns_page(
    request: Request, draft: Draft, *, wrong: list[str] | None = None, unknown: dict[int, str] | None = None
) -> HttpResponse:
    placed = [column for column in draft.columns if column.to != OUT]
    called = columns.labels(draft)
    typed = {column.index: called.get(column.to, "") for column in draft.columns} | (unknown or {})
    return page(
        request,
        draft,
        "columns",
        status=422 if wrong else 200,
        wrong=wrong or [],
        groups=columns.groups(draft),
        are_typed=columns.are_typed(draft),
        labels=called.values(),
        rows=[(column, draft.places.get(column.to), typed[column.index]) for column in draft.columns],
        placed=len(placed),
        left=len(draft.columns) - len(placed),
        listing=draft.library.read("attributes", draft.upload.section),
        earlier=Import.objects.visible_to(request.user)[:TEMPLATES],
    )


# ── Consents ─────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(READS)
@step("consents")
def upload_consents(request: Request, draft: Draft) -> HttpResponse:
    """Say which consents are given or taken. The form is drawn anew at every change; without script, at a press."""
    consents = consent_rules.read(request.POST, draft) if request.method == "POST" else draft.consents
    if request.method == "POST" and "save" in request.POST:
        wrong = consent_rules.misgiven(draft, consents)
        if not wrong:
            actions.give(draft.upload, consents)
            return redirect(trail.url(draft.upload, "check"))
        return _consents_page(request, draft, consents, wrong=wrong)
    if "put_in" in request.POST:
        consents = [*consents, consent_rules.blank(draft)]
    if (out := number(request.POST.get("take_out", ""))) is not None:
        consents = [consent for place, consent in enumerate(consents) if place != out]
    return _consents_page(request, draft, consents)


def _consents_page(
    request: Request, draft: Draft, consents: list[Consent], *, wrong: list[str] | None = None
) -> HttpResponse:
    is_part = bool(request.headers.get("HX-Request")) and "save" not in request.POST
    return page(
        request,
        draft,
        "consents",
        part="#rules" if is_part else "",
        status=422 if wrong else 200,
        wrong=wrong or [],
        rules=[consent_rules.rule(draft, consent) for consent in consents],
        topics=consent_rules.topics(draft),
        channels=consent_rules.channels(draft),
        columns=draft.columns,
        is_new_consent=draft.upload.account.consent_version == 2,
    )


# ── Check ────────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(READS)
@step("check")
def upload_check(request: Request, draft: Draft) -> HttpResponse:
    """Show what a check of every row found, and take what is said of it."""
    if request.method == "POST":
        actions.decide(draft.upload, **_decisions(request, draft))
        return redirect(trail.url(draft.upload, "check"))
    made = actions.check(draft)
    return _check_page(request, draft, made)


@require_safe
@step("check")
def upload_check_live(request: Request, draft: Draft) -> HttpResponse:
    """Answer with the newest check as it stands, or 204 while what the page shows still holds; begin none."""
    made = draft.upload.checks.order_by("-pk").first()
    if made is None:
        raise Http404
    if request.GET.get("shown") == f"{made.pk}-{made.version}":
        return HttpResponse(status=204)
    return _check_page(request, draft, made, part="#check")


def _decisions(request: Request, draft: Draft) -> dict[str, Any]:
    duplicates = request.POST.get("duplicates", "")
    choices = dict(draft.upload.decisions.get("choices", {}))
    for name, value in request.POST.items():
        if name.startswith("choice:") and value in (MEND, BLANK, LEAVE_OUT):
            choices[name.removeprefix("choice:")] = value
    return {"duplicates": duplicates if duplicates in ("first", "last", "none") else "", "choices": choices}


def _check_page(request: Request, draft: Draft, made: Check, *, part: str = "") -> HttpResponse:
    context: dict[str, Any] = {"made": made, "is_over": made.is_over}
    if made.status == Status.SUCCEEDED:
        context |= found.checked(draft, made, wanted=request.GET.get("fault", ""))
    elif made.status == Status.FAILED:
        context["trouble"] = found.trouble(made, draft)
    return page(request, draft, "check", part=part, **context)


@require_safe
@step("check")
def upload_rejects(request: Request, draft: Draft) -> HttpResponseBase:
    """Hand out the faulty rows as they came, to be corrected and sent again."""
    made = actions.check(draft)
    if made.status != Status.SUCCEEDED:
        raise Http404
    return serving.rejects(request, draft.upload, made.folder)


# ── Confirm ──────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(READS)
@step("confirm", at_least="check")
def upload_confirm(request: Request, draft: Draft) -> HttpResponse:
    """Say in one sentence what would happen, and let it happen."""
    made = actions.check(draft)
    if not trail.may_confirm(draft, made):
        return redirect(trail.url(draft.upload, "check"))
    if request.method == "POST":
        try:
            return redirect(actions.confirm(draft, made, by=request.user))
        except actions.NotReady:
            messages.warning(request, _("Something changed since this was checked, so nothing was sent. Look again."))
            return redirect(trail.url(draft.upload, "confirm"))
    return _confirm_page(request, draft, made, actions.compare(draft, made))


def _confirm_page(
    request: Request, draft: Draft, made: Check, compared: Comparison | None, *, part: str = ""
) -> HttpResponse:
    findings = Findings.from_json(made.findings)
    return page(
        request,
        draft,
        "confirm",
        part=part,
        compared=compared,
        outlook=outlook.of(compared, draft.consents),
        may_send=outlook.may_send(compared, draft.consents),
        waits=any(consent.resubscribe for consent in draft.consents),  # until it is known whom it subscribes again
        made=made,
        findings=findings,
        sentence=found.sentence(draft, made, findings, outlook.against(compared, draft.consents)),
        bounds=outlook.bounds(compared, draft.consents, findings.good),
        parts=len(made.parts),
        erased=found.erased(draft, findings),
    )


@require_safe
@step("confirm", at_least="check")
def upload_confirm_live(request: Request, draft: Draft) -> HttpResponse:
    """Answer with what is known of the people, or 204 while what the page shows still holds; ask nothing."""
    made = draft.upload.checks.order_by("-pk").first()
    if made is None or made.status != Status.SUCCEEDED:
        raise Http404
    compared = actions.compared(draft, made)
    if compared and request.GET.get("shown") == f"{compared.pk}-{compared.version}":
        return HttpResponse(status=204)
    return _confirm_page(request, draft, made, compared, part="#live")


@require_POST
@step("confirm", at_least="check")
def upload_compare(request: Request, draft: Draft) -> HttpResponse:
    """Ask anew how the people of a file stand today."""
    made = actions.check(draft)
    if trail.may_confirm(draft, made):
        actions.compare_again(draft, made)
    return redirect(trail.url(draft.upload, "confirm"))


@require_POST
@step("purpose")
def upload_discard(request: Request, draft: Draft) -> HttpResponse:
    """Give an upload up."""
    actions.discard(draft.upload, by=request.user)
    messages.success(request, _("The draft and its file are gone. Nothing was sent."))
    return redirect("imports:import_list")
