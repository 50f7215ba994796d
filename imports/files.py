"""Where the files of an upload and of its import lie in storage."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from django.core.files.storage import default_storage

if TYPE_CHECKING:
    from imports.models import ImportPart


def part_in(folder: str, number: int) -> str:
    """Return the name of a part as it goes to the vendor."""
    return f"{folder}/part-{number}.csv"


def rows_in(folder: str, number: int) -> str:
    """Return the name of the list of a part's rows: the row of the file for each of its own, four bytes each."""
    return f"{folder}/part-{number}.rows"


def rejects_in(folder: str) -> str:
    """Return the name of the file with the faulty rows, as they came."""
    return f"{folder}/rejects.csv"


def part(part: ImportPart) -> str:
    return part_in(part.of.folder, part.number)


def row_numbers(part: ImportPart) -> array[int]:
    """Return, for each row of a part, its number in the file. Raises FileNotFoundError where that is gone."""
    with default_storage.open(rows_in(part.of.folder, part.number)) as file:
        found = array("I")
        found.frombytes(file.read())
        return found


def examples_in(folder: str) -> str:
    """Return the name of the first faulty rows, as the page shows them."""
    return f"{folder}/examples.json"


def size(name: str) -> int | None:
    """Return the bytes of a file, None where there is none."""
    try:
        return int(default_storage.size(name))
    except FileNotFoundError:
        return None
