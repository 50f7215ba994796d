"""What lies in drawers: in which downloaded files a person is, and with which consents. Asked by address or key.

A person is looked for by their keyed hashes, under whichever key of INDEX_KEYS each file was read with (rotation.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.files.storage import default_storage

from people import pseudonyms
from people.addresses import Address
from people.entries import DIGEST
from people.index import Damaged, Index
from people.models import FileIndex

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Held:
    """A file that a person is in: whose, and {channel: whether the file has their consent}, by the vendor's ids."""

    file: int
    run: int
    as_of: datetime
    consents: Mapping[str, bool]


@dataclass(frozen=True)
class Drawer:
    """The files that hold a person, newest first; `unread` counts those that could not be asked.

    Their key of INDEX_KEYS has gone, or their index cannot be read.
    """

    held: Sequence[Held]
    unread: int = 0


def holding(addresses: Iterable[Address], keys: Iterable[str] = (), *, since: datetime) -> Drawer:
    """Return the files downloaded since some time that hold a person, known by any of these addresses or export keys.

    What several of them say of one file is said together: a consent that any has, the file has. Whether a file was
    really downloaded since then, whoever knows the downloads says more exactly (exports/whereabouts.py).
    """
    sought = [(address.kind, address.text) for address in addresses] + [("key", key) for key in keys]
    by_key = {
        key_id: [pseudonyms.digest(key, kind, text)[:DIGEST] for kind, text in sought]
        for key_id, key in pseudonyms.keys().items()
    }
    held, unread = [], 0
    asked = FileIndex.objects.filter(taken_at__gte=since).order_by("-as_of", "-pk")
    for row in asked.only("file", "run", "as_of", "channels", "key_id", "storage_name", "entries"):
        try:
            found = _flags(row, by_key[row.key_id])
        except KeyError:
            unread += 1
        except (OSError, Damaged) as error:
            log.warning("index not read", extra={"index": row.pk, "why": type(error).__name__})
            unread += 1
        else:
            if found is not None:
                held.append(Held(row.file, row.run, row.as_of, consents(row.channels, found)))
    return Drawer(held, unread)


def _flags(row: FileIndex, digests: Sequence[bytes]) -> int | None:
    """Return what a file says of whoever has any of these digests; None where it has nobody of them."""
    with default_storage.open(row.storage_name, "rb") as file:
        index = Index(file, row.key_id, row.entries)
        found = [flags for flags in map(index.flags, digests) if flags is not None]
    together = 0
    for flags in found:
        together |= flags
    return together if found else None


def consents(channels: Sequence[str], flags: int) -> dict[str, bool]:
    """Return what flags say, by channel."""
    return {channel: bool(flags >> place & 1) for place, channel in enumerate(channels)}
