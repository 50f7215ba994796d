"""The people of a list in storage: sealed with the vault, piece by piece, and gone with the list."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from django.core.files.storage import default_storage

from accounts import vault
from consents.keys import Key
from consents.models import Checklist
from consents.outcomes import Outcome

# A piece is not there any more, or no key of the vault opens it: whoever was in it is not known here.
GONE = (FileNotFoundError, vault.CannotOpen)


def keep_people(made: Checklist, people: Sequence[Key]) -> None:
    """Write down who is to be asked about."""
    _write(f"{made.folder}/people", [[key.keyspace, key.text] for key in people])


def people(made: Checklist) -> list[Key]:
    """Return who is to be asked about. Raises FileNotFoundError, vault.CannotOpen."""
    return [Key(*kept) for kept in _read(f"{made.folder}/people")]


def keep_found(made: Checklist, found: Sequence[Outcome]) -> str:
    """Write down what was found out, and return the name of the piece."""
    # The claim number is in the name: two processes that both believe to hold it write two pieces.
    name = f"{made.folder}/found-{made.done}-{made.claim_no}"
    _write(name, [one.to_json() for one in found])
    return name


def found(made: Checklist, *, most: int | None = None) -> Iterator[Outcome]:
    """Yield what was found out, in the order of the list. Raises FileNotFoundError, vault.CannotOpen."""
    pieces: Iterable[Outcome] = (Outcome.from_json(kept) for name in made.slices for kept in _read(name))
    return islice(pieces, most)


def forget(made: Checklist) -> None:
    """Delete everything. Raises OSError."""
    try:
        _folders, names = default_storage.listdir(made.folder)
    except FileNotFoundError:
        return
    for name in names:
        default_storage.delete(f"{made.folder}/{name}")


def _write(name: str, content: object) -> None:
    default_storage.delete(name)
    try:
        with default_storage.open(name, "wb") as file:
            file.write(vault.seal(json.dumps(content)).encode())
    except OSError:
        default_storage.delete(name)  # no half of it stays
        raise


def _read(name: str) -> list[list[str]]:
    with default_storage.open(name, "rb") as file:
        return list(json.loads(vault.unseal(file.read().decode())))
