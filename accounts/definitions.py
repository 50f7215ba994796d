"""The vendor's lists, as one credential sees them: asked for when needed, kept as last known.

Kept in the database, so that a page can still show them, with their age, when the vendor cannot be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import actions, clients
from accounts.models import Credential, Definitions
from upstream.apsis import definitions as vendor
from upstream.apsis.client import Apsis
from upstream.errors import UpstreamError

FRESH = timedelta(minutes=15)


@dataclass(frozen=True)
class Listing:
    """One list: its items, when the vendor told it, and why it is not newer, if it is not."""

    items: Sequence[Any]
    read_at: datetime | None
    trouble: UpstreamError | None = None

    def named(self, discriminator: str) -> Any:
        """Return the item that the vendor calls so; None where it tells of none."""
        return next((one for one in self.items if one.discriminator == discriminator), None)

    @property
    def says(self) -> str:
        """Why it is not newer, and what to do, for whoever waits for it: nothing asks again by itself here."""
        if self.trouble is None:
            return ""
        if not self.trouble.transient:
            return self.trouble.meaning.user
        if self.read_at is None:
            return _("APSIS could not be asked just now. Press “Read again” in a minute.")
        return _("APSIS could not be asked just now: this is what it said last. Press “Read again” in a minute.")


# kind → how to ask for it, and the type of its items
_KINDS: dict[str, tuple[Callable[[Apsis, str], Sequence[Any]], Any]] = {
    "sections": (lambda client, section: client.sections(), vendor.Section),
    "channels": (lambda client, section: client.channels(), vendor.Channel),
    "segments": (lambda client, section: client.segments(), vendor.Segment),
    "keyspaces": (lambda client, section: client.keyspaces(), vendor.Keyspace),
    "topics": (lambda client, section: client.topics(section), vendor.Topic),
    "folders": (lambda client, section: client.folders(section), vendor.Folder),
    "attributes": (lambda client, section: client.attributes(section), vendor.Attribute),
    "tags": (lambda client, section: client.tags(section), vendor.Tag),
    "events": (lambda client, section: client.events(section), vendor.EventType),
}


class Library:
    """Every list that one credential can see. Lists are read once per library, so make one per request."""

    def __init__(self, credential: Credential, *, now: datetime | None = None) -> None:
        self.credential = credential
        self._now = now or timezone.now()
        self._listings: dict[tuple[str, str], Listing] = {}
        self._away: UpstreamError | None = None  # one list that nobody answers for is enough: each waits for seconds

    def read(self, kind: str, section: str = "", *, refresh: bool = False) -> Listing:
        """Return a list, asking the vendor when what we know is older than 15 minutes. Never raises upstream errors."""
        section = section.replace("\0", "")  # no section is called so, and PostgreSQL takes none in a question
        if refresh or (kind, section) not in self._listings:
            self._listings[kind, section] = self._read(kind, section, refresh)
        return self._listings[kind, section]

    def refresh(self, section: str) -> None:
        """Ask the vendor for everything anew."""
        for kind in _KINDS:
            if kind in ("sections", "channels", "segments", "keyspaces"):
                self.read(kind, refresh=True)
            elif section:
                self.read(kind, section, refresh=True)

    def _read(self, kind: str, section: str, refresh: bool) -> Listing:
        ask, of = _KINDS[kind]
        known = Definitions.objects.filter(credential=self.credential, kind=kind, section=section).first()
        old = Listing([of.from_json(item) for item in known.items], known.read_at) if known else Listing([], None)
        if known and not refresh and self._now - known.read_at < FRESH:
            return old
        if self.credential.state == Credential.State.REFUSED and not refresh:
            return old  # to ask with a refused key would only spend the account's few tokens
        if section and not any(section == told.discriminator for told in self.read("sections").items):
            return old  # what somebody sent becomes part of the vendor's address only if the vendor named it
        if self._away:
            return replace(old, trouble=self._away)
        try:
            with clients.client_for(self.credential.pk) as client:
                items = ask(client, section)
        except clients.KeyErased:
            return Listing([], None)
        except UpstreamError as error:
            if error.meaning.outcome == "CredentialRefused":
                actions.mark_refused(self.credential, error.meaning.user, now=self._now)
            if error.transient:
                self._away = error
            return replace(old, trouble=error)
        self._keep(kind, section, [item.to_json() for item in items])
        return Listing(items, self._now)

    @transaction.atomic
    def _keep(self, kind: str, section: str, items: list[Any]) -> None:
        # A list that an erased key brought is not kept: the account may be at another address by now.
        if Credential.objects.select_for_update().kept().filter(pk=self.credential.pk).exists():
            Definitions.objects.update_or_create(
                credential=self.credential,
                kind=kind,
                section=section,
                defaults={"items": items, "read_at": self._now},
            )
