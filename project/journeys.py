"""Pages that compose what several apps know."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.contrib.humanize.templatetags.humanize import apnumber, intcomma
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.actions import FOREIGN
from accounts.models import Credential, User, VendorAccount
from accounts.requests import Request, number
from audit.models import Event
from exports import fortnight, listing
from exports.models import ExportRun, ExportRunQuerySet, SavedSegment
from imports import news
from runs.models import Status

SHOWN = 5  # rows of a block on the home page; its count says how many there are
NAMED = 5  # saved segments named beside a refused key
SEEN_AGAIN = timedelta(minutes=1)  # within it, looking at Home once more is no news
FAILED_KEPT = timedelta(days=14)  # a failure that nobody minded for this long needs nobody


@dataclass(frozen=True)
class Block:
    """One block of the home page: the keys of what is shown of it, and how much there is; then its rows."""

    keys: list[int]
    count: int
    rows: Sequence[listing.Row] = ()


@dataclass(frozen=True)
class KeyTrouble:
    """A key that its owner must see to, and the saved segments that wait for it. No credential: none was entered."""

    account: VendorAccount
    credential: Credential | None
    waiting: int


@require_safe
def home(request: Request) -> HttpResponse:
    """Show what needs the person, what is on its way, and what is ready."""
    if not request.user.has_perm("exports.view_exportrun"):
        return TemplateResponse(request, "home.html", {"here": "home"})
    now = timezone.now()
    user = request.user
    ended = _ended(user, now=now)
    # What was told is noted at once; that they were here once more is, a minute later.
    is_noted = bool(ended) or user.home_seen_at is None or user.home_seen_at <= now - SEEN_AGAIN
    return TemplateResponse(request, "home.html", _home(user, ended=ended, is_noted=is_noted, now=now))


@require_safe
def home_live(request: Request) -> HttpResponse:
    """Answer with the home page's content, or 204 while it shows what is on its way: two queries, no more.

    It tells nothing that the page itself does not show already.
    """
    if _on_the_way(ExportRun.objects.owned_by(request.user)) == request.GET.get("shown"):
        return HttpResponse(status=204)
    return _home_live(request)


@permission_required("exports.view_exportrun", raise_exception=True)
def _home_live(request: Request) -> HttpResponse:
    # What ended before the page was opened is told as it was then; what ends now, one is there to see.
    ended = number(request.GET.get("ended", "")) or 0
    context = _home(request.user, ended=ended, is_noted=True, now=timezone.now())
    context["is_otherwise"] = context["said"] != request.GET.get("said")
    return TemplateResponse(request, "home.html#home_live", context)


def _on_the_way(runs: ExportRunQuerySet) -> str:
    """Return a mark of what is on its way: another one as soon as a run begins, gets on or ends."""
    mark = runs.unfinished().order_by().aggregate(count=Count("pk"), newest=Max("pk"), versions=Sum("version"))
    return "-".join(str(part or 0) for part in mark.values())


def _ended(user: User, *, now: datetime) -> int:
    """Count the runs that ended since the person last had Home before them, and whose end they have not seen."""
    if user.home_seen_at is None:
        return 0
    since = max(user.home_seen_at, now - FAILED_KEPT)
    fresh = ExportRun.objects.filter(owner=user, finished_at__gt=since, seen_at=None)
    return fresh.exclude(status=Status.CANCELLED, cancel_asked_by=user).count()


def _home(user: User, *, ended: int, is_noted: bool, now: datetime) -> dict[str, Any]:
    """Return what Home needs, and note that the person has it before them, where that is worth a note."""
    if is_noted:
        User.objects.filter(pk=user.pk).update(home_seen_at=now)
    mine = ExportRun.objects.owned_by(user)
    # Before the rows: what changes meanwhile is asked about once too often, never missed.
    shown = _on_the_way(mine)
    troubles, has_key, segments = _keys(user)
    # Only a run that has ended is shared, so that no older share is of a file that is still kept.
    shares = ExportRun.objects.shared_with(user, since=_kept_since(now))
    fresh = _not_taken(user, now=now)
    failed, working, ready, shared = _filled(
        [_failed(mine, now=now), _block(mine.unfinished()), _block(mine.filter(fresh)), _block(shares.filter(fresh))],
        now=now,
    )
    imports = news.of(user, now=now)
    headline = _headline(failed.count + len(troubles), working.count, ready.count)
    return {
        "here": "home",
        "troubles": troubles,
        "failed": failed,
        "working": working,
        "ready": ready,
        "shared": shared,
        "needs": failed.count + len(troubles),
        "headline": headline,
        "said": f"{zlib.crc32(' '.join(headline).encode()):x}",
        "shown": shown,
        "ended": ended,
        "has_key": has_key,
        # Both are known here, and the rail must not say another number than the page.
        "rail": {"segments": segments, "runs": working.count},
        "imports": imports,
        "is_first_use": not (segments or failed.count or working.count or ready.count or shared.count)
        and not imports.lines,
        "is_news": bool(troubles or failed.count or working.count or ready.count),
        "fortnight": fortnight.of(mine, now=now),
    }


@require_safe
@permission_required("accounts.view_credential", raise_exception=True)
def credential_list(request: Request) -> HttpResponse:
    """Show every vendor account with one's own key for it, if there is one, and what waits for one that is refused."""
    own = {key.account_id: key for key in Credential.objects.visible_to(request.user).select_related("account")}
    waiting: dict[int, list[str]] = {}
    for account_id, name in SavedSegment.objects.visible_to(request.user).values_list("account", "name"):
        waiting.setdefault(account_id, []).append(name)
    gone = Credential.objects.filter(owner=request.user, sealed_secret="").values_list("account", "test_message")
    why = dict(gone)
    rows = [(account, own.get(account.pk), why.get(account.pk, "")) for account in VendorAccount.objects.all()]
    refused = [
        {
            "credential": key,
            "is_foreign": key.test_message == FOREIGN,
            "count": len(names),
            "names": names[:NAMED],
            "more": max(0, len(names) - NAMED),
        }
        for key, names in ((key, waiting.get(key.account_id, [])) for key in own.values())
        if key.state == Credential.State.REFUSED
    ]
    context = {
        "here": "credentials",
        "rows": rows,
        "refused": refused,
        "headline": _key_headline(Counter(key.state for key in own.values()), len(rows)),
    }
    return TemplateResponse(request, "accounts/credential_list.html", context)


