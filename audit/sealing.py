"""Giving committed events their place in the chain. One holder at a time; nobody who records ever waits for it.

A chain made inside the transaction that records would fork without a lock, and with one every writer of the desk would
stand in line. So events are written loose, and the tick ties them up within a second or two.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from audit import index, seals
from audit.models import Event, Head

logger = logging.getLogger(__name__)

BATCH = 500  # events in one transaction: on SQLite others wait this long to write, a few hundredths of a second
AT_ONCE = 20  # batches, and blocks of the index, in one call: an upgraded desk catches up over many
TOLD_EVERY = timedelta(hours=1)


def seal(*, now: datetime) -> int:
    """Seal what is committed, tell the head to the file each hour, and index whole blocks; return how many sealed."""
    sealed = 0
    for _ in range(AT_ONCE if Event.objects.unsealed().exists() else 0):
        batch = _seal_batch()
        sealed += batch
        if batch < BATCH:
            break
    _tell(now)
    for number in index.missing(at_most=AT_ONCE):
        _index(number)
    return sealed


@transaction.atomic
def _seal_batch() -> int:
    head = _hold()
    if head is None:
        return 0  # another worker is at it
    key_id, key = next(iter(seals.keys().items()))
    events = list(Event.objects.unsealed().order_by("pk")[:BATCH])
    rows = []
    for event in events:
        stamp = seals.stamp(event, key)
        head.seq, head.seal = head.seq + 1, seals.seal(head.seq + 1, stamp, head.seal, key)
        rows.append((head.seq, stamp, head.seal, key_id, event.pk))
    if rows:
        # The model refuses to change what is written, rightly; this is the one way around it.
        table = connection.ops.quote_name(Event._meta.db_table)
        update = f"UPDATE {table} SET seq = %s, stamp = %s, seal = %s, key_id = %s WHERE id = %s AND seq IS NULL"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.executemany(update, rows)
        head.save(update_fields=["seq", "seal"])
        index.renew({event.pk for event in events})
    return len(rows)


@transaction.atomic
def _index(number: int) -> None:
    if _hold() is not None and index.tail() <= number * index.SIZE:
        index.make(number)


def _hold() -> Head | None:
    """Lock the head and return it; None while another holds it. On SQLite the transaction itself is the lock."""
    if not Head.objects.exists():
        Head.objects.get_or_create(pk=1)
    return Head.objects.select_for_update(skip_locked=True).filter(pk=1).first()


def _tell(now: datetime) -> None:
    """Append the head to the file outside the database, so that whoever cuts the end off cannot cut it off there.

    A disk that is full costs a line in the log, not the sealing; the next tick tries again.
    """
    if not Head.objects.filter(seq__gt=0).exclude(told_at__gt=now - TOLD_EVERY).exists():
        return
    with transaction.atomic():
        head = _hold()
        if head is None or (head.told_at and now - head.told_at < TOLD_EVERY):
            return
        line = f"{now.isoformat(timespec='seconds')} {head.seq} {head.seal}\n"
        try:
            file = os.open(settings.AUDIT_HEADS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(file, "a", encoding="ascii") as heads:
                heads.write(line)
        except OSError:
            logger.exception("The head of the audit history could not be written beside the database.")
            return
        head.told_at = now
        head.save(update_fields=["told_at"])


def told_heads() -> dict[int, tuple[str, str]]:
    """Return what the file holds: seq → (when it was told, the seal). Lines that a crash cut short are left out."""
    path = Path(settings.AUDIT_HEADS)
    lines = path.read_text(encoding="ascii", errors="replace").splitlines() if path.exists() else []
    parts = [line.split(" ") for line in lines]
    return {int(part[1]): (part[0], part[2]) for part in parts if len(part) == 3 and part[1].isdigit()}


def head_seq() -> int:
    """Return the number of the last line that was sealed, as the desk notes it."""
    return Head.objects.filter(pk=1).values_list("seq", flat=True).first() or 0
