"""What is asked about one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _

from audit import actions as audit
from audit import search
from people import pseudonyms
from people.addresses import Address


@dataclass(frozen=True)
class Sought:
    """The pseudonyms to look for, and whether anything but searches is known of them."""

    pseudonyms: list[str]
    is_known: bool


@transaction.atomic
def seek_in_audit(address: Address, *, by: models.Model, now: datetime | None = None) -> Sought:
    """Look for one person in the audit history, and have that written there: who asks is told, by pseudonym alone."""
    wanted = pseudonyms.every(address)
    events = search.find(search.Asked(subjects=tuple(wanted)))
    sought = Sought(wanted, any(event.action != "audit.person_sought" for event in events))
    audit.record(
        "audit.person_sought", by=by, target=_("the audit history"), now=now, subjects=[pseudonyms.newest(address)]
    )
    return sought
