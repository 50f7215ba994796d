"""Where columns can go, as the page offers it, and what is wrong with where they were put."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from django.utils.translation import gettext as _

from imports.draft import KEY, OUT, Draft, Place
from wording.names import isolated

MOST_LISTED = 100  # places that a list of choices shows beside each column; of more, the name is typed


def are_typed(draft: Draft) -> bool:
    """Say whether the section has so many attributes and tags that they are found by typing."""
    return len(draft.places) > MOST_LISTED


def labels(draft: Draft) -> dict[str, str]:
    """Return what each place is called where it is typed, by its ID: no two the same."""
    names = Counter(place.name.casefold() for place in draft.places.values() if place.id != KEY)
    return {
        id: _("Who it is: %(keyspace)s") % {"keyspace": place.name}
        if id == KEY
        else place.name
        if names[place.name.casefold()] == 1
        else f"{place.name} ({place.discriminator})"
        for id, place in draft.places.items()
    }


def meant(draft: Draft, posted: Mapping[str, str]) -> tuple[dict[str, str], dict[int, str]]:
    """Return where a form sends the columns, by their index, and what it names that is no place (which is left out).

    A place is named by its ID, as a list of choices does, or by what it is called.
    """
    called = {label.casefold(): id for id, label in labels(draft).items()}
    to: dict[str, str] = {}
    unknown: dict[int, str] = {}
    for column in draft.columns:
        said = posted.get(f"to-{column.index}", "").strip()
        known = said if said in draft.places else called.get(said.casefold(), OUT)
        to[str(column.index)] = known
        if known == OUT and said not in ("", OUT):
            unknown[column.index] = said
    return to, unknown


def groups(draft: Draft) -> list[tuple[str, list[Place]]]:
    """Return the places a column can go to, in groups with their names."""
    places = draft.places.values()
    named = [
        (_("Who it is"), [place for place in places if place.kind == "key"]),
        (_("Attributes"), [place for place in places if place.kind == "attribute"]),
        (_("Tags"), [place for place in places if place.kind == "tag"]),
    ]
    return [(name, found) for name, found in named if found]


def misplaced(draft: Draft, unknown: Mapping[int, str]) -> list[str]:
    """Return what must be put right before an import can go on: a sentence each. `unknown` is what `meant` found."""
    if are_typed(draft):
        nothing = _(
            "%(title)s: nothing you may write is called “%(said)s”. Type a part of a name and choose from the list."
        )
    else:
        nothing = _("%(title)s: what you chose is gone from APSIS, or your key may not write it now. Choose again.")
    titles = {column.index: column.title for column in draft.columns}
    found = [nothing % {"title": isolated(titles[at]), "said": isolated(word)} for at, word in unknown.items()]
    to = Counter(column.to for column in draft.columns if column.to != OUT)
    if not to[KEY]:
        found.append(
            _("No column says who it is. Choose the one with: %(keyspace)s.") % {"keyspace": draft.upload.keyspace_name}
        )
    for place, many in to.items():
        if many > 1:
            both = ", ".join(isolated(column.title) for column in draft.columns if column.to == place)
            found.append(
                _("%(many)s columns go to %(place)s: %(titles)s. Leave all but one out.")
                % {"many": many, "place": isolated(draft.places[place].name), "titles": both}
            )
    return found
