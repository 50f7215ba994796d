"""Who has no consent in a file: the export keys of the rows whose cell is blank."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from exports import files, pair, rows
from exports.models import ExportRun


def keys(run: ExportRun, title: str) -> Iterator[str]:
    """Yield the export keys of the rows of a run's file with nothing in a column.

    Raises FileNotFoundError where the file is gone, pair.NoColumn where no column is sure to be the key.
    """
    if run.file is None:
        raise FileNotFoundError
    key_title = pair.key_of(run)
    pieces = rows.of(files.content(run.file))
    header = next(pieces, None)
    assert isinstance(header, list)
    for key, cell in rows.picked(pieces, header.index(key_title), header.index(title)):
        if key and not cell:
            yield key


def sample(found: Iterable[str], most: int, *, seed: int) -> list[str]:
    """Return up to so many, each as likely as any other, in their order; the same for the same seed."""
    chance = random.Random(seed)
    kept: list[tuple[int, str]] = []
    for place, one in enumerate(found):
        if place < most:
            kept.append((place, one))
        elif (other := chance.randrange(place + 1)) < most:
            kept[other] = (place, one)
    return [one for _place, one in sorted(kept)]
