"""What all exports share: asking for one, polling it, fetching its file.

Source: developer.apsis.com, "Request profile in segment by consent export" and "Request profile in segment event
export"; the newer kind of poll URL from "Request profile in segment export (beta)".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from upstream.answers import NOT_A_FILE, WAIT
from upstream.apsis import names
from upstream.stream import Stream
from upstream.transport import Request, Transport

# What a poll URL is: the older or the newer one of a table, or that of an event export, whose file is JSON.
Style = Literal["old", "v2", "json"]

# A file on its way, as received: see `upstream.stream.Stream`.
ExportStream = Stream


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of export: its word in the names of calls, where it is asked for, what its file may call itself."""

    word: str
    path: tuple[str, ...]
    lane: str
    accept: str
    types: frozenset[str]


# CSV and JSON are what come by default; any type is accepted, so that nobody along the way answers 406.
CONSENTS = Kind(
    "consents",
    path=("audience", "profiles", "reports", "consents"),
    lane="exports",
    accept=f"{names.CSV}, */*;q=0.5",
    types=names.CSV_TYPES | names.UNNAMED_TYPES,
)
# The limits page has two figures, one for profile exports and one for event exports; this is taken to count as the
# second alone.
EVENTS = Kind(
    "events",
    path=("audience", "profiles", "exports"),
    lane="event_exports",
    accept=f"{names.JSON}, */*;q=0.5",
    types=names.JSON_TYPES | names.UNNAMED_TYPES,
)


class Wanted(Protocol):
    """An export as it may be asked for: see `upstream.apsis.exports` and `upstream.apsis.event_exports`."""

    @property
    def kind(self) -> Kind:
        """Which kind of export it is."""

    def to_body(self) -> dict[str, Any]:
        """Write the request as a dict for JSON."""


@dataclass(frozen=True, slots=True)
class Requested:
    """An export under way: where to ask for it (for one day) and which kind of URL that is."""

    poll_url: str = field(repr=False)
    style: Style


@dataclass(frozen=True, slots=True)
class Preparing:
    """The file is not ready. `retry_after` seconds where the vendor named them."""

    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """The file can be fetched: its media type, its encoding ("gzip" or None), its bytes on the wire where declared."""

    media_type: str
    encoding: str | None
    length: int | None


def request(transport: Transport, token: str, wanted: Wanted) -> Requested:
    """Ask for an export; never repeated by itself.

    Raises any UpstreamError, among them TooMuch, NotAllowed, Throttled (rate or pending exports). Where the vendor
    accepted and its answer cannot be used, BrokenAnswer or ForeignURL says `maybe_received`.
    """
    kind = wanted.kind
    sent = Request(
        "POST", transport.url(*kind.path), call=f"request.{kind.word}", lane=kind.lane, body=wanted.to_body()
    )
    answer = transport.ask(sent, token)
    found = read_requested(answer.body, kind)
    if found is None:
        raise transport.broken(sent, status=answer.status, reason="no poll URL")
    transport.same_origin(found.poll_url, method=sent.method, call=sent.call, maybe_received=True)
    return found


def read_requested(body: Any, kind: Kind) -> Requested | None:
    """Read where to poll; None where there is nothing to tell. Of a table's two URLs the newer comes first.

    An event export documents one URL. Should it ever have two, the older behaves as documented.
    """
    body = names.unwrap(body)
    if not isinstance(body, dict):
        return None
    newer, older = names.pick(body, *names.POLL_URL_V2), names.pick(body, *names.POLL_URL)
    found: list[tuple[Any, Style]] = [(newer, "v2"), (older, "old")]
    if kind is EVENTS:
        found = [(older, "json"), (newer, "json")]
    return next((Requested(url, style) for url, style in found if isinstance(url, str) and url), None)


def poll(transport: Transport, token: str, url: str, style: Style) -> Preparing | Ready:
    """Ask whether the file is ready, without reading it.

    Raises any UpstreamError: Gone after a day, Missing for a wrong ID (newer URLs), ExportFailed where the vendor gave
    up (event exports), Throttled, ForeignURL.
    """
    asked = _ask_for_file("poll", url, style)
    with transport.open(asked, token) as (meaning, stream):
        if meaning.outcome == WAIT:
            return Preparing(stream.retry_after)
        _check_file(transport, asked, stream)
        return Ready(stream.media_type, stream.encoding, stream.length)


@contextmanager
def open_file(
    transport: Transport, token: str, url: str, style: Style, *, as_xlsx: bool = False, gzip: bool = True
) -> Iterator[ExportStream]:
    """Open the file; nothing of it has been read yet. Only tables come as a workbook too.

    Raises NotReady while it is prepared, Gone after a day, ExportFailed where the vendor gave up (event exports),
    BrokenAnswer where something else comes in its place.
    """
    asked = _ask_for_file("download", url, style, as_xlsx=as_xlsx, gzip=gzip)
    with transport.open(asked, token) as (_, stream):
        _check_file(transport, asked, stream)
        yield stream


def _kind_of(style: str) -> Kind:
    return EVENTS if style == "json" else CONSENTS


def _ask_for_file(verb: str, url: str, style: Style, *, as_xlsx: bool = False, gzip: bool = True) -> Request:
    kind = _kind_of(style)
    accept = names.XLSX if as_xlsx else kind.accept
    return Request("GET", url, call=f"{verb}.{kind.word}", lane="polls", style=style, accept=accept, gzip=gzip)


def _check_file(transport: Transport, asked: Request, stream: Stream) -> None:
    types = _kind_of(asked.style).types
    if asked.accept == names.XLSX:
        types = frozenset({names.XLSX}) | names.UNNAMED_TYPES
    if stream.media_type not in types:
        raise transport.broken(asked, NOT_A_FILE, status=stream.status, reason="media type")
    if stream.encoding not in (None, "gzip"):
        raise transport.broken(asked, NOT_A_FILE, status=stream.status, reason="encoding")
