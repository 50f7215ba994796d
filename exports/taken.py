"""Who took a run's file: in which form, when, what for, and how much of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import words
from audit.sentences import FORMS
from exports.models import Download, ExportRun
from wording.amounts import count, size
from wording.names import isolated

MOST = 200  # that are listed; the audit history has all


@dataclass(frozen=True)
class Taken:
    """One download as the run's page tells it."""

    at: datetime
    who: str
    how: str
    purpose: str
    came: str  # how much of it was sent


@dataclass(frozen=True)
class Told:
    """All downloads of a run's file, newest first, and one sentence about them."""

    sentence: str
    items: list[Taken]


def of(run: ExportRun) -> Told | None:
    """Return who took the file of a run; None where there never was one."""
    if run.file is None:
        return None
    found = Download.objects.filter(grant__file=run.file).select_related("grant__person")[: MOST + 1]
    items = [_one(download) for download in found]
    return Told(_sentence(items), items[:MOST])


def _one(download: Download) -> Taken:
    grant = download.grant
    return Taken(
        download.began_at,
        str(grant.person),
        str(FORMS.get(grant.form, grant.form)),
        words.purpose_name(grant.purpose),
        _came(download),
    )


def _came(download: Download) -> str:
    if download.bytes_sent >= download.length:
        return _("whole")
    if not download.bytes_sent:
        return _("begun")
    return _("%(sent)s of %(length)s") % {"sent": size(download.bytes_sent), "length": size(download.length)}


def _sentence(items: list[Taken]) -> str:
    if not items:
        return _("Nobody has downloaded it yet.")
    people = Counter(item.who for item in items)
    who = ", ".join(
        isolated(name) if len(people) == 1 else f"{isolated(name)} ({count(times)})"
        for name, times in people.most_common()
    )
    if len(items) > MOST:
        return _("Downloaded more than %(n)s times, by %(who)s") % {"n": count(MOST), "who": who}
    times = ngettext("Downloaded once, by %(who)s", "Downloaded %(n)s times, by %(who)s", len(items))
    return times % {"n": count(len(items)), "who": who}
