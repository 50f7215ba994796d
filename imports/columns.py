"""Where columns can go, as the page offers it, and what is wrong with where they were put."""

from __future__ import annotations

from collections import Counter

from django.utils.translation import gettext as _

from imports.draft import KEY, OUT, Draft, Place
from wording.names import isolated


def groups(draft: Draft) -> list[tuple[str, list[Place]]]:
    """Return the places a column can go to, in groups with their names."""
    places = draft.places.values()
    named = [
        (_("Who it is"), [place for place in places if place.kind == "key"]),
        (_("Attributes"), [place for place in places if place.kind == "attribute"]),
        (_("Tags"), [place for place in places if place.kind == "tag"]),
    ]
    return [(name, found) for name, found in named if found]


def misplaced(draft: Draft) -> list[str]:
    """Return what must be put right before an import can go on: a sentence each."""
    found = []
    to = Counter(column.to for column in draft.columns if column.to != OUT)
    if not to[KEY]:
        found.append(
            _("No column says who it is. Choose the one with: %(keyspace)s.") % {"keyspace": draft.upload.keyspace_name}
        )
    for place, many in to.items():
        if many > 1:
            titles = ", ".join(isolated(column.title) for column in draft.columns if column.to == place)
            found.append(
                _("%(many)s columns go to %(place)s: %(titles)s. Leave all but one out.")
                % {"many": many, "place": isolated(draft.places[place].name), "titles": titles}
            )
    return found
