"""What people do with saved segments and export runs. Each verb is one transaction, with its audit event inside."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Credential, User, VendorAccount
from audit import actions as audit
from exports import offers, pair
from exports.events import windows as event_windows
from exports.kinds import Kind, Spec, kind_of
from exports.models import DerivedFile, Drift, ExportRun, Indexing, RunShare, SavedSegment, SegmentVersion, Survey
from exports.offers import Wish
from people import keeping
from runs import line, nudges


class NoCredential(Exception):
    """This person has no key for the vendor account that the saved segment belongs to."""


@transaction.atomic
def save_segment(
    *,
    by: User,
    account: VendorAccount,
    name: str,
    spec: Spec,
    segment: SavedSegment | None = None,
    now: datetime | None = None,
) -> SavedSegment:
    """Save a new segment, or the next version of one. Saving what is already saved makes no version."""
    now = now or timezone.now()
    if segment is None:
        segment = SavedSegment.objects.create(
            owner=by,
            account=account,
            name=name,
            kind=kind_of(spec),
            spec=spec.to_json(),
            created_at=now,
            changed_at=now,
        )
        verb = "segment.created"
    else:
        segment = SavedSegment.objects.select_for_update().get(pk=segment.pk)
        if segment.name == name and segment.asks == spec and segment.account_id == account.pk:
            return segment
        segment.account, segment.name = account, name
        _become(segment, spec, now=now)
        verb = "segment.changed"
    keep_version(segment, by=by, now=now)
    audit.record(verb, by=by, target=segment, now=now, version=segment.version_no)
    return segment


@transaction.atomic
def restore_segment(
    segment: SavedSegment, version: SegmentVersion, *, by: User, now: datetime | None = None
) -> SavedSegment:
    """Save what an old version asked for as the newest one, under the segment's present name.

    Restoring what the segment says already makes no version.
    """
    now = now or timezone.now()
    segment = SavedSegment.objects.select_for_update().get(pk=segment.pk)
    if segment.asks == version.asks:
        return segment
    _become(segment, version.asks, now=now)
    keep_version(segment, by=by, now=now)
    audit.record(
        "segment.restored", by=by, target=segment, now=now, version=segment.version_no, restored=version.number
    )
    return segment


def _become(segment: SavedSegment, spec: Spec, *, now: datetime) -> None:
    segment.spec = spec.to_json()
    segment.version_no += 1
    segment.changed_at = now
    segment.save(update_fields=["account", "name", "spec", "version_no", "changed_at"])
    # The typed spec is read once per object, and this object now says something else.
    segment.__dict__.pop("asks", None)


def keep_version(segment: SavedSegment, *, by: User, now: datetime) -> None:
    """Write down what a saved segment says now, as the version that its number names."""
    version = SegmentVersion(number=segment.version_no, name=segment.name, spec=segment.spec, saved_at=now, saved_by=by)
    segment.versions.add(version, bulk=False)


def duplicate_segment(segment: SavedSegment, *, by: User, name: str, now: datetime | None = None) -> SavedSegment:
    """Save a copy under another name."""
    return save_segment(by=by, account=segment.account, name=name, spec=segment.asks, now=now)


def start(segment: SavedSegment, *, by: User, windows: int = 1, now: datetime | None = None) -> ExportRun:
    """Start a run of a saved segment, or return the one of the same spec that is still on its way.

    `windows` is in how many requests its time is parted at least, where it is one of events. Raises NoCredential, and
    NoPeriod where its dates name no time.
    """
    now = now or timezone.now()
    credential = Credential.objects.visible_to(by).select_related("account").filter(account=segment.account).first()
    if credential is None:
        raise NoCredential
    spec = segment.asks
    for may_try_again in (True, False):
        try:
            return _create_run(segment, credential, spec, by=by, now=now, windows=windows)
        except IntegrityError:
            # The partial unique constraint settles identical clicks; the losers are led to the winner's run.
            same = ExportRun.objects.unfinished().filter(owner=by, segment=segment, spec_digest=spec.digest)
            if winner := same.first():
                return winner
            if not may_try_again:  # else the winner's run has just ended, and there is room for another
                raise
    raise AssertionError("the second try returns or raises")


@transaction.atomic
def _create_run(
    segment: SavedSegment, credential: Credential, spec: Spec, *, by: User, now: datetime, windows: int = 1
) -> ExportRun:
    account = credential.account
    run = ExportRun.objects.create(
        owner=by,
        account=account,
        turn=line.turn(ExportRun.objects.all(), account=account, owner=by, now=now),
        segment=segment,
        version_no=segment.version_no,
        credential=credential,
        key_ends_in=credential.last_four,
        spec=spec.to_json(),
        spec_digest=spec.digest,
        created_at=now,
        changed_at=now,
        due_at=now,
    )
    if segment.kind == Kind.EVENTS:
        event_windows.lay(run, now=now, at_least=windows)
    run.add_line("asked", now=now, version=segment.version_no, who=str(by))
    audit.record("run.started", by=by, target=run, now=now, version=segment.version_no)
    nudges.poke(run)
    return run


@transaction.atomic
def cancel(run: ExportRun, *, by: User, now: datetime | None = None) -> None:
    """Ask an unfinished run to stop. Whoever holds it sees this at its next step; asking twice changes nothing."""
    now = now or timezone.now()
    asked = ExportRun.objects.unfinished().filter(pk=run.pk, cancel_asked_at=None)
    # The version counts what a page shows, and pages that are open elsewhere must say that the run is stopping.
    if asked.update(cancel_asked_at=now, cancel_asked_by=by, due_at=now, version=F("version") + 1):
        audit.record("run.cancel_asked", by=by, target=run, now=now)
        run.refresh_from_db()
        nudges.poke(run)


@transaction.atomic
def share(run: ExportRun, people: Iterable[User], *, by: User, now: datetime | None = None) -> None:
    """Let these colleagues and no others see a run: new ones are let in, those no longer among them are shut out.

    Raises ValueError for a run that brought no file: there is nothing to share of it.
    """
    if run.file is None:
        raise ValueError("Only a run that brought its file can be shared.")
    now = now or timezone.now()
    ExportRun.objects.select_for_update().get(pk=run.pk)
    before = {share.person_id: share.person for share in run.shares.select_related("person")}
    wanted = {person.pk: person for person in people if person.pk != run.owner_id}
    let_in = [wanted[pk] for pk in wanted if pk not in before]
    shut_out = [before[pk] for pk in before if pk not in wanted]
    RunShare.objects.bulk_create(
        RunShare(run=run, segment_id=run.segment_id, person=person, shared_at=now) for person in let_in
    )
    run.shares.filter(person__in=shut_out).delete()
    if let_in:
        audit.record("run.shared", by=by, target=run, now=now, colleagues=[str(person) for person in let_in])
    if shut_out:
        audit.record("run.unshared", by=by, target=run, now=now, colleagues=[str(person) for person in shut_out])


@transaction.atomic
def hasten(run: ExportRun, *, by: User, now: datetime | None = None) -> bool:
    """Let a run's next step be due now. Return False where that is not safe, or nothing waits for its time.

    The lanes still hold it to the vendor's pace.
    """
    now = now or timezone.now()
    waiting = ExportRun.objects.unfinished().filter(pk=run.pk, lease_until=None, due_at__gt=now)
    locked = waiting.select_for_update().first()
    if locked is None or not locked.may_be_hastened:
        return False
    waiting.update(due_at=now, version=F("version") + 1)
    audit.record("run.hastened", by=by, target=run, now=now)
    nudges.poke(locked)
    return True


class NotOffered(Exception):
    """A file is not offered in this form. The text says why, and what to use instead."""


def derive(run: ExportRun, wish: Wish, *, by: User, now: datetime | None = None) -> DerivedFile:
    """Have a form of a run's file made, or return the one that is there or on its way. Raises NotOffered."""
    now = now or timezone.now()
    file = run.file
    if file is None or not file.is_kept(now):
        raise NotOffered(_("The file was removed, so nothing more can be made of it. Run again with today's data."))
    if why := offers.refusal(file, wish, now=now):
        raise NotOffered(why)
    wanted = DerivedFile.objects.wanted().filter(of=file, form=wish.form, choice_digest=wish.digest)
    if there := wanted.first():
        return there
    if wish.form == DerivedFile.Form.APSIS_EXCEL and by.pk != run.owner_id:
        raise NotOffered(_("It is fetched with the key of whoever ran this, so only they can have it fetched again."))
    try:
        with transaction.atomic():
            derived = DerivedFile.objects.create(
                owner=by,
                account=run.account,
                of=file,
                form=wish.form,
                choice=wish.to_json(),
                choice_digest=wish.digest,
                created_at=now,
                changed_at=now,
                due_at=now,
            )
            nudges.poke(derived)
            return derived
    except IntegrityError:
        # Ten people ask for the same form at the same time: the constraint lets one through.
        return wanted.get()


