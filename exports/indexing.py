"""Entering the people of a file into the index: the long step that a first download asks for.

Once the index is there it answers. Then is reckoned whose consent has lapsed, in this file and in earlier ones of the
same subscriptions. A step that is repeated because a process died begins with whichever of the two is not done.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction

from accounts import database
from exports import deriving, files, rows
from exports.contents import NotAsPromised
from exports.digest import digest_of
from exports.models import ExportFile, ExportRun, Indexing
from exports.named import Layout, Names, layout
from exports.survey import NotAsVerified
from people import index, keeping, lapses, pseudonyms
from people.entries import SIZE
from people.models import FileIndex
from people.sorting import Sorter
from runs import nudges, storage
from runs.heartbeat import Clock, HandedOn, Heartbeat, Stopped
from runs.models import Status


def make(asked: Indexing, clock: Clock) -> None:
    """Index a file and reckon what it shows of earlier ones, under the claim. Raises StaleRun."""
    beat = Heartbeat(asked, clock)
    beat.total = asked.of.content_length
    if asked.status == Status.QUEUED:
        asked.move(Status.RUNNING, "making", now=clock())
    try:
        kept = FileIndex.objects.filter(file=asked.of_id).first() or _index(asked, beat, clock)
        lapses.renew(kept, lambda: beat("comparing", kept.entries * SIZE))
    except HandedOn:
        asked.wait("making", now=clock(), until=clock())
        nudges.send(asked)
    except Stopped:
        asked.move(Status.FAILED, "stopped", now=clock())
    except FileNotFoundError:
        asked.move(Status.FAILED, "original_gone", now=clock())
    except (NotAsVerified, NotAsPromised, rows.Unreadable, rows.RowTooLong, UnicodeDecodeError):
        asked.move(Status.FAILED, "original_damaged", now=clock())
    except deriving.NotSound:
        asked.move(Status.FAILED, "index_damaged", now=clock())
    except OSError:
        asked.move(Status.FAILED, "no_room", now=clock())
    else:
        asked.move(Status.SUCCEEDED, "ready", now=clock())


def folder(asked: Indexing) -> str:
    """Return where in storage an index lies."""
    return f"drawer/{asked.uuid}"


def subject(run: ExportRun) -> str:
    """Return what the consents of a file are about, as a digest: account, section, and which subscriptions together."""
    spec = run.consent_spec
    topics = sorted(topic.id for topic in spec.topics)
    return digest_of({"account": run.account_id, "section": spec.section.id, "topics": topics})


def _index(asked: Indexing, beat: Heartbeat, clock: Clock) -> FileIndex:
    """Write the index of a file, read it back, and keep it. What is written and not kept is deleted."""
    # As for a derived file: the claim's number is in the name, and the row decides which of two counts.
    name = f"{folder(asked)}/{asked.claim_no}"
    storage.clear(default_storage, folder(asked), upto=asked.claim_no)
    try:
        where = layout(asked.of.run.consent_spec, asked.of.header)
        # The newest writes, and its id goes with what it wrote.
        key_id, key = next(iter(pseudonyms.keys().items()))
        names = Names(where, lambda kind, text: pseudonyms.digest(key, kind, text))
        entries = _write(asked.of, name, key_id, where, names, beat)
        return _keep(asked, clock, name, key_id, channels=where.channels, entries=entries, unread=names.unread)
    except database.AWAY:
        raise  # it may have been kept all the same: left to the next claim's broom
    except Exception:
        keeping.forget(name)
        raise


def _write(of: ExportFile, name: str, key_id: str, where: Layout, names: Names, beat: Heartbeat) -> int:
    """Write the index of a file under a name; return how many entries it has. Raises NotAsVerified, NotSound."""
    expected = of.row_count * (1 + len({at for at, _read in where.addresses}))
    with tempfile.TemporaryFile(prefix="drawer-") as scratch:
        sorter = Sorter(expected, scratch)
        pieces = rows.of(beat.watch(files.content(of), "making"))
        next(pieces, None)  # the header
        for some in names.of(pieces):
            sorter.add(some)
        if names.rows != of.row_count:
            raise NotAsVerified
        digest, length = hashlib.sha256(), 0
        with default_storage.open(name, "wb") as to:
            for block in _whole(key_id, sorter):
                to.write(block)
                digest.update(block)
                length += len(block)
                beat("sorting", length)
    if deriving.read_back(name, beat) != (length, digest.hexdigest()):
        raise deriving.NotSound
    return (length - index.HEADER.size) // SIZE


def _whole(key_id: str, sorter: Sorter) -> Iterator[bytes]:
    yield index.header(key_id)
    yield from sorter.blocks()


def _keep(asked: Indexing, clock: Clock, name: str, key_id: str, **made: Any) -> FileIndex:
    """Write down that a file has its index. Raises FileNotFoundError where the file has gone meanwhile, StaleRun."""
    now = clock()
    with transaction.atomic():
        # Whoever removes the file waits here for us, or we for them: it is counted from then how long the index stays.
        file = ExportFile.objects.select_for_update(of=("self",)).select_related("run").get(pk=asked.of_id)
        if not file.is_kept(now):
            raise FileNotFoundError
        asked.note("comparing", now=now)
        return FileIndex.objects.create(
            file=file.pk,
            run=file.run.pk,
            subject=subject(asked.of.run),
            as_of=asked.of.run.as_of,
            key_id=key_id,
            storage_name=name,
            made_at=now,
            taken_at=now,  # who downloads it while this is written is no later
            expires_at=keeping.until(file.expires_at),
            **made,
        )
