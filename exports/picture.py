"""The picture of a file to come: its columns and two invented people, one who agreed and one who did not."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from exports.spec import SMS, Column, ConsentSpec

# Invented; addresses and numbers from ranges kept for fiction.
PEOPLE = (("5c1e-0b7a", "eva@example.com", "46000000101"), ("a09d-41f2", "ulf@example.test", "46000000102"))


@dataclass(frozen=True)
class Cell:
    """What stands in a cell of the picture; `is_blank` when it says in words that the file has nothing there."""

    text: str
    kind: str
    is_blank: bool = False


def columns(spec: ConsentSpec) -> list[Column]:
    return list(spec.columns())


def people(spec: ConsentSpec) -> list[list[Cell]]:
    """Return the rows of the picture. The second person said no to everything."""
    rows = [[_cell(spec, column, at, *person) for column in spec.columns()] for at, person in enumerate(PEOPLE)]
    return rows[:1] if spec.exclude_unsubscribed else rows


def _cell(spec: ConsentSpec, column: Column, at: int, key: str, mail: str, mobile: str) -> Cell:
    is_first = at == 0
    match column.kind:
        case "key":
            return Cell(key, column.kind)
        case "consent":
            channels = {c.column: c.id for c in spec.channels}
            is_sms = (spec.channel.id if spec.method == "single" else channels.get(column.title)) == SMS
            if is_first:
                return Cell(mobile if is_sms else mail, column.kind)
            return Cell(_("no consent: blank"), column.kind, is_blank=True)
        case "attribute":
            if column.is_address:
                return Cell(mobile if "mobile" in column.name.casefold() else mail, column.kind)
            return Cell(_("a value"), column.kind)
        case "tag":
            return Cell("1", column.kind) if is_first else Cell(_("blank"), column.kind, is_blank=True)
        case "segment" | "event":
            return Cell("1" if is_first or len(spec.segments) == 1 else "0", column.kind)