def survey(run: ExportRun, *, by: User, now: datetime | None = None) -> Survey:
    """Have the columns of a run's file counted, or return the survey that is there or on its way. Raises NotOffered."""
    now = now or timezone.now()
    file = run.file
    wanted = Survey.objects.wanted().filter(of=file)
    if file is not None and (there := wanted.first()):
        return there
    if file is None or not file.is_kept(now):
        raise NotOffered(_("The file was removed, so nothing in it can be counted. Run again with today’s data."))
    try:
        with transaction.atomic():
            made = Survey.objects.create(
                owner=by, account=run.account, of=file, created_at=now, changed_at=now, due_at=now
            )
            nudges.poke(made)
            return made
    except IntegrityError:
        return wanted.get()


def index(run: ExportRun, *, by: User, now: datetime) -> None:
    """Have the people of a file that somebody downloads entered into the index, once; every download is noted there.

    Of events there is none: they say nothing of consent.
    """
    file = run.file
    if file is None or run.segment.kind != Kind.CONSENTS:
        return
    keeping.taken(file.pk, now=now)
    if Indexing.objects.wanted().filter(of=file).exists():
        return
    # Two who download at once: the constraint lets one through. No nudge: the bytes must not wait for a broker that is
    # away, and the next tick finds it.
    wanted = Indexing(owner=by, account=run.account, of=file, created_at=now, changed_at=now, due_at=now)
    with suppress(IntegrityError), transaction.atomic():
        wanted.save(force_insert=True)


