"""What a person does with an upload and an import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Credential, User
from audit import actions as audit
from imports import asked, consequences, files, known, outlook, receiving
from imports.consequences import Question
from imports.draft import Consent, Draft, Way, digest
from imports.models import Check, Comparison, Conversion, Import, ImportPart, Source, Upload
from imports.parse.checking import Findings
from imports.parse.reading import Reading
from imports.parse.splitting import Part
from runs import line, nudges
from runs.models import Status

COMPARISON_LASTS = timedelta(hours=1)  # people opt in and out all the time


class NotReady(Exception):
    """An upload cannot be confirmed as it stands: its check is not done, or what it was done for has changed."""


# ── The draft ────────────────────────────────────────────────────────────────────────────────────────────────


def begin(
    *, by: User, credential: Credential, purpose: str, section: tuple[str, str], way: Way, now: datetime | None = None
) -> Upload:
    """Begin an import: what it is for, and by what its people are known. `section` is its discriminator and name."""
    now = now or timezone.now()
    return Upload.objects.create(
        owner=by,
        account=credential.account,
        credential=credential,
        purpose=purpose,
        section=section[0],
        section_name=section[1][:255],
        keyspace=way.id,
        keyspace_name=way.name[:255],
        created_at=now,
        changed_at=now,
        expires_at=now + timedelta(hours=settings.IMPORT_DRAFT_HOURS),
    )


def aim(upload: Upload, *, purpose: str, section: tuple[str, str], way: Way, now: datetime | None = None) -> None:
    """Change what an upload is for. What was said of its columns was said of another place, and is forgotten."""
    same = (upload.purpose, upload.section, upload.keyspace) == (purpose, section[0], way.id)
    changes: dict[str, Any] = {} if same else {"columns": {}, "consents": [], "is_consented": False}
    changes |= {
        "purpose": purpose, "section": section[0], "section_name": section[1][:255],
        "keyspace": way.id, "keyspace_name": way.name[:255],
    }  # fmt: skip
    _say(upload, now=now, **changes)


def read_as(upload: Upload, reading: Reading, *, now: datetime | None = None) -> None:
    """Say how an upload is read."""
    changes: dict[str, Any] = {"reading": reading.to_json(), "is_read": True}
    if upload.reading != reading.to_json():
        changes |= {"columns": {}}  # they were said of other titles
    _say(upload, now=now, **changes)


def place(upload: Upload, columns: Mapping[str, str], *, erase: bool, now: datetime | None = None) -> None:
    """Say where the columns go, by their index, and whether an empty cell erases what the vendor has."""
    _say(upload, now=now, columns=dict(columns), decisions={**upload.decisions, "erase": erase})


def follow(upload: Upload, whole: Import, *, now: datetime | None = None) -> None:
    """Take an earlier import for a template: columns of the same titles go where they went there."""
    _say(upload, now=now, columns={}, decisions={**upload.decisions, "follows": whole.pk})


def give(upload: Upload, consents: Sequence[Consent], *, now: datetime | None = None) -> None:
    """Say which consents the import gives or takes; none is an answer, too."""
    _say(upload, now=now, consents=[consent.to_json() for consent in consents], is_consented=True)


def decide(upload: Upload, *, duplicates: str, choices: Mapping[str, str], now: datetime | None = None) -> None:
    """Say what becomes of repeated people and of faulty cells."""
    _say(upload, now=now, decisions={**upload.decisions, "duplicates": duplicates, "choices": dict(choices)})


@transaction.atomic
def discard(upload: Upload, *, by: User, now: datetime | None = None) -> None:
    """Give an upload up, with its files."""
    now = now or timezone.now()
    Check.objects.unfinished().filter(upload=upload).update(cancel_asked_at=now, cancel_asked_by=by)
    Comparison.objects.unfinished().filter(of__upload=upload).update(cancel_asked_at=now, cancel_asked_by=by)
    _say(upload, now=now, gone_at=now)
    audit.record("upload.discarded", by=by, target=upload, now=now)
    transaction.on_commit(lambda: receiving.forget(upload), robust=True)


def _say(upload: Upload, *, now: datetime | None, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(upload, name, value)
    upload.changed_at = now or timezone.now()
    upload.save(update_fields=[*fields, "changed_at"])


def convert(upload: Upload, *, sheet: str = "", now: datetime | None = None) -> Conversion:
    """Have a sheet of a spreadsheet written as text, or return the conversion that is on its way."""
    now = now or timezone.now()
    on_its_way = upload.conversions.unfinished()
    try:
        with transaction.atomic():
            made = Conversion.objects.create(
                owner=upload.owner,
                account=upload.account,
                upload=upload,
                sheet=sheet[:255],
                created_at=now,
                changed_at=now,
                due_at=now,
            )
            nudges.poke(made)
            return made
    except IntegrityError:
        return on_its_way.get()


# ── The check ────────────────────────────────────────────────────────────────────────────────────────────────


def check(draft: Draft, *, now: datetime | None = None) -> Check:
    """Return the check of an upload as it stands, begun if there is none yet; one of an earlier stand is stopped.

    One that broke through a fault of ours is begun anew; what a file's own fault has ended would end so again.
    """
    now = now or timezone.now()
    upload, wanted = draft.upload, digest(draft)
    there = upload.checks.filter(digest=wanted).order_by("-pk").first()
    if there and there.status != Status.CANCELLED and there.code != "our_fault":
        return there
    with transaction.atomic():
        older = Check.objects.unfinished().filter(upload=upload)
        older.update(cancel_asked_at=now, cancel_asked_by=upload.owner, due_at=now, version=F("version") + 1)
    try:
        with transaction.atomic():
            made = Check.objects.create(
                owner=upload.owner,
                account=upload.account,
                upload=upload,
                plan=draft.plan().to_json(),
                digest=wanted,
                created_at=now,
                changed_at=now,
                due_at=now,
            )
            nudges.poke(made)
            return made
    except IntegrityError:
        return upload.checks.unfinished().get(digest=wanted)


# ── The comparison ───────────────────────────────────────────────────────────────────────────────────────────


def compare(draft: Draft, made: Check, *, now: datetime | None = None) -> Comparison | None:
    """Return how the people of a checked upload stand today, asked for if it is not known, or not any more.

    Of too many to ask about one by one, the newest exports of one's own tell. None where there is nothing to find out,
    or nothing to find it out from.
    """
    now = now or timezone.now()
    questions = draft.questions()
    source = _source(draft, made, questions, now) if questions else None
    if source is None:
        return None
    there = compared(draft, made)
    if there and there.status != Status.CANCELLED and (not there.is_over or _is_fresh(there, now)):
        return there
    return _begin_comparison(made, questions, source, now=now)


def compared(draft: Draft, made: Check) -> Comparison | None:
    """Return the newest comparison of a checked upload with its consents as they are said now, however it stands."""
    return made.comparisons.filter(digest=consequences.digest(draft.questions())).first()


def compare_again(draft: Draft, made: Check, *, now: datetime | None = None) -> None:
    """Ask anew how the people of a checked upload stand, unless that is under way."""
    now, questions = now or timezone.now(), draft.questions()
    if questions and (source := _source(draft, made, questions, now)):
        _begin_comparison(made, questions, source, now=now)


def _source(draft: Draft, made: Check, questions: list[Question], now: datetime) -> Source | None:
    if sum(part["rows"] for part in made.parts) <= settings.IMPORT_COMPARED_ROWS:
        return Source.ASKED
    is_told = any(known.newest(draft.upload, question, now=now) for question in questions)
    return Source.EXPORT if is_told else None


def _begin_comparison(made: Check, questions: list[Question], source: Source, *, now: datetime) -> Comparison:
    wanted = consequences.digest(questions)
    with transaction.atomic():
        others = Comparison.objects.unfinished().filter(of__upload=made.upload).exclude(of=made, digest=wanted)
        others.update(cancel_asked_at=now, cancel_asked_by=made.owner, due_at=now, version=F("version") + 1)
    try:
        with transaction.atomic():
            begun = Comparison.objects.create(
                owner=made.owner,
                account=made.account,
                of=made,
                questions=[question.to_json() for question in questions],
                digest=wanted,
                source=source,
                created_at=now,
                changed_at=now,
                due_at=now,
            )
            nudges.poke(begun)
            return begun
    except IntegrityError:
        return made.comparisons.unfinished().get(digest=wanted)


def _is_fresh(made: Comparison, now: datetime) -> bool:
    return made.finished_at is not None and now - made.finished_at < COMPARISON_LASTS


# ── The import ───────────────────────────────────────────────────────────────────────────────────────────────


def confirm(draft: Draft, made: Check, *, by: User, now: datetime | None = None) -> Import:
    """Send what a check has made, or return the import that has come of it. Raises NotReady."""
    now = now or timezone.now()
    with transaction.atomic():
        upload = Upload.objects.select_for_update().get(pk=draft.upload.pk)
        if there := Import.objects.filter(upload=upload).first():
            return there
        if made.status != Status.SUCCEEDED or made.digest != digest(draft) or upload.gone_at or not made.parts:
            raise NotReady
        known_so = compare(draft, made, now=now)
        if not outlook.may_send(known_so, draft.consents):
            raise NotReady
        whole = _create(draft, made, known_so, by=by, now=now)
        upload.confirmed_at = now
        upload.save(update_fields=["confirmed_at"])
        for kept in made.parts:
            _create_part(whole, Part.from_json(kept), now=now)
        rows = sum(kept["rows"] for kept in made.parts)
        audit.record("import.confirmed", by=by, target=whole, now=now, rows=rows, parts=len(made.parts))
        return whole


def _create(draft: Draft, made: Check, compared: Comparison | None, *, by: User, now: datetime) -> Import:
    upload, findings = draft.upload, Findings.from_json(made.findings)
    return Import.objects.create(
        owner=by,
        account=upload.account,
        credential=upload.credential,
        key_ends_in=upload.credential.last_four,
        upload=upload,
        name=upload.name,
        purpose=upload.purpose,
        section=upload.section,
        section_name=upload.section_name,
        keyspace=upload.keyspace,
        keyspace_name=upload.keyspace_name,
        length=upload.length,
        sha256=upload.sha256,
        headers=draft.headers,
        columns={column.title: column.to for column in draft.columns},
        consents=upload.consents,
        asks=asked.to_json(draft.request()),
        row_count=findings.rows,
        left_out=findings.repeated,
        rejected=findings.faulty,
        compared=compared if compared and compared.status == Status.SUCCEEDED else None,
        folder=made.folder,
        created_at=now,
        expires_at=now + timedelta(days=settings.FILE_KEPT_DAYS),
    )


def _create_part(whole: Import, part: Part, *, now: datetime) -> ImportPart:
    made = ImportPart.objects.create(
        of=whole,
        owner=whole.owner,
        account=whole.account,
        turn=line.turn(ImportPart.objects.all(), account=whole.account, owner=whole.owner, now=now),
        number=part.number,
        row_count=part.rows,
        length=part.length,
        sha256=part.sha256,
        created_at=now,
        changed_at=now,
        due_at=now,
    )
    nudges.poke(made)
    return made


@transaction.atomic
def cancel(whole: Import, *, by: User, now: datetime | None = None) -> int:
    """Stop the parts of which nothing has reached the vendor, and return how many there are. The others go on."""
    now = now or timezone.now()
    stoppable = ImportPart.objects.unfinished().filter(of=whole, sending_at=None, cancel_asked_at=None)
    parts = list(stoppable.select_for_update())
    stoppable.update(cancel_asked_at=now, cancel_asked_by=by, due_at=now, version=F("version") + 1)
    if parts:
        Import.objects.filter(pk=whole.pk).update(cancel_asked_at=now, version=F("version") + 1)
        audit.record("import.cancel_asked", by=by, target=whole, now=now, parts=len(parts))
        for part in parts:
            part.refresh_from_db()
            nudges.poke(part)
    return len(parts)


class NotAgain(Exception):
    """A part cannot be sent again: the vendor has it, or may have, or its file is gone."""


@transaction.atomic
def send_again(part: ImportPart, *, by: User, now: datetime | None = None) -> ImportPart:
    """Send one part alone once more, where the vendor has none of it or has refused it as a whole. Raises NotAgain."""
    now = now or timezone.now()
    whole = Import.objects.select_for_update().get(pk=part.of_id)
    part = ImportPart.objects.select_for_update().get(pk=part.pk)
    if part.status not in (Status.FAILED, Status.CANCELLED) or part.replaced_at or not whole.are_files_kept(now):
        raise NotAgain
    if files.size(files.part(part)) != part.length:
        raise NotAgain
    ImportPart.objects.filter(pk=part.pk).update(replaced_at=now)
    Import.objects.filter(pk=whole.pk).update(finished_at=None, version=F("version") + 1)
    audit.record("import.part_sent_again", by=by, target=whole, now=now, part=part.number)
    return _create_part(whole, Part(part.number, part.row_count, part.length, part.sha256), now=now)
