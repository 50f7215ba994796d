"""What a person can do about a run that brought no file, the likeliest help first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext_lazy as lazy

Way = Literal["again", "edit", "key", "split", "tell"]


@dataclass(frozen=True)
class Remedy:
    """One thing to do: how likely it helps, what it is, and where. `way` says which link or button leads there."""

    way: Way
    key: str
    text: str


EDIT_LESS = lazy("Ask for less: fewer subscriptions, attributes or tags, or split them over two segments.")
EDIT_CHOICES = lazy("Look at the choices of the saved segment: something in it is no longer, or not for your key.")
EDIT_TITLES = lazy("Look at the columns of the saved segment, their titles above all.")
KEY = lazy("Enter a new key for this account, or ask an admin for one.")
KEY_ANEW = lazy("Enter your key for this account.")
AGAIN = lazy("Run it again: the same questions, with today’s data.")
AGAIN_LATER = lazy("Run it again in a while. What troubled APSIS often passes.")
AGAIN_AFTER = lazy("Then run it again.")
TELL = lazy("Tell an admin, with the reference. It leads to all that the desk knows of this run.")

# code → ways, in the order of likely help. A code that is not here is met by running again, and telling somebody.
WAYS: Mapping[str, tuple[tuple[Way, Any], ...]] = {
    **dict.fromkeys(("key_refused", "token_refused"), (("key", KEY), ("again", AGAIN_AFTER), ("tell", TELL))),
    "not_allowed": (("edit", EDIT_CHOICES), ("key", KEY), ("tell", TELL)),
    "too_much": (("edit", EDIT_LESS), ("again", AGAIN_AFTER)),
    **dict.fromkeys(
        ("request_refused", "bad_request", "missing", "conflict"),
        (("edit", EDIT_CHOICES), ("again", AGAIN_AFTER), ("tell", TELL)),
    ),
    **dict.fromkeys(
        ("column_missing", "column_twice"), (("edit", EDIT_TITLES), ("again", AGAIN_AFTER), ("tell", TELL))
    ),
    **dict.fromkeys(
        ("foreign_address", "inward_address", "redirected", "wrong_address"),
        (("tell", TELL), ("again", AGAIN_AFTER)),
    ),
    **dict.fromkeys(
        ("export_failed", "never_ready"),
        (("again", AGAIN_LATER), ("edit", EDIT_LESS), ("tell", TELL)),
    ),
    **dict.fromkeys(
        ("trouble_lasted", "never_in_turn", "answer_lost_twice"),
        (("again", AGAIN_LATER), ("tell", TELL)),
    ),
    **dict.fromkeys(
        ("account_moved", "person_left", "admission_changed", "key_erased"),
        (("key", KEY_ANEW), ("again", AGAIN_AFTER)),
    ),
    "disk_stayed_full": (("tell", TELL), ("again", AGAIN_AFTER)),
    "file_too_large": (("edit", EDIT_LESS), ("tell", TELL)),
}
OTHERWISE: tuple[tuple[Way, Any], ...] = (("again", AGAIN), ("tell", TELL))

KEYS = (lazy("Likely to help"), lazy("May help"), lazy("If nothing helps"))
BY_WAY: Mapping[Way, Any] = {"tell": lazy("If it stays")}


def of(code: str) -> list[Remedy]:
    """Return what can be done about a failure, in order."""
    ways = WAYS.get(code, OTHERWISE)
    return [
        Remedy(way, str(KEYS[number] if number == 0 else BY_WAY.get(way, _then(text, number))), str(text))
        for number, (way, text) in enumerate(ways)
    ]


def _then(text: Any, number: int) -> Any:
    return lazy("After that") if text is AGAIN_AFTER else KEYS[number]
