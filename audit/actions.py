"""Writing the audit history."""

import re
from collections.abc import Iterable
from datetime import datetime

from django.db import models
from django.utils import timezone

from audit.models import SUBJECTS, Event

DESK = "Consent Desk"
PSEUDONYM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{64}")


def record(
    action: str,
    *,
    by: models.Model | None,
    target: models.Model | str,
    now: datetime | None = None,
    subjects: Iterable[str] = (),
    **facts: str | int | float | bool | list[str] | None,
) -> Event:
    """Append one event, in the transaction of the change that it tells of.

    `action` is `noun.verb`, as `run.started`. `by` is the person, None for the desk itself. `target` is a thing, or the
    words for what is none. `facts` never hold an address, a key or a secret: counts, names of things, purposes.
    `subjects` are the pseudonyms of those whose data it is about (people/pseudonyms.py), by which the event is found
    again; for all the people of a file there is the index of files. Raises ValueError for what is no pseudonym.
    """
    about = sorted(set(subjects))
    if not all(map(PSEUDONYM.fullmatch, about)):
        raise ValueError("a subject is a pseudonym, never an address")
    return Event.objects.create(
        at=now or timezone.now(),
        action=action,
        actor=by,  # type: ignore[misc]  # the user model stands a floor above
        actor_name=_words(by) if by else DESK,
        target=_words(target),
        target_key="" if isinstance(target, str) else f"{target._meta.label_lower}:{target.pk}",
        facts={**facts, SUBJECTS: about} if about else facts,
    )


def _words(named: object) -> str:
    return str(named).replace("\0", "")[:200]  # PostgreSQL takes no NUL