def compare(one: ExportRun, other: ExportRun, *, by: User, joined_on: str = "", now: datetime | None = None) -> Drift:
    """Have two runs of a saved segment compared, or return the comparison that is there or on its way.

    In whichever order they are given. `joined_on` is what the vendor calls the attribute to join by; empty for the
    export key. Raises NotOffered.
    """
    now = now or timezone.now()
    _check_pair(one, other)
    two = pair.of(one, other)
    wanted = Drift.objects.wanted().filter(older=two.older, newer=two.newer, joined_on=joined_on)
    if there := wanted.first():
        return there
    if not all(run.file is not None and run.file.is_kept(now) for run in (one, other)):
        raise NotOffered(_("The file of one of them was removed, so they cannot be compared. Choose another."))
    try:
        two.titles(joined_on)
    except pair.NoColumn:
        raise NotOffered(_("They have no such column in common to tell people by. Choose another.")) from None
    try:
        with transaction.atomic():
            made = Drift.objects.create(
                owner=by,
                account=two.newer.account,
                older=two.older,
                newer=two.newer,
                joined_on=joined_on,
                created_at=now,
                changed_at=now,
                due_at=now,
            )
            nudges.poke(made)
            return made
    except IntegrityError:
        return wanted.get()


def _check_pair(one: ExportRun, other: ExportRun) -> None:
    if one.pk == other.pk:
        raise NotOffered(_("These are one and the same run. Choose two."))
    if one.segment_id != other.segment_id or one.segment.kind != Kind.CONSENTS:
        raise NotOffered(_("Only two consent exports of the same saved segment can be compared."))
