"""Saved segments: list, duplicate, history."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import OuterRef, Q, Subquery
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import replace_url

from accounts.requests import Request
from audit import denials
from exports import actions, changes, drifted, listing, pair, trend
from exports.events import changes as event_changes
from exports.forms import CompareForm
from exports.kinds import Kind
from exports.models import ExportRun, SavedSegment, SegmentVersion
from runs.models import UNFINISHED, Status

# what the address says → the chip, how the last run went, and the same after “None of your segments …”
LAST: dict[str, tuple[Any, Q, Any]] = {
    "working": (lazy("On its way"), Q(last_status__in=UNFINISHED), lazy("is on its way")),
    "ready": (lazy("Ready last time"), Q(last_status=Status.SUCCEEDED), lazy("was ready last time")),
    "failed": (lazy("Failed last time"), Q(last_status=Status.FAILED), lazy("failed last time")),
    "cancelled": (lazy("Cancelled last time"), Q(last_status=Status.CANCELLED), lazy("was cancelled last time")),
    "never": (lazy("Never run"), Q(last_status=None), lazy("was never run")),
}
_KINDS: dict[str | None, str] = {
    **dict.fromkeys(UNFINISHED, "working"),
    Status.SUCCEEDED: "ready",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
    None: "never",
}


@dataclass(frozen=True)
class Row:
    """One saved segment in the list, with its last run and the last one that brought a file home."""

    segment: SavedSegment
    last: listing.Row | None
    ready: listing.Row | None

    @property
    def is_on_its_way(self) -> bool:
        """Whether pressing Run would only lead to the run that is on its way already."""
        run = self.last.run if self.last else None
        return run is not None and not run.is_over and run.version_no == self.segment.version_no


@dataclass(frozen=True)
class Chip:
    """A filter that is an address."""

    label: str
    href: str
    fragment: str
    is_on: bool


@require_safe
@permission_required("exports.view_savedsegment", raise_exception=True)
def segment_list(request: Request) -> HttpResponse:
    """List one's saved segments, each with its last run."""
    return TemplateResponse(request, "exports/segment_list.html", _listed(request))


@require_safe
@permission_required("exports.view_savedsegment", raise_exception=True)
def segment_rows(request: Request) -> HttpResponse:
    """Answer with the list alone, as search and filters stand; the page's address follows."""
    response = TemplateResponse(request, "exports/segment_list.html#list", {**_listed(request), "is_fragment": True})
    if request.htmx.trigger != "search":
        return response  # a chip or the pager, whose link says the address itself
    # Typing replaces the address: a Back for every letter would help nobody.
    return replace_url(response, _address({name: str(value) for name, value in request.GET.items() if value}))


@require_POST
@permission_required("exports.add_savedsegment", raise_exception=True)
def segment_duplicate(request: Request, pk: int) -> HttpResponse:
    """Save a copy and open it."""
    segment = denials.own_or_404(
        request, SavedSegment.objects.visible_to(request.user).select_related("account"), pk=pk
    )
    return redirect(actions.duplicate_segment(segment, by=request.user, name=_free_name(segment)))


@require_safe
@permission_required("exports.view_savedsegment", raise_exception=True)
def segment_history(request: Request, pk: int) -> HttpResponse:
    """Show every version of a saved segment: who saved it, when, and what it changed."""
    segment = denials.own_or_404(
        request, SavedSegment.objects.visible_to(request.user).select_related("account"), pk=pk
    )
    return history(request, segment, compare_form(request, segment))


def compare_form(request: Request, segment: SavedSegment, data: QueryDict | None = None) -> CompareForm:
    """Return the form that asks which two of one's runs to compare."""
    return CompareForm(data, runs=pair.choices(segment, request.user, now=timezone.now()))


def history(request: Request, segment: SavedSegment, form: CompareForm, *, status: int = 200) -> HttpResponse:
    """Answer with the page of a saved segment's history."""
    page = Paginator(segment.versions.select_related("saved_by"), listing.PAGE).get_page(request.GET.get("page"))
    context = {"here": "segments", "segment": segment, "page_obj": page, "versions": _told(segment, list(page))}
    if segment.kind == Kind.CONSENTS:
        context |= {
            "form": form,
            "sparks": trend.of(segment, request.user),
            "drifts": drifted.of_segment(segment, request.user),
        }
    return TemplateResponse(request, "exports/segment_history.html", context, status=status)


