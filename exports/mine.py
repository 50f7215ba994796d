"""The runs that somebody sees, their own and those that others share, as one list: counted, and read newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, overload

from django.db import connection
from django.db.models import Count, QuerySet

from accounts.models import User
from exports.models import ExportRun, RunShare, SavedSegment
from runs.models import UNFINISHED, Status

# The states that a list knows, by their words in its address.
STATES: Mapping[str, tuple[Status, ...]] = {
    "working": UNFINISHED,
    "ready": (Status.SUCCEEDED,),
    "failed": (Status.FAILED,),
    "cancelled": (Status.CANCELLED,),
}
SHARED = "shared"  # what others share, all of it ready: only a run that brought its file is shared


class Mine(Sequence[int]):
    """Somebody's runs, those of a state alone, or those of segments with some words in their name.

    Each list is read from an index that has its order; only keys are counted through to a page far back. It is a
    sequence of keys, as a paginator takes it.
    """

    def __init__(self, user: User, *, named: str = "", state: str = "") -> None:
        self._state = state
        self._own = ExportRun.objects.owned_by(user)
        self._shared = RunShare.objects.filter(person=user)
        if named:
            segments = SavedSegment.objects.filter(name__icontains=named)
            self._own, self._shared = self._own.filter(segment__in=segments), self._shared.filter(segment__in=segments)

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many runs there are of every state, whichever is asked for, and how many of them are shared."""
        # Rows, not keys: those are in no index that has the states in order.
        own = dict(self._own.order_by().values_list("status").annotate(n=Count("*")))
        shared = self._shared.count()
        counts = {word: sum(own.get(status, 0) for status in statuses) for word, statuses in STATES.items()}
        return counts | {"ready": counts["ready"] + shared, SHARED: shared}

    def __len__(self) -> int:
        return self.counts[self._state] if self._state else sum(self.counts[word] for word in STATES)

    @overload
    def __getitem__(self, asked: int) -> int: ...
    @overload
    def __getitem__(self, asked: slice) -> list[int]: ...
    def __getitem__(self, asked: int | slice) -> int | list[int]:
        return self._keys(asked) if isinstance(asked, slice) else self._keys(slice(asked, asked + 1))[0]

    def _keys(self, asked: slice) -> list[int]:
        own, shared = self._own.order_by("-id"), self._shared.order_by("-run_id")
        if self._state in STATES:
            own = own.filter(status__in=STATES[self._state])
        keys: list[QuerySet[Any, int]] = []
        if self._state != SHARED:
            keys.append(own.values_list("id", flat=True))
        if self._state in ("", "ready", SHARED) and self.counts[SHARED]:
            keys.append(shared.values_list("run_id", flat=True))
        if len(keys) < 2:
            return list(keys[0][asked]) if keys else []
        # Where each list may say itself how far it is read, nothing is sorted that is not shown.
        if connection.features.supports_slicing_ordering_in_compound:
            first, second = (some[: asked.stop] for some in keys)
        else:
            first, second = (some.order_by() for some in keys)
        return list(first.union(second, all=True).order_by("-id")[asked])
