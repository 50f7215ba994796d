"""The pre-flight of a saved segment of whatever kind, for whoever is about to run it."""

from __future__ import annotations

from django.utils import timezone

from accounts.definitions import Library
from accounts.models import Credential, VendorAccount
from exports import draft, preflight, reach
from exports.events import draft as event_draft
from exports.events import preflight as event_preflight
from exports.events.spec import EventSpec
from exports.kinds import Spec
from exports.models import SavedSegment
from exports.preflight import Finding


def of(
    spec: Spec,
    credential: Credential | None,
    account: VendorAccount,
    segment: SavedSegment | None,
    *,
    library: Library | None = None,
) -> list[Finding]:
    """Return what stands in the way of a run and what is worth knowing, by the key of whoever presses Run."""
    seen = reach.seen(account)
    if isinstance(spec, EventSpec):
        section = spec.sections[0].id if spec.sections else ""
        library = library or (Library(credential) if credential else None)
        found = reach.of(credential, section, library=library, lists=reach.EVENTS)
        has_email = library is not None and event_draft.email_of(draft.Choices(library, section)) is not None
        return event_preflight.check(spec, found, now=timezone.now(), seen=seen, has_email=has_email)
    return preflight.check(
        spec,
        reach.of(credential, spec.section.id, library=library),
        consent_version=account.consent_version,
        seen=seen,
        last_rows=reach.last_rows(segment) if spec.apsis_excel else None,
    )
