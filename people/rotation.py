"""Which keys of INDEX_KEYS are still needed: a hash cannot be made anew without its address, so it is waited for.

An event of the audit history can be asked for by address for AUDIT_PERSON_DAYS. After that its pseudonym may go blind:
it stays where it is, under its seal, and without its key it is nobody's.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from audit.models import SUBJECTS, Event
from people import pseudonyms


@dataclass
class Hanging:
    """What hangs on one key: how many events, the time of the last, and until when the key is needed for them."""

    key_id: str
    is_kept: bool
    is_newest: bool = False
    events: int = 0
    last: datetime | None = None

    @property
    def needed_until(self) -> datetime | None:
        return self.last + timedelta(days=settings.AUDIT_PERSON_DAYS) if self.last else None

    def is_needed(self, now: datetime) -> bool:
        """Say whether taking the key out would lose what somebody may still ask for."""
        return self.is_newest or (self.needed_until is not None and self.needed_until > now)


def census() -> list[Hanging]:
    """Count what hangs on each key: those of INDEX_KEYS, newest first, then those that events name and nobody has."""
    kept = list(pseudonyms.keys())
    found = {key_id: Hanging(key_id, is_kept=True, is_newest=key_id == kept[0]) for key_id in kept}
    gone: dict[str, Hanging] = defaultdict(lambda: Hanging("", is_kept=False))
    about = Event.objects.filter(facts__has_key=SUBJECTS).order_by("pk")
    for at, subjects in about.values_list("at", f"facts__{SUBJECTS}").iterator():
        for key_id in {pseudonyms.key_id(subject) for subject in subjects}:
            hanging = found.get(key_id) or gone[key_id]
            hanging.key_id, hanging.events = key_id, hanging.events + 1
            hanging.last = max(hanging.last, at) if hanging.last else at
    return [*found.values(), *gone.values()]
