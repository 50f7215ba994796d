"""The audit history: a page of it, one event, and all of it as a file. The admin site lets in who may see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import replace_url

from audit import actions, export, filters, seals, search, words
from audit.filters import Filters
from audit.models import Event
from audit.sentences import marked_sentence, readable, target_name

PAGE = 50
LIST, ROWS = "admin:audit_event_changelist", "admin:audit_event_rows"


@dataclass(frozen=True)
class Line:
    """An event as the list shows it."""

    event: Event
    told: SafeString
    mark: str
    is_refused: bool


@dataclass(frozen=True)
class Chip:
    """A filter that is an address."""

    label: str
    href: str
    fragment: str
    is_on: bool


@require_safe
def event_list(request: HttpRequest) -> HttpResponse:
    """List what happened, newest first, by day; filtered, searched, a page at a time."""
    return TemplateResponse(request, "audit/event_list.html", _listed(request))


@require_safe
def event_rows(request: HttpRequest) -> HttpResponse:
    """Answer with the list alone, as search and filters stand; the page's address follows."""
    shown = {**_listed(request), "is_fragment": True}
    response = TemplateResponse(request, "audit/event_list.html#list", shown)
    if request.headers.get("HX-Trigger") != "search":
        return response  # a chip or the pager, whose link says the address itself
    # Typing replaces the address: a Back for every letter would help nobody.
    return replace_url(response, _address(shown["filters"].query()))


@require_safe
def event_detail(request: HttpRequest, pk: str) -> HttpResponse:
    """Show one event: what it says, what vouches for it, and what was sealed before and after it."""
    event = _event(pk)
    before, after = _neighbours(event)
    context = {
        "here": "audit",
        "line": _line(event),
        "action": words.action_name(event.action),
        "target": target_name(event),
        "thing": words.thing_name(event.target_key) if event.target_key else "",
        "about": _about(event),
        "facts": [
            (words.FACTS.get(name, name), readable(name, words.told(name, value)))
            for name, value in event.told_facts.items()
        ],
        "subjects": [_address(filters.about_person([pseudonym])) for pseudonym in event.subjects],
        "by_person": _address(f"person={event.actor_id or 0}"),
        "state": _state(event, before),
        "before": _line(before) if before else None,
        "after": _line(after) if after else None,
    }
    return TemplateResponse(request, "audit/event_detail.html", context)


@require_safe
def event_moved(request: HttpRequest, pk: str) -> HttpResponse:
    """Lead from an address of Django's to the event's own."""
    return redirect("admin:audit_event_change", _event(pk).pk)


