"""Which keys of INDEX_KEYS are still needed: a hash cannot be made anew without its address, so it is waited for.

An event of the audit history can be asked for by address for AUDIT_PERSON_DAYS. After that its pseudonym may go blind:
it stays where it is, under its seal, and without its key it is nobody's. The index of a file can be asked until it is
swept (people/keeping.py); it is not made anew, for the file may be gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max

from audit.models import SUBJECTS, Event
from people import pseudonyms
from people.models import FileIndex


@dataclass
class Hanging:
    """What hangs on one key: events, with the time of the last; indexes of files, with how long the last is kept."""

    key_id: str
    is_kept: bool
    is_newest: bool = False
    events: int = 0
    last: datetime | None = None
    files: int = 0
    files_until: datetime | None = None

    @property
    def events_until(self) -> datetime | None:
        return self.last + timedelta(days=settings.AUDIT_PERSON_DAYS) if self.last else None

    @property
    def needed_until(self) -> datetime | None:
        return max(filter(None, (self.events_until, self.files_until)), default=None)

    def is_needed(self, now: datetime) -> bool:
        """Say whether taking the key out would lose what somebody may still ask for."""
        return self.is_newest or (self.needed_until is not None and self.needed_until > now)


def census() -> list[Hanging]:
    """Count what hangs on each key: those of INDEX_KEYS, newest first, then those that are named and nobody has."""
    kept = list(pseudonyms.keys())
    found = {key_id: Hanging(key_id, is_kept=True, is_newest=key_id == kept[0]) for key_id in kept}

    def of(key_id: str) -> Hanging:
        return found.setdefault(key_id, Hanging(key_id, is_kept=False))

    about = Event.objects.filter(facts__has_key=SUBJECTS).order_by("pk")
    for at, subjects in about.values_list("at", f"facts__{SUBJECTS}").iterator():
        for key_id in {pseudonyms.key_id(subject) for subject in subjects}:
            hanging = of(key_id)
            hanging.events += 1
            hanging.last = max(hanging.last, at) if hanging.last else at
    for key_id, files, until in FileIndex.objects.values_list("key_id").annotate(Count("pk"), Max("expires_at")):
        of(key_id).files, of(key_id).files_until = files, until
    return list(found.values())
