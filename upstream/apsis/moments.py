"""Times, as the vendor writes them in its answers."""

from datetime import UTC, datetime
from typing import Any


def read_moment(value: Any) -> datetime | None:
    """Read a time as RFC 3339 writes it; None for anything else. One without a zone is UTC, as the vendor's are."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
