"""Indexes of a test's own people, written as the desk writes them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from people import index, pseudonyms
from people.entries import IS_KEY, SIZE, pack
from people.models import FileIndex
from people.sorting import Sorter


def keep(
    said: Mapping[tuple[str, str], int],
    *,
    file: int = 1,
    channels: Sequence[str] = ("email", "sms"),
    as_of: datetime | None = None,
    subject: str = "a",
    taken_ago: float = 0.0,
) -> FileIndex:
    """Keep an index of {(kind, text): flags}, made with the newest key; entries of keys are marked by themselves."""
    key_id, key = next(iter(pseudonyms.keys().items()))
    sorter = Sorter(len(said), io.BytesIO())
    sorter.add(
        pack(pseudonyms.digest(key, kind, text), flags | (IS_KEY if kind == "key" else 0))
        for (kind, text), flags in said.items()
    )
    content = b"".join(sorter.blocks())
    name = default_storage.save(f"drawer/{uuid4()}/1", ContentFile(index.header(key_id) + content))
    now = timezone.now()
    return FileIndex.objects.create(
        file=file,
        run=file + 1000,
        subject=subject,
        as_of=as_of or now,
        channels=list(channels),
        key_id=key_id,
        storage_name=name,
        entries=len(content) // SIZE,
        unread=0,
        made_at=now,
        taken_at=now - timedelta(seconds=taken_ago),
        expires_at=now + timedelta(days=30),
    )
