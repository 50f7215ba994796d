"""Who has consented, as far as one's own newest export of a subscription tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User, VendorAccount
from exports import files, rows
from exports.kinds import Kind
from exports.models import ExportFile, ExportRun
from runs.models import Status

LOOKED_AT = 50  # newest runs


@dataclass(frozen=True)
class Known:
    """A file with a column of consent to one subscription over one channel: of which run, and as of when."""

    run: int
    at: datetime
    title: str
    file: ExportFile

    def addresses(self) -> Iterator[str]:
        """Yield the addresses of those who had consented. Raises FileNotFoundError where the file is gone."""
        pieces = rows.of(files.content(self.file))
        header = next(pieces, None)
        assert isinstance(header, list)
        for (cell,) in rows.picked(pieces, header.index(self.title)):
            if cell:
                yield cell


def newest(
    user: User, account: VendorAccount, section: str, topic: str, channel: str, *, now: datetime
) -> Known | None:
    """Return the newest file of somebody's own that tells who consented to a topic over a channel, and nothing else.

    Of several topics in one request the file tells only who consented to any (S0), so such a file is none.
    """
    kept = ExportRun.objects.owned_by(user).filter(
        account=account, status=Status.SUCCEEDED, file__removed_at=None, file__expires_at__gt=now
    )
    consents = kept.filter(segment__kind=Kind.CONSENTS).select_related("file").order_by("-pk")
    for run in consents[:LOOKED_AT]:
        spec = run.consent_spec
        if spec.section.id != section or [one.id for one in spec.topics] != [topic] or run.file is None:
            continue
        title = next((one.column for one in spec.consents if one.id == channel), "")
        if title:
            return Known(run.pk, run.file.made_at, title, run.file)
    return None