@require_POST
def event_export(request: HttpRequest) -> StreamingHttpResponse:
    """Hand out everything that the filters select, up to this moment, as a CSV file."""
    found = filters.read(request.POST, now=timezone.now())
    newest = Event.objects.values_list("pk", flat=True).first() or 0
    actions.record(
        "audit.exported",
        by=cast(Model, request.user),
        target=gettext_noop("the audit history"),
        filters=found.in_words,
        up_to=newest,
        subjects=found.asked.subjects[:1],
    )
    pieces = export.lines(search.find(found.asked, before=newest + 1))
    name = f"audit-history-{timezone.localtime():%Y-%m-%d-%H%M}.csv"
    headers = {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return StreamingHttpResponse(pieces, headers=headers)


# ── The list ─────────────────────────────────────────────────────────────────────────────────────────────────


def _listed(request: HttpRequest) -> dict[str, Any]:
    found = filters.read(request.GET.dict(), now=timezone.now())
    events, is_more = search.page(found.asked, PAGE, before=found.before, after=found.after)
    if found.after is not None and len(events) < PAGE:
        # So near to the newest line, one wants the whole newest page.
        found.after = None
        events, is_more = search.page(found.asked, PAGE)
    is_first = found.before is None and (found.after is None or not is_more)
    is_last = not is_more if found.after is None else False
    return {
        "here": "audit",
        "filters": found,
        "days": list(_days(events)),
        "views": _views(found),
        "periods": _periods(found),
        "chips": list(_removable(found)),
        "people": filters.people(),
        "actions": words.ACTIONS.items(),
        "kinds": words.KINDS.items(),
        "is_open": not {"person", "action", "thing", "from", "to"}.isdisjoint(found.said),
        "thing_is_one": ":" in found.asked.thing,
        "clear_url": _address(""),
        "newer": None if is_first or not events else _turn(found, after=events[0].pk),
        "older": None if is_last or not events else _turn(found, before=events[-1].pk),
        # The fields of the filters are in the form themselves; an export takes the filters as they stand.
        "kept": [(name, found.given[name]) for name in ("view", "subject", "period") if name in found.said],
        "all_kept": [(name, found.given[name]) for name in found.said],
        "newest": _turn(found),
        "is_first_page": is_first,
        "is_empty": not events and not found.is_narrowed and is_first,
    }


def _days(events: list[Event]) -> Iterator[tuple[Any, list[Line]]]:
    """Yield the days of the events, as they stand, each with its lines."""
    for day, of_day in groupby(events, key=lambda event: timezone.localtime(event.at).date()):
        yield day, [_line(event) for event in of_day]


def _line(event: Event) -> Line:
    told = marked_sentence(event, about=_about(event))
    return Line(event, told, words.mark(event.action), event.action in words.REFUSED)


def _about(event: Event) -> str:
    query = filters.about(event)
    return _address(query) if query else ""


def _views(found: Filters) -> list[Chip]:
    on = found.given["view"] if "view" in found.said else ""
    chips = [_chip(pgettext("audit", "All"), found.query(view=""), is_on=not on)]
    return chips + [
        _chip(str(label), found.query(view=name), is_on=name == on) for name, (label, _a) in words.VIEWS.items()
    ]


def _periods(found: Filters) -> list[Chip]:
    on = found.given["period"] if "period" in found.said else ""
    is_any = not ({"period", "from", "to"} & set(found.said))
    chips = [_chip(_("Any time"), found.query(period="", **{"from": "", "to": ""}), is_on=is_any)]
    for name, (label, _days_of_it) in filters.PERIODS.items():
        chips.append(_chip(str(label), found.query(period=name, **{"from": "", "to": ""}), is_on=name == on))
    return chips


def _removable(found: Filters) -> Iterator[Chip]:
    """Yield the other filters that are on, each leading to the list without it."""
    for name in ("subject", "person", "action", "thing", "from", "to", "q"):
        if name in found.said:
            yield _chip(found.said[name], found.query(**{name: ""}), is_on=True)


def _chip(label: str, query: str, *, is_on: bool) -> Chip:
    return Chip(label, _address(query), _address(query, ROWS), is_on)


def _turn(found: Filters, **place: int) -> Chip:
    """A page of the same list."""
    return _chip("", found.query(**{name: str(pk) for name, pk in place.items()}), is_on=False)


def _address(query: str, name: str = LIST) -> str:
    return reverse(name) + (f"?{query}" if query else "")


# ── One event ────────────────────────────────────────────────────────────────────────────────────────────────


def _event(pk: str) -> Event:
    event = Event.objects.filter(pk=int(pk)).first() if pk.isascii() and pk.isdigit() and len(pk) < 19 else None
    if event is None:
        raise Http404
    return event


def _neighbours(event: Event) -> tuple[Event | None, Event | None]:
    """Return what was sealed just before this event and just after it."""
    if event.seq is None:
        return None, None
    found = {near.seq: near for near in Event.objects.filter(seq__in=[event.seq - 1, event.seq + 1])}
    return found.get(event.seq - 1), found.get(event.seq + 1)


def _state(event: Event, before: Event | None) -> str:
    """Return how the event stands: waiting for its seal, whole, or broken; it is checked now, not remembered."""
    if event.seq is None:
        return "waiting"
    key = seals.keys().get(event.key_id)
    if key is None:
        return "unknown"
    is_said = seals.stamp(event, key) == event.stamp
    is_placed = seals.seal(event.seq, event.stamp, before.seal if before else "", key) == event.seal
    return "whole" if is_said and is_placed and (before or event.seq == 1) else "broken"
