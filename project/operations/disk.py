"""Where people's files are kept: how much room there is, how much they take, and which go next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum

from exports.models import ExportFile
from runs.storage import Room

NEXT = 5  # removals that are shown
SWEPT_BY = timedelta(minutes=5)  # the bytes of a file that was removed are gone by then
LITTLE = 0.1  # of a disk: when less than this is free, somebody should look


@dataclass(frozen=True)
class Files:
    """The files that are kept."""

    room: Room | None
    count: int
    bytes: int
    resisting: int  # removed, and their bytes are still there
    next: list[ExportFile]

    @property
    def is_tight(self) -> bool:
        return self.room is not None and self.room.share < LITTLE


def tell(room: Room | None, *, now: datetime) -> Files:
    """Return what is kept, in two queries."""
    here = ExportFile.objects.filter(gone_at=None)
    is_kept = Q(removed_at=None, expires_at__gt=now)
    resists = Q(removed_at__lte=now - SWEPT_BY)
    sums = here.aggregate(
        count=Count("pk", filter=is_kept), bytes=Sum("received_length"), left=Count("pk", filter=resists)
    )
    told = here.filter(is_kept).select_related("run__owner", "run__segment").order_by("expires_at")
    return Files(
        room=room,
        count=sums["count"],
        bytes=sums["bytes"] or 0,
        resisting=sums["left"],
        next=list(told.defer("header", "counts", "run__spec", "run__segment__spec", "run__sealed_poll_url")[:NEXT]),
    )
