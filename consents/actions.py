"""What people do with other people's consents: look somebody up, and change one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.utils import timezone

from accounts import actions as accounts
from accounts import clients
from accounts.clients import KeyErased
from accounts.models import Credential, User
from audit import actions as audit
from consents import asking, keys
from consents.asking import Found
from consents.keys import Key
from people import pseudonyms
from people.addresses import Address as Person
from upstream.apsis.consents import Address, Changed
from upstream.errors import CredentialRefused, UpstreamError

SOURCE = "Consent Desk"  # what APSIS keeps beside a consent that was changed here


@dataclass(frozen=True)
class Looked:
    """What a look-up came to: what was found, or why nothing was."""

    key: Key
    at: datetime
    found: Found | None = None
    error: UpstreamError | None = None
    is_erased: bool = False  # the key at the vendor was erased while we asked


def look_up(
    key: Key,
    *,
    by: User,
    credential: Credential,
    sections: Sequence[str],
    types: Sequence[str] = (),
    also: Address | None = None,
    now: datetime | None = None,
) -> Looked:
    """Ask how somebody stands, and write down that it was asked, whatever comes back."""
    at = now or timezone.now()
    looked = Looked(key, at, is_erased=True)
    try:
        with clients.client_for(credential.pk) as client:
            looked = Looked(key, at, asking.ask(client, key, sections, types=types, also=also))
    except KeyErased:
        pass
    except UpstreamError as error:
        if isinstance(error, CredentialRefused):
            accounts.mark_refused(credential, error.meaning.user, now=at)
        looked = Looked(key, at, error=error)
    known = looked.found.reaches.known if looked.found else ()
    told = [Address(one.channel, one.text) for one in known] or ([also] if also else [])
    audit.record(
        "consent.looked_up",
        by=by,
        target=credential.account,
        now=at,
        subjects=_subjects(key, told),
        sections=len(sections),
        keyspace=key.keyspace,
        answered=bool(looked.found and any(part.error is None for part in looked.found.parts)),
    )
    return looked


# What became of a change: as the vendor says, or that its answer was lost, or that it refused.
Outcome = Changed | Literal["lost", "refused"]


@dataclass(frozen=True)
class Change:
    """One consent to be changed. Topic, channel and section are discriminators; `shown` says how it stood before."""

    key: Key
    section: str
    topic: str
    channel: str
    type: str
    reason: str
    shown: str


@dataclass(frozen=True)
class Made:
    """What became of it, and the error that says why where it was not made."""

    outcome: Outcome
    error: UpstreamError | None = None


def change(wanted: Change, *, by: User, credential: Credential, names: Sequence[str]) -> Made:
    """Change a consent at the vendor, once. Written down before it is asked, and again with what came of it.

    `names` are those of subscription and channel, for the audit history. Raises KeyErased.
    """
    facts: dict[str, Any] = {
        "consent": list(names),
        "type": wanted.type,
        "before": wanted.shown,
        "reason": bool(wanted.reason),
    }
    subjects = _subjects(wanted.key, [])
    audit.record("consent.change_asked", by=by, target=credential.account, subjects=subjects, **facts)
    with clients.client_for(credential.pk) as client:
        made = _made(client.change_consent, wanted)
    if isinstance(made.error, CredentialRefused):
        accounts.mark_refused(credential, made.error.meaning.user, now=timezone.now())
    audit.record("consent.changed", by=by, target=credential.account, subjects=subjects, outcome=made.outcome, **facts)
    return made


def _made(send: Callable[..., Changed], wanted: Change) -> Made:
    try:
        return Made(
            send(
                wanted.section,
                wanted.key.keyspace,
                wanted.key.text,
                topic=wanted.topic,
                channel=wanted.channel,
                type=wanted.type,
                reason=wanted.reason,
                source=SOURCE,
            )
        )
    except UpstreamError as error:
        return Made("lost" if error.maybe_received else "refused", error)


def _subjects(key: Key, beside: Sequence[Address]) -> list[str]:
    """Return the pseudonyms of the addresses that a look-up is about."""
    people: list[Person | None] = [keys.address(key.keyspace, key.text)]
    people += [keys.address(keys.keyspace_of(one.channel), one.address) for one in beside]
    return [pseudonyms.newest(person) for person in people if person]
