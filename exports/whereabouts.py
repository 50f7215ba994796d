"""Where copies of somebody's data are: the files they are in, and who downloaded them, as far as a viewer may know.

Who holds whose data is what has to be told when a person asks, so the names of colleagues and the times are for whoever
may look people up. The run, and what its file says of the person, are for those alone who may see that run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import ngettext

from accounts.models import User
from exports.kinds import Kind
from exports.models import Download, ExportRun
from exports.named import channels
from people import drawer
from people.addresses import Address
from people.drawer import Held
from people.models import FileIndex
from wording.amounts import count
from wording.names import isolated, together

DAYS = 30


@dataclass(frozen=True)
class Taking:
    """Somebody who downloaded a file, and when they last did."""

    who: str
    at: datetime


@dataclass(frozen=True)
class Copies:
    """The copies of one file. `run` is None, and `consents` are empty, where the viewer may not see the run.

    `consents` are the names of channels, each with whether the file has the person's consent.
    """

    takings: Sequence[Taking]
    run: ExportRun | None = None
    consents: Sequence[tuple[str, bool]] = ()


@dataclass(frozen=True)
class Whereabouts:
    """All copies that are known, the last downloaded first, in a sentence too; and what was not asked, if anything."""

    files: Sequence[Copies]
    sentence: str
    limits: str


def of(
    addresses: Iterable[Address], keys: Iterable[str] = (), *, to: User, now: datetime, days: int = DAYS
) -> Whereabouts:
    """Return where copies of a person's data are, who is known by any of these addresses and export keys.

    Files that were downloaded in the last so many days are asked; `to` is who wants to know. That they asked is for the
    caller to write into the audit history, as the page that it is asked on does.
    """
    since = now - timedelta(days=days)
    found = drawer.holding(addresses, keys, since=since)
    takings = _takings([held.file for held in found.held], since)
    runs = _seen(to, found.held)
    files = [_copies(held, takings[held.file], runs.get(held.run)) for held in found.held if held.file in takings]
    files.sort(key=lambda copies: copies.takings[0].at, reverse=True)
    return Whereabouts(files, _sentence(files, days), _limits(found.unread + _not_indexed(since)))


def _takings(files: Iterable[int], since: datetime) -> Mapping[int, Sequence[Taking]]:
    """Return {file: who downloaded it since then}, everybody once, the last first."""
    downloads = Download.objects.filter(grant__file__in=list(files), began_at__gte=since)
    last: dict[int, dict[str, Taking]] = {}
    for download in downloads.select_related("grant__person").order_by("-began_at", "-pk"):
        who = str(download.grant.person)
        last.setdefault(download.grant.file_id, {}).setdefault(who, Taking(who, download.began_at))
    return {file: list(people.values()) for file, people in last.items()}


def _seen(to: User, held: Iterable[Held]) -> Mapping[int, ExportRun]:
    if not to.has_perm("exports.view_exportrun"):
        return {}
    return ExportRun.objects.visible_to(to).select_related("segment").in_bulk([one.run for one in held])


def _copies(held: Held, takings: Sequence[Taking], run: ExportRun | None) -> Copies:
    if run is None:
        return Copies(takings)
    names = channels(run.consent_spec)
    return Copies(takings, run, [(names.get(channel, channel), has) for channel, has in held.consents.items()])


def _not_indexed(since: datetime) -> int:
    """Count the files downloaded since then that have no index: it is being made, or could not be."""
    taken = Download.objects.filter(began_at__gte=since, grant__file__run__segment__kind=Kind.CONSENTS)
    return taken.exclude(grant__file__in=FileIndex.objects.values("file")).values("grant__file").distinct().count()


# ── In words ─────────────────────────────────────────────────────────────────────────────────────────────────


def _sentence(files: Sequence[Copies], days: int) -> str:
    if not files:
        return ngettext(
            "In no file downloaded in the last %(days)s day.", "In no file downloaded in the last %(days)s days.", days
        ) % {"days": count(days)}
    words = ngettext(
        "In %(n)s file downloaded in the last %(days)s days, by %(who)s.",
        "In %(n)s files downloaded in the last %(days)s days, by %(who)s.",
        len(files),
    )
    who = dict.fromkeys(isolated(taking.who) for copies in files for taking in copies.takings)
    return words % {"n": count(len(files)), "days": count(days), "who": together(list(who))}


def _limits(unread: int) -> str:
    """Say what was not asked; exports of events never are."""
    if not unread:
        return ""
    words = ngettext(
        "%(n)s more file was downloaded that cannot be asked, or not yet. The person may be in it.",
        "%(n)s more files were downloaded that cannot be asked, or not yet. The person may be in them.",
        unread,
    )
    return words % {"n": count(unread)}
