"""What people do that crosses the apps: each verb is one transaction, composed of the verbs of the floors below."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts import actions as accounts
from accounts import admission, sessions
from accounts.models import User, VendorAccount
from audit import actions as audit
from exports import upheavals
from exports.models import ExportRun, SavedSegment
from imports.models import Import
from imports.upheavals import stop_imports
from runs import drain


@dataclass(frozen=True)
class Toll:
    """What a change would cost, or has cost: people's keys, runs on their way, sessions, saved segments."""

    credentials: int = 0
    runs: int = 0
    sessions: int = 0
    segments: int = 0


def toll_of_moving(account: VendorAccount) -> Toll:
    """Count what `move_account` would erase and stop."""
    runs = ExportRun.objects.unfinished().filter(credential__account=account)
    imports = Import.objects.unfinished().filter(account=account)
    return Toll(credentials=account.credentials.kept().count(), runs=runs.count() + imports.count())


@transaction.atomic
def move_account(account: VendorAccount, *, region: str, other_url: str, by: User, now: datetime | None = None) -> Toll:
    """Let a vendor account answer at another address: keys for the old one are erased, their runs stopped."""
    now = now or timezone.now()
    if VendorAccount(region=region, other_url=other_url).base_url == account.base_url:
        return Toll()
    # Runs before keys: the order in which a worker writes, so that the two never wait for each other.
    runs = ExportRun.objects.filter(credential__account=account)
    stopped = upheavals.stop_runs(runs, "account_moved", by=by, now=now)
    stopped += stop_imports(Import.objects.filter(account=account), "account_moved", by=by, now=now)
    erased = accounts.move_account(account, region=region, other_url=other_url, by=by, now=now)
    return Toll(credentials=len(erased), runs=stopped)


def _on_their_way(person: User) -> int:
    """Count the exports and imports of a person that are not over."""
    imports = Import.objects.visible_to(person).unfinished()
    return ExportRun.objects.owned_by(person).unfinished().count() + imports.count()


def _stop_all(person: User, code: str, *, by: User, now: datetime) -> int:
    """End them, and return how many there were."""
    stopped = upheavals.stop_runs(ExportRun.objects.owned_by(person), code, by=by, now=now)
    return stopped + stop_imports(Import.objects.visible_to(person), code, by=by, now=now)


def toll_of_admission(person: User) -> Toll:
    """Count what `lend_password` and `change_address` would end, erase and stop."""
    return Toll(
        credentials=person.credentials.kept().count(),
        runs=_on_their_way(person),
        sessions=sessions.of(person).count(),
    )


@transaction.atomic
def lend_password(person: User, password: str | None, *, by: User, now: datetime | None = None) -> Toll:
    """Give a person a password that an admin chose, or None for none: sessions end, keys are erased, runs stop.

    Raises ValueError for oneself and for an operator's account.
    """
    now = now or timezone.now()
    stopped = _stop_all(person, "admission_changed", by=by, now=now)
    ended, erased = admission.lend_password(person, password, by=by, now=now)
    action = "person.password_taken" if password is None else "person.password_lent"
    audit.record(action, by=by, target=person, now=now, sessions=ended, credentials=erased, runs=stopped)
    return Toll(credentials=erased, runs=stopped, sessions=ended)


@transaction.atomic
def change_address(person: User, address: str, *, by: User, now: datetime | None = None) -> Toll:
    """Give a person another e-mail address, at the same cost. Raises ValueError as `lend_password` does."""
    now = now or timezone.now()
    stopped = _stop_all(person, "admission_changed", by=by, now=now)
    ended, erased = admission.change_address(person, address, by=by, now=now)
    audit.record(
        "person.address_changed", by=by, target=person, now=now, sessions=ended, credentials=erased, runs=stopped
    )
    return Toll(credentials=erased, runs=stopped, sessions=ended)


def toll_of_leaving(person: User) -> Toll:
    """Count what `deactivate` would end, erase, stop and hand over."""
    return Toll(
        credentials=person.credentials.kept().count(),
        runs=_on_their_way(person),
        sessions=sessions.of(person).count(),
        segments=SavedSegment.objects.visible_to(person).count(),
    )


@transaction.atomic
def deactivate(person: User, *, heir: User | None, by: User, now: datetime | None = None) -> Toll:
    """Close the account of somebody who leaves: sessions end, keys are erased, runs stop, segments go to the heir.

    Without an heir the saved segments stay. Raises ValueError for oneself and for an operator's account.
    """
    now = now or timezone.now()
    stopped = _stop_all(person, "person_left", by=by, now=now)
    ended, erased = admission.deactivate(person, by=by, now=now)
    toll = Toll(
        credentials=erased,
        runs=stopped,
        sessions=ended,
        segments=upheavals.hand_over(SavedSegment.objects.visible_to(person), to=heir, by=by, now=now) if heir else 0,
    )
    audit.record(
        "person.deactivated",
        by=by,
        target=person,
        now=now,
        sessions=toll.sessions,
        credentials=toll.credentials,
        runs=toll.runs,
        segments=toll.segments,
        heir=str(heir) if heir else None,
    )
    return toll


@transaction.atomic
def begin_drain(*, by: User, reason: str = "", now: datetime | None = None) -> bool:
    """Let the desk finish what is at the vendor and start nothing. Return False when it does so already."""
    now = now or timezone.now()
    if not drain.begin(by=by, reason=reason, now=now):
        return False
    held = upheavals.hold_back(reason=reason, now=now)
    audit.record("desk.drained", by=by, target=audit.DESK, now=now, held=held, reason=reason)
    return True


@transaction.atomic
def end_drain(*, by: User, now: datetime | None = None) -> bool:
    """Let the desk start runs again. Return False when it does so already."""
    now = now or timezone.now()
    if not drain.end():
        return False
    released = upheavals.let_go(now=now)
    audit.record("desk.opened", by=by, target=audit.DESK, now=now, released=released)
    return True
