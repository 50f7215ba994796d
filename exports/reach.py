"""What the key of whoever presses Run can see, as the pre-flight wants to know it."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace
from typing import Any

from accounts import limits
from accounts.definitions import Library, Listing
from accounts.models import Credential, VendorAccount
from exports.models import ExportRun, SavedSegment
from exports.preflight import KeyState, Reach, Seen
from runs.models import Status

TABLE, EVENTS = ("topics", "attributes", "tags"), ("events", "attributes", "tags")  # the lists of a section


def of(
    credential: Credential | None, section: str, *, library: Library | None = None, lists: Sequence[str] = TABLE
) -> Reach:
    """Return the reach of a credential within one section. Lists the vendor could not tell are None."""
    if credential is None:
        return Reach(credential="none")
    if credential.state == Credential.State.REFUSED:
        return Reach(credential="refused")  # to ask with it would only spend the account's few tokens
    library = library or Library(credential)
    within = {kind: library.read(kind, section) for kind in lists} if section else {}
    reach = Reach(
        sections=_ids(library.read("sections"), lambda item: item.discriminator),
        segments=_ids(library.read("segments"), lambda item: item.discriminator),
        topics=_ids(within.get("topics"), lambda item: item.discriminator),
        attributes=_ids(within.get("attributes"), _usable),
        tags=_ids(within.get("tags"), _usable),
        events=_ids(within.get("events"), lambda item: item.discriminator),
    )
    # Reading the lists may have shown that the vendor refuses this key, so its state is asked for after that.
    credential.refresh_from_db(fields=["state"])
    return replace(reach, credential=_WORDS[Credential.State(credential.state)])


_WORDS: dict[Credential.State, KeyState] = {
    Credential.State.UNTESTED: "untested",
    Credential.State.WORKING: "working",
    Credential.State.REFUSED: "refused",
}


def _usable(item: Any) -> str:
    return item.usable.id if item.usable else ""


def _ids(listing: Listing | None, of: Any) -> Set[str] | None:
    if listing is None:
        return frozenset()
    if listing.read_at is None:
        return None
    return frozenset(map(of, listing.items))


def seen(account: VendorAccount) -> Seen:
    """Return the largest request this account took and the smallest it refused as too much, per kind of column."""
    passed, refused = limits.learnt(account)
    return Seen(passed=passed, refused=refused)


def last_rows(segment: SavedSegment | None) -> int | None:
    """Return how many rows the newest file of a saved segment has; None where none has come yet."""
    if segment is None:
        return None
    ready = ExportRun.objects.filter(owner=segment.owner_id, segment=segment, status=Status.SUCCEEDED)
    return ready.order_by("-pk").values_list("file__row_count", flat=True).first()