def _block(runs: QuerySet[ExportRun]) -> Block:
    """Return a block of these runs, without its rows. Where all of them are shown, nothing is left to be counted."""
    keys = list(runs.order_by("-pk").values_list("pk", flat=True)[: SHOWN + 1])
    return Block(keys[:SHOWN], runs.count() if len(keys) > SHOWN else len(keys))


def _filled(blocks: list[Block], *, now: datetime) -> list[Block]:
    """Return the blocks with their rows, all of them read at once."""
    runs = ExportRun.objects.listed().select_related("owner").in_bulk([pk for block in blocks for pk in block.keys])
    return [replace(block, rows=[listing.row(runs[pk], now=now) for pk in block.keys]) for block in blocks]


def _failed(runs: QuerySet[ExportRun], *, now: datetime) -> Block:
    """Return the failed runs that nothing has settled: a later run of the same segment does, and so does time."""
    later = runs.filter(segment=OuterRef("segment"), pk__gt=OuterRef("pk"))
    recent = runs.filter(status=Status.FAILED, finished_at__gte=now - FAILED_KEPT)
    return _block(recent.filter(~Exists(later)))


def _not_taken(user: User, *, now: datetime) -> Q:
    """Return what holds of runs whose file is still kept and which this person has not downloaded."""
    # No older run has a file that is still kept, and no older event is about one.
    since = _kept_since(now)
    taken = Event.objects.filter(actor=user, action="file.downloaded", at__gte=since).order_by()
    keys = taken.filter(target_key__startswith="exports.exportrun:").values_list("target_key", flat=True)
    kept = Q(status=Status.SUCCEEDED, finished_at__gte=since, file__expires_at__gt=now, file__removed_at=None)
    return kept & ~Q(pk__in={int(key.rpartition(":")[2]) for key in keys})


def _kept_since(now: datetime) -> datetime:
    """Return when the oldest file that is still kept can have come."""
    return now - timedelta(days=settings.FILE_KEPT_DAYS)


def _keys(user: User) -> tuple[list[KeyTrouble], bool, int]:
    """Return the keys that need seeing to, whether there is any key, and how many saved segments there are."""
    keys = {key.account_id: key for key in Credential.objects.visible_to(user)}
    segments = SavedSegment.objects.visible_to(user).order_by()
    waiting = Counter(dict(segments.values_list("account").annotate(Count("pk"))))
    troubles = [
        KeyTrouble(account, keys.get(account.pk), waiting[account.pk])
        for account in VendorAccount.objects.all()
        if (keys[account.pk].state == Credential.State.REFUSED if account.pk in keys else waiting[account.pk])
    ]
    return troubles, bool(keys), waiting.total()


def _headline(needs: int, working: int, ready: int) -> tuple[str, str]:
    """Return the home page's one sentence in its two voices: what matters most, then the rest."""
    on_the_way = (
        ngettext("%(n)s run is on its way.", "%(n)s runs are on their way.", working),
        ngettext("%(n)s is on its way.", "%(n)s are on their way.", working),
    )
    to_fetch = (
        ngettext("%(n)s run is ready for you.", "%(n)s runs are ready for you.", ready),
        ngettext("%(n)s is ready.", "%(n)s are ready.", ready),
    )
    to_mend = ngettext("%(n)s thing needs you.", "%(n)s things need you.", needs)
    said = _said((needs, to_mend, to_mend), (working, *on_the_way), (ready, *to_fetch))
    return said or (_("Nothing needs you."), _("Run a saved segment to make a file."))


def _key_headline(states: Counter[str], accounts: int) -> tuple[str, str]:
    """Return the same for the page of credentials."""
    working, refused, untested = (states[state] for state in ("working", "refused", "untested"))
    fine = ngettext("%(n)s credential works.", "%(n)s credentials work.", working)
    bad = (
        ngettext("%(n)s credential is refused.", "%(n)s credentials are refused.", refused),
        ngettext("%(n)s is refused.", "%(n)s are refused.", refused),
    )
    unknown = (
        ngettext("%(n)s credential is not tested.", "%(n)s credentials are not tested.", untested),
        ngettext("%(n)s is not tested.", "%(n)s are not tested.", untested),
    )
    if said := _said((working, fine, fine), (refused, *bad), (untested, *unknown)):
        return said
    if accounts:
        return _("You have no credential yet."), _("Add the key that APSIS made for you.")
    return _("There is no vendor account yet."), _("An admin adds one; then you add your key.")


def _said(*parts: tuple[int, str, str]) -> tuple[str, str] | None:
    """Return what there is any of: the first with its noun, the rest without. Small numbers are words."""
    counted = [(apnumber(n) if n < 10 else intcomma(n), whole, short) for n, whole, short in parts if n]
    if not counted:
        return None
    (n, whole, _short), *rest = counted
    return capfirst(whole % {"n": n}), " ".join(capfirst(short % {"n": n}) for n, _whole, short in rest)
