"""The picture of what comes: people and events, with two invented people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from exports.events.draft import EMAIL
from exports.events.spec import EventSpec
from exports.picture import PEOPLE, Cell
from exports.spec import Column

MOST = 6  # columns of a kind that are drawn


@dataclass(frozen=True)
class Table:
    """A table to come: its title, columns, and rows of cells."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


def tables(spec: EventSpec) -> list[Table]:
    """Return the tables of the readable forms, as this segment would fill them."""
    return [_people(spec), _events(spec)]


def _people(spec: EventSpec) -> Table:
    columns = [Column(_("Export key"), "key", "")]
    columns += [Column(choice.name, "attribute", "") for choice in spec.attributes[:MOST]]
    columns += [Column(choice.name, "tag", "") for choice in spec.tags[:MOST]]
    columns += [Column(choice.name, "event", "") for choice in spec.events[:MOST]]
    rows = []
    for at, (key, mail, _mobile) in enumerate(PEOPLE):
        row = [Cell(key, "key")]
        for choice in spec.attributes[:MOST]:
            row.append(Cell(mail if choice.discriminator == EMAIL else _("a value"), "attribute"))
        row += [Cell(_("yes"), "tag") if at == 0 else Cell(_("blank"), "tag", is_blank=True) for _c in spec.tags[:MOST]]
        row += [Cell(str((3, 0)[at]), "event") for _choice in spec.events[:MOST]]
        rows.append(row)
    return Table(_("People"), columns, rows)


def _events(spec: EventSpec) -> Table:
    fields = list(dict.fromkeys(name for event in spec.events for one in event.versions for name in one.fields))[:MOST]
    columns = [Column(_("Export key"), "key", ""), Column(_("Event"), "event", ""), Column(_("Time"), "event", "")]
    columns += [Column(name, "event", "") for name in fields]
    names = [event.name for event in spec.events] or [_("an event")]
    rows = [
        [Cell(PEOPLE[0][0], "key"), Cell(name, "event"), Cell(f"2026-06-0{n} 14:03", "event")]
        + [Cell(_("a value"), "event") for _field in fields]
        for n, name in enumerate(names[:3], 1)
    ]
    return Table(_("Events"), columns, rows if spec.events else [])
