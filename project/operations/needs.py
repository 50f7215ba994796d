"""What needs an admin: what is missing or late, each in a sentence that says what it means and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.models import Event
from exports.models import Letter
from project.operations.disk import Files
from project.operations.processes import Staff
from project.operations.stages import Stage
from runs import line, presence
from runs.models import Drain
from wording.amounts import count, size
from wording.moments import duration

MAILED_BY = timedelta(minutes=10)  # after that a letter that was tried means that the mail server takes none
DRAINED_LONG = timedelta(hours=1)  # work on the desk takes minutes; after that somebody may have forgotten it
SEALED_BY = timedelta(minutes=5)  # after that an event without a seal means that the tick does not seal


@dataclass(frozen=True)
class Need:
    """Something that somebody should see to."""

    state: str  # a word of templates/_parts/status.html
    word: str
    what: str
    means: str


@dataclass(frozen=True)
class Held:
    """The runs that a drain holds back, and since when it is on."""

    since: datetime
    count: int


@dataclass(frozen=True)
class Unsealed:
    """The events of the audit history that wait for their seal."""

    count: int
    oldest: datetime | None

    def is_late(self, now: datetime) -> bool:
        return self.oldest is not None and now - self.oldest >= SEALED_BY


@dataclass(frozen=True)
class Unsent:
    """The letters that the mail server did not take when they were tried."""

    count: int
    oldest: datetime | None

    def is_late(self, now: datetime) -> bool:
        return self.oldest is not None and now - self.oldest >= MAILED_BY


def unsent() -> Unsent:
    """Return what was tried and waits to be sent, in one query."""
    tried = Letter.objects.filter(due_at__isnull=False, tries__gt=0)
    return Unsent(**tried.order_by().aggregate(count=Count("pk"), oldest=Min("made_at")))


def held(drained: Drain | None, stages: Iterable[Stage]) -> Held | None:
    """Return what a drain that is on holds back, if it holds anything back."""
    many = sum(stage.count for stage in stages if stage.oldest.code == line.HELD)
    return Held(drained.since, many) if drained and many else None


def unsealed() -> Unsealed:
    """Return what waits for its seal, in one query."""
    found = Event.objects.unsealed().order_by().aggregate(count=Count("pk"), oldest=Min("at"))
    return Unsealed(**found)


def tell(
    staff: Staff,
    queues: dict[str, int] | None,
    files: Files,
    loose: Unsealed,
    post: Unsent,
    held: Held | None,
    *,
    now: datetime,
) -> list[Need]:
    """Return what needs somebody, the worst first. `queues` is None while the broker does not answer."""
    rest = (*_of_files(files), *_of_history(loose, now), *_of_post(post, now))
    return [*_of_broker(queues), *_of_staff(staff, now), *_of_drain(held, now), *rest]


def _of_broker(queues: dict[str, int] | None) -> Iterator[Need]:
    if queues is None:
        yield Need(
            "failed",
            _("Away"),
            _("The broker does not answer."),
            _("No worker can be called. What people start is kept meanwhile, and begins once the broker is back."),
        )


def _of_staff(staff: Staff, now: datetime) -> Iterator[Need]:
    for role in staff.missing:
        if role == presence.BEAT:
            what, means = _("Beat is not there."), _("Runs that wait are not called. Start it; one is enough.")
        else:
            what = _("No worker serves the queue “%(queue)s”.") % {"queue": role}
            means = {
                "calls": _("Nothing is asked of any vendor. Start one; runs go on from where they are."),
                "files": _("Files that are ready are not fetched. A vendor keeps them for a day. Start one."),
            }[role]
        yield Need("failed", _("Missing"), what, means)
    if staff.is_tick_late and presence.BEAT not in staff.missing and "calls" not in staff.missing:
        yield Need(
            "failed",
            _("Late"),
            _("The tick was last taken %(time)s ago.") % {"time": duration(now - staff.ticked_at)}
            if staff.ticked_at
            else _("The tick was never taken."),
            _("Runs that wait are not called. Beat and a worker live, so look at the broker between them."),
        )


def _of_drain(held: Held | None, now: datetime) -> Iterator[Need]:
    if held and now - held.since >= DRAINED_LONG:
        what = ngettext(
            "The desk has started nothing for %(time)s, and %(n)s run waits for it.",
            "The desk has started nothing for %(time)s, and %(n)s runs wait for it.",
            held.count,
        )
        yield Need(
            "waiting",
            _("Held back"),
            what % {"time": duration(now - held.since), "n": count(held.count)},
            _("They keep their places and would wait for ever. When the work is done, start runs again."),
        )


def _of_files(files: Files) -> Iterator[Need]:
    if files.is_tight and files.room:
        yield Need(
            "waiting",
            _("Tight"),
            _("%(free)s are free where files are kept.") % {"free": size(files.room.free)},
            _("A file that finds no room stays at the vendor for a day, and is lost to its run after that. Make room."),
        )
    if files.resisting:
        what = ngettext(
            "The bytes of %(n)s removed file could not be deleted.",
            "The bytes of %(n)s removed files could not be deleted.",
            files.resisting,
        )
        yield Need(
            "waiting",
            _("Left over"),
            what % {"n": count(files.resisting)},
            _("Nobody can have them here, and they lie on the disk. The log of the queue “calls” says what resists."),
        )


def _of_history(loose: Unsealed, now: datetime) -> Iterator[Need]:
    if loose.is_late(now):
        yield Need(
            "waiting",
            _("Unsealed"),
            _("The audit history is not being sealed."),
            _("Its newest lines can be read, and nothing vouches for them yet. The tick seals them: does it run?"),
        )


def _of_post(post: Unsent, now: datetime) -> Iterator[Need]:
    if post.is_late(now):
        what = ngettext(
            "The mail server takes no mail: %(n)s letter waits.", "The mail server takes no mail: %(n)s letters wait.",
            post.count,
        )  # fmt: skip
        yield Need(
            "waiting",
            _("Unsent"),
            what % {"n": count(post.count)},
            _("Runs go on; only nobody is told by mail. Each letter is tried for two days. Look at EMAIL_URL."),
        )
