"""What vouches for an event: keyed hashes over what it says and over its place, by keys outside the database."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from audit.models import Event


def keys() -> dict[str, bytes]:
    """Return the keys of AUDIT_KEYS, newest first, each by the id that the rows it sealed carry."""
    return {hashlib.sha256(key.encode()).hexdigest()[:8]: key.encode() for key in settings.AUDIT_KEYS}


def stamp(event: Event, key: bytes) -> str:
    """Return what vouches for everything an event says, wherever in the chain it stands."""
    said = {
        "id": event.pk,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "action": event.action,
        "actor": event.actor_id,
        "actor_name": event.actor_name,
        "target": event.target,
        "target_key": event.target_key,
        "facts": event.facts,
    }
    return _keyed(json.dumps(said, sort_keys=True, separators=(",", ":")), key)


def seal(seq: int, stamped: str, before: str, key: bytes) -> str:
    """Return what vouches for a stamp, for its place, and for the event that stands before it."""
    return _keyed(f"{seq}:{stamped}:{before}", key)


def _keyed(text: str, key: bytes) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
