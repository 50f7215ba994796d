"""The way in to APSIS One: one object per credential, one method per question."""

import re
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import replace
from types import TracebackType
from typing import IO, Self, TypeVar

import httpx

from upstream import errors
from upstream.answers import REFUSED_TWICE, Again, explain
from upstream.apsis import consents, definitions, imports, names, profiles, reports
from upstream.apsis.consents import Changed
from upstream.apsis.definitions import Definition, Listing
from upstream.tokens import Token, TokenStore, read_expiry, usable
from upstream.transport import Request, Timeouts, Transport

T = TypeVar("T")
D = TypeVar("D", bound=Definition)

VENDOR = "apsis"

# RFC 6750: what may stand behind "Bearer". Anything else could break out of the header.
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


class Apsis:
    """Ask APSIS One with one credential.

    `base_url` is that of a region ("https://api.apsis.one", "https://api-apac.apsis.one"; developer.apsis.com,
    Geographic regions). `tokens` keeps the sign-in between calls. `consent_version` is 1 for accounts not yet migrated.
    `http` stands in for the network and is not closed here; `pace` is called with the name of a lane ("calls",
    "tokens", "polls", "exports", "event_exports", "imports") before each request and may raise `errors.NoSlot`; `clock`
    gives Unix seconds.

    Every method may raise any `errors.UpstreamError`.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        *,
        tokens: TokenStore,
        consent_version: int = 2,
        http: httpx.BaseTransport | None = None,
        pace: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.time,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._tokens = tokens
        self._consent_version = consent_version
        self._clock = clock
        self._ready: Token | None = None
        self._held: Token | None = None  # of a twin, for all its calls
        self._transport = Transport(
            base_url, vendor=VENDOR, http=http, pace=pace, timeouts=timeouts, clock=clock, secrets=(client_secret,)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    # --- sign-in ---

    def check(self) -> None:
        """Sign in for real, whatever is kept. Raises CredentialRefused for a wrong key."""
        token, now = self._fetch_token(), self._clock()
        held = self._tokens.current(now)
        self._tokens.renew(held.value if held else None, lambda: token, now)

    def sign_in(self) -> None:
        """Have a token ready for the next call, so that nothing but that call is left to do."""
        self._ready = usable(self._tokens, self._fetch_token, self._clock())

    def _fetch_token(self) -> Token:
        """Get a new token (developer.apsis.com, Authentication). Repeated within the step: it changes nothing."""
        request = Request(
            "POST",
            self._transport.url("oauth", "token"),
            call="token",
            lane="tokens",
            body={
                "grant_type": "client_credentials",
                "client_id": self._client_id,
                "client_secret": self._client_secret,
            },
            repeatable=True,
        )
        asked_at = self._clock()
        answer = self._transport.ask(request)
        body = names.unwrap(answer.body)
        body = body if isinstance(body, dict) else {}
        value = names.pick(body, *names.ACCESS_TOKEN)
        if not isinstance(value, str) or not _TOKEN.fullmatch(value):
            raise self._transport.broken(request, status=answer.status, reason="no token")
        return Token(value, read_expiry(value, names.pick(body, *names.EXPIRES_IN), asked_at))

    def _signed_in(self, send: Callable[[str], T]) -> T:
        """Send with a token; when that is refused, renew it once and send once more.

        Safe for a POST too: the gateway refuses before the application sees anything.
        """
        token, self._ready = self._held or self._ready or usable(self._tokens, self._fetch_token, self._clock()), None
        try:
            return send(token.value)
        except errors.UpstreamError as refusal:
            if refusal.meaning.again is not Again.RENEW:
                raise
        token = self._tokens.renew(token.value, self._fetch_token, self._clock())
        self._held = self._held and token
        try:
            # The gateway refused before anything was counted, so the slot that was taken is still ours. To wait for
            # another would begin the whole step anew, with the refusal forgotten.
            with self._transport.unpaced():
                return send(token.value)
        except errors.UpstreamError as refusal:
            if refusal.meaning.again is not Again.RENEW:
                raise
            meaning = explain(VENDOR, refusal.call, REFUSED_TWICE)
            again = errors.CredentialRefused(
                meaning,
                method=refusal.method,
                call=refusal.call,
                status=refusal.status,
                detail=refusal.detail,
            )
        raise again

    # --- definitions ---

    def keyspaces(self) -> Listing[definitions.Keyspace]:
        """List the keyspaces that the key may use."""
        return self._list(definitions.Keyspace, "keyspaces", "audience", "keyspaces")

    def channels(self) -> Listing[definitions.Channel]:
        """List the channels of the account."""
        return self._list(definitions.Channel, "channels", "audience", "channels")

    def sections(self) -> Listing[definitions.Section]:
        """List the sections that the key may see."""
        return self._list(definitions.Section, "sections", "audience", "sections")

    def attributes(self, section: str) -> Listing[definitions.Attribute]:
        """List the attributes of a section: default ones, own ones, those of a shop."""
        path = ("audience", "sections", section, "attributes")
        return self._list(definitions.Attribute, "attributes", *path, query="?include_keyspace_permissions=true")

    def tags(self, section: str) -> Listing[definitions.Tag]:
        """List the tags of a section."""
        path = ("audience", "sections", section, "tags")
        return self._list(definitions.Tag, "tags", *path, query="?include_keyspace_permissions=true")

    def events(self, section: str) -> Listing[definitions.EventType]:
        """List the event types of a section."""
        return self._list(definitions.EventType, "events", "audience", "sections", section, "events")

    def segments(self) -> Listing[definitions.Segment]:
        """List the segments of the account."""
        return self._list(definitions.Segment, "segments", "audience", "segments")

    def topics(self, section: str) -> Listing[definitions.Topic]:
        """List the topics of a section, across folders; with Consent 1.0, list by list."""
        if self._consent_version == 1:
            return self._topics_v1(section)
        return self._list(definitions.Topic, "topics", "v2", "audience", "sections", section, "topics")

    def folders(self, section: str) -> Listing[definitions.Folder]:
        """List the folders of a section; none where the vendor does not tell.

        The hub names an endpoint for folders and no copy of it shows the path: ours is inferred, and topics carry the
        discriminator of their folder all the same. With Consent 1.0 the folders are the consent lists.
        """
        if self._consent_version == 1:
            return self._list(definitions.Folder, "consent_lists", "audience", "sections", section, "consent-lists")
        try:
            return self._list(definitions.Folder, "folders", "v2", "audience", "sections", section, "topics", "folders")
        except errors.Missing:
            return Listing()

    def _topics_v1(self, section: str) -> Listing[definitions.Topic]:
        found, skipped = [], 0
        for folder in self.folders(section):
            path = ("audience", "sections", section, "consent-lists", folder.discriminator, "topics")
            topics = self._list(definitions.Topic, "topics", *path)
            found += [replace(topic, folder=folder.discriminator) for topic in topics]
            skipped += topics.skipped
        return Listing(found, skipped)

    def _list(self, kind: type[D], noun: str, *path: str, query: str = "") -> Listing[D]:
        request = Request("GET", self._transport.url(*path) + query, call=f"definitions.{noun}", lane="calls")
        answer = self._signed_in(lambda token: self._transport.ask(request, token))
        listing = definitions.read_listing(kind, answer.body)
        if listing is None:
            raise self._transport.broken(request, status=answer.status, reason="no list")
        return listing

    # --- exports ---

    def request_export(self, wanted: reports.Wanted) -> reports.Requested:
        """Ask for an export. Counted by the vendor, so never repeated by itself; see `reports.request`."""
        return self._signed_in(lambda token: reports.request(self._transport, token, wanted))

    def poll(self, url: str, style: reports.Style) -> reports.Preparing | reports.Ready:
        """Ask whether the file is ready; see `reports.poll`."""
        return self._signed_in(lambda token: reports.poll(self._transport, token, url, style))

    @contextmanager
    def open_export(
        self, url: str, style: reports.Style, *, as_xlsx: bool = False, gzip: bool = True
    ) -> Iterator[reports.ExportStream]:
        """Open the file, a table as workbook where asked, compressed on the way or not; see `reports.open_file`."""
        with ExitStack() as held:
            yield self._signed_in(
                lambda token: held.enter_context(
                    reports.open_file(self._transport, token, url, style, as_xlsx=as_xlsx, gzip=gzip)
                )
            )

    # --- imports ---

    def request_import(self, wanted: imports.ImportRequest) -> imports.Created:
        """Ask for an import. Counted by the vendor, so never repeated by itself; see `imports.request`."""
        return self._signed_in(lambda token: imports.request(self._transport, token, wanted))

    def upload_import(
        self,
        created: imports.Created,
        file: IO[bytes],
        *,
        length: int,
        hosts: Collection[str],
        alive: Callable[[int], None] = lambda sent: None,
    ) -> None:
        """Send the file of an import, without our sign-in; see `imports.upload`."""
        imports.upload(self._transport, created, file, length=length, hosts=hosts, alive=alive)

    def import_status(self, section: str, import_id: str) -> imports.ImportStatus:
        """Ask what became of an import; see `imports.status`."""
        return self._signed_in(lambda token: imports.status(self._transport, token, section, import_id))

    # --- consents ---

    def consents(
        self,
        section: str,
        keyspace: str,
        key: str,
        *,
        types: Collection[str] = (),
        also: consents.Address | None = None,
    ) -> consents.Standing:
        """Ask how a person stands to the topics of a section; see `consents.ask`."""
        return self._signed_in(
            lambda token: consents.ask(self._transport, token, section, keyspace, key, types=types, also=also)
        )

    def change_consent(
        self, section: str, keyspace: str, key: str, *, topic: str, channel: str, type: str, reason: str, source: str
    ) -> Changed:
        """Give a consent or take it away. Never repeated by itself; see `consents.change`."""
        return self._signed_in(
            lambda token: consents.change(
                self._transport,
                token,
                section,
                keyspace,
                key,
                topic=topic,
                channel=channel,
                type=type,
                reason=reason,
                source=source,
            )
        )

    def values(self, section: str, keyspace: str, key: str) -> dict[str, str]:
        """Read the values of one person's attributes; see `profiles.attributes`."""
        return self._signed_in(lambda token: profiles.attributes(self._transport, token, section, keyspace, key))

    # --- side by side ---

    def twin(self) -> Self:
        """Return a client with the same connections and a sign-in ready: one for each thread that asks beside us."""
        twin = copy(self)
        twin._held = self._held or usable(self._tokens, self._fetch_token, self._clock())
        return twin