@require_POST
@permission_required("exports.change_savedsegment", raise_exception=True)
def segment_restore(request: Request, pk: int, number: int) -> HttpResponse:
    """Save an old version's choices as the newest version."""
    segment = denials.own_or_404(request, SavedSegment.objects.visible_to(request.user), pk=pk)
    version = get_object_or_404(segment.versions, number=number)
    restored = actions.restore_segment(segment, version, by=request.user)
    said = {"old": number, "new": restored.version_no}
    if restored.version_no == segment.version_no:
        messages.info(request, _("Version %(old)s says what the segment says now, so nothing was changed.") % said)
    else:
        messages.success(request, _("Version %(old)s is back, as version %(new)s. No version was lost.") % said)
    return redirect("exports:segment_history", pk=pk)


def _listed(request: Request) -> dict[str, Any]:
    asked, last = request.GET.get("q", "").replace("\0", "").strip()[:120], request.GET.get("last", "")
    runs = ExportRun.objects.owned_by(request.user).filter(segment=OuterRef("pk")).order_by("-pk")
    segments = SavedSegment.objects.visible_to(request.user).annotate(last_status=Subquery(runs.values("status")[:1]))
    found = segments.filter(name__icontains=asked) if asked else segments
    counts = Counter(_KINDS[status] for status in found.values_list("last_status", flat=True))
    chosen = found.filter(LAST[last][1]) if last in LAST else found
    wide = (
        chosen.select_related("account")
        .defer("spec", "account__sections")
        .annotate(
            last_id=Subquery(runs.values("pk")[:1]),
            last_ready_id=Subquery(runs.filter(status=Status.SUCCEEDED).values("pk")[:1]),
        )
    )
    paginator = Paginator(wide, listing.PAGE)
    paginator.count = counts[last] if last in LAST else counts.total()
    page = paginator.get_page(request.GET.get("page"))
    return {
        "here": "segments",
        "page_obj": page,
        "rows": _rows(list(page)),
        "all": segments.count() if asked else counts.total(),
        "asked": asked,
        "last": last if last in LAST else "",
        "says": LAST[last][2] if last in LAST else "",
        "chips": _chips(request.GET, counts, last),
    }


def _rows(shown: list[Any]) -> list[Row]:
    wanted = {pk for segment in shown for pk in (segment.last_id, segment.last_ready_id) if pk}
    found = ExportRun.objects.brief().in_bulk(wanted)
    of, now = {segment.pk: segment for segment in shown}, timezone.now()
    for run in found.values():
        run.segment = of[run.segment_id]
    lines = {pk: listing.row(run, now=now) for pk, run in found.items()}
    return [Row(segment, lines.get(segment.last_id), lines.get(segment.last_ready_id)) for segment in shown]


def _chips(asked: QueryDict, counts: Counter[str], last: str) -> list[Chip]:
    """Return the filters that would show something, and the one that is on; none where all rows are of one kind."""
    chips: list[Chip] = []
    if len(+counts) < 2 and last not in LAST:
        return chips
    for kind, (label, _condition, _after) in LAST.items():
        if not counts[kind] and kind != last:
            continue
        wanted = {"q": asked.get("q", ""), "last": "" if kind == last else kind}
        query = {name: value for name, value in wanted.items() if value}
        words = f"{label} {counts[kind]}"
        chips.append(Chip(words, _address(query), _address(query, "exports:segment_rows"), kind == last))
    return chips


def _address(query: dict[str, str], name: str = "exports:segment_list") -> str:
    return reverse(name, query=query)


def _told(segment: SavedSegment, versions: list[SegmentVersion]) -> list[dict[str, Any]]:
    """Return the versions, newest first, each with what it changed and whether it can be restored."""
    if not versions:
        return []
    before = segment.versions.filter(number=versions[-1].number - 1).first()
    older = [*versions[1:], before]
    return [
        {
            "version": version,
            "is_present": version.number == segment.version_no,
            "is_same": version.asks == segment.asks,
            "changes": _changes(old, version) if old else None,
        }
        for version, old in zip(versions, older, strict=True)
    ]


def _changes(old: SegmentVersion, new: SegmentVersion) -> list[str]:
    renamed = (
        [] if old.name == new.name else [_("renamed from %(old)s to %(new)s") % {"old": old.name, "new": new.name}]
    )
    if new.segment.kind == Kind.EVENTS:
        return renamed + event_changes.between(old.event_spec, new.event_spec)
    return renamed + changes.between(old.consent_spec, new.consent_spec)


def _free_name(segment: SavedSegment) -> str:
    """Return the name of a copy that no saved segment of this owner has yet."""
    taken = set(SavedSegment.objects.filter(owner=segment.owner_id).values_list("name", flat=True))
    name = _("Copy of %(name)s") % {"name": segment.name}
    numbered = (f"{name[:112]} ({n})" for n in range(2, len(taken) + 3))
    return next(candidate for candidate in (name[:120], *numbered) if candidate not in taken)
