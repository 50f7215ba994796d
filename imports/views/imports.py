"""Imports: the list of them, one on its way, its report, its parts."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import Request
from audit import denials
from imports import actions, news, outlook, report, restoring, sentences
from imports.draft import Consent
from imports.models import Import, ImportPart, Upload
from imports.views import serving
from runs.models import UNFINISHED, Status
from wording.amounts import count

PAGE = 25
FAULTS = 50  # rejected rows shown
SLIVER = 0.6  # percent of the bar that any number is wide


@require_safe
@permission_required("imports.view_import", raise_exception=True)
def import_list(request: Request) -> HttpResponse:
    """List one's imports, newest first, and above them the drafts that wait."""
    now = timezone.now()
    page = Paginator(Import.objects.visible_to(request.user), PAGE).get_page(request.GET.get("page"))
    parts: dict[int, list[ImportPart]] = {}
    for part in ImportPart.objects.filter(of__in=[whole.pk for whole in page], replaced_at=None).defer("faults"):
        parts.setdefault(part.of_id, []).append(part)
    rows = [(whole, report.of(whole, parts.get(whole.pk, [])), sentences.short(whole)) for whole in page]
    drafts = list(Upload.objects.visible_to(request.user).open(now)[:5])
    context = {
        "here": "imports",
        "page_obj": page,
        "rows": rows,
        "drafts": drafts,
        "is_first_use": not rows and not drafts and page.number == 1,
        "working": Import.objects.visible_to(request.user).unfinished().count(),
    }
    return TemplateResponse(request, "imports/import_list.html", context)


@require_safe
@permission_required("imports.view_import", raise_exception=True)
def at_home(request: Request) -> HttpResponse:
    """Answer with the imports on Home, or 204 while what is on its way stands as it is shown."""
    if news.mark(request.user) == request.GET.get("shown"):
        return HttpResponse(status=204)
    return TemplateResponse(request, "imports/_at_home.html", {"imports": news.of(request.user, now=timezone.now())})


@require_safe
@permission_required("imports.view_import", raise_exception=True)
def import_detail(request: Request, pk: int) -> HttpResponse:
    """Show an import: one sentence, its seven numbers, its parts, the rows that were rejected."""
    return TemplateResponse(request, "imports/import_detail.html", _shown(request, _own(request, pk)))


@require_safe
@permission_required("imports.view_import", raise_exception=True)
def import_live(request: Request, pk: int) -> HttpResponse:
    """Answer with the import's fragment, or 204 while what the page shows still holds."""
    whole = _own(request, pk)
    if request.GET.get("shown") == _stand(whole):
        return HttpResponse(status=204)
    return TemplateResponse(request, "imports/import_detail.html#import_live", _shown(request, whole))


@require_POST
@permission_required("imports.change_import", raise_exception=True)
def import_cancel(request: Request, pk: int) -> HttpResponse:
    """Stop what has not been sent yet."""
    whole = _own(request, pk)
    stopped = actions.cancel(whole, by=request.user)
    if stopped:
        said = ngettext(
            "%(n)s part is stopped before it is sent. What APSIS has already cannot be taken back.",
            "%(n)s parts are stopped before they are sent. What APSIS has already cannot be taken back.",
            stopped,
        )
        messages.info(request, said % {"n": count(stopped)})
    else:
        messages.info(request, _("Every part is at APSIS already, so nothing could be stopped."))
    return redirect(whole)


@require_safe
@permission_required("imports.view_import", raise_exception=True)
def import_rejects(request: Request, pk: int) -> StreamingHttpResponse:
    """Hand out the rows that our check rejected, as they came."""
    whole = _own(request, pk)
    return serving.rejects(request, whole, whole.folder)


@require_safe
@permission_required("imports.view_import", raise_exception=True)
def import_restore(request: Request, pk: int) -> StreamingHttpResponse:
    """Hand out whose consents the import turned round, as they stood before."""
    return serving.restore(request, _own(request, pk))


@require_POST
@permission_required("imports.change_import", raise_exception=True)
def part_again(request: Request, pk: int, number: int) -> HttpResponse:
    """Send one part alone once more."""
    whole = _own(request, pk)
    parts = ImportPart.objects.filter(of=whole, replaced_at=None)
    part = denials.own_or_404(request, parts, number=number)
    try:
        actions.send_again(part, by=request.user)
    except actions.NotAgain:
        messages.warning(
            request, _("This part cannot be sent again: APSIS has it or may have it, or its file is gone.")
        )
    return redirect(whole)


def _own(request: Request, pk: int) -> Import:
    return denials.own_or_404(
        request, Import.objects.visible_to(request.user).select_related("account", "compared"), pk=pk
    )


def _stand(whole: Import) -> str:
    """Return a mark of everything that the page shows: it changes when anything does."""
    total = ImportPart.objects.filter(of=whole).aggregate(total=Sum("version"))["total"]
    return f"{whole.version}-{total}"


def _shown(request: Request, whole: Import) -> dict[str, Any]:
    now = timezone.now()
    parts = list(ImportPart.objects.filter(of=whole).prefetch_related("lines"))
    current = [part for part in parts if part.replaced_at is None]
    told = report.of(whole, current)
    so, soft = sentences.headline(whole, current, told)
    faults = [(part, *fault) for part in current for fault in part.faults]
    consents = [Consent(**kept) for kept in whole.consents]
    return {
        "here": "imports",
        "whole": whole,
        "report": told,
        "bar": _bar(told),
        "so": so,
        "soft": soft,
        "shown": _stand(whole),
        "pace": 0 if whole.finished_at else 2,
        "parts": [
            (part, sentences.style(part), *sentences.state(part), _may_go_again(whole, part, now)) for part in current
        ],
        "hops": [
            (part, line, sentences.line(line.code, line.facts)) for part in parts for line in part.lines.all()[:30]
        ],
        "faults": faults[:FAULTS],
        "fault_count": len(faults),
        "usable_from": report.usable_from(current) if whole.finished_at else None,
        "may_cancel": any(map(_may_be_stopped, current)),
        "outlook": outlook.of(whole.compared, consents) if whole.compared else None,
        "turned": restoring.people(whole),
        "is_restore_kept": whole.are_files_kept(now),
        "are_rejects_kept": whole.rejected and whole.are_files_kept(now),
        "technical": [part for part in current if part.facts.get("call") or part.facts.get("detail")],
    }


def _bar(told: report.Report) -> list[tuple[report.Fate, str, str]]:
    """Return the numbers as rectangles over a hundred: place and width, slivers wide enough to be seen."""
    found, x = [], 0.0
    seen = [fate for fate in told.fates if fate.count]
    spare = 100 - sum(max(SLIVER, fate.share) - fate.share for fate in seen)
    for fate in seen:
        width = max(SLIVER, fate.share * spare / 100)
        found.append((fate, f"{x:.2f}", f"{width:.2f}"))
        x += width
    return found


def _may_be_stopped(part: ImportPart) -> bool:
    return part.status in UNFINISHED and not part.may_be_with_vendor and not part.cancel_asked_at


def _may_go_again(whole: Import, part: ImportPart, now: Any) -> bool:
    return part.status in (Status.FAILED, Status.CANCELLED) and whole.are_files_kept(now)
