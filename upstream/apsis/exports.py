"""Ask for a consent export, poll it, fetch its file.

Source: developer.apsis.com, "Request profile in segment by consent export"; the newer kind of poll URL from "Request
profile in segment export (beta)".
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from upstream.answers import NOT_A_FILE, WAIT
from upstream.apsis import names
from upstream.stream import Stream
from upstream.transport import Request, Transport

Style = Literal["old", "v2"]

# A file on its way, as received: see `upstream.stream.Stream`.
ExportStream = Stream

CONSENTS = "consents"


@dataclass(frozen=True, slots=True)
class ChannelColumn:
    """A column that holds the address of those who consented through the channel, and is blank for others."""

    field_name: str
    channel_discriminator: str


@dataclass(frozen=True, slots=True)
class AttributeColumn:
    """A column with the value of an attribute, whatever the consent."""

    field_name: str
    attribute_version_id: str


@dataclass(frozen=True, slots=True)
class TagColumn:
    """A column for a tag (the shape is inferred from that of attributes)."""

    field_name: str
    tag_version_id: str


@dataclass(frozen=True, slots=True)
class SegmentChoice:
    """The segments that profiles fall into, each a column under the name given here.

    `segment_discriminators` maps a name to a discriminator, `segment_definitions` a name to AQL; one of the two.
    The shape is that of the duplicates export (inferred to be the same here).
    """

    timezone: str
    segment_discriminators: Mapping[str, str] = field(default_factory=dict)
    segment_definitions: Mapping[str, str] = field(default_factory=dict)
    filter: str | None = None

    def to_body(self) -> dict[str, Any]:
        """Write the part of the request, without what was not given."""
        return {name: dict(value) if isinstance(value, Mapping) else value for name, value in _given(self)}


@dataclass(frozen=True, slots=True)
class ConsentExportRequest:
    """A consent export as the vendor takes it. Either `channel_discriminator` or `channels`, else ValueError."""

    section_discriminator: str
    topic_discriminators: tuple[str, ...]
    channel_discriminator: str | None = None
    channels: tuple[ChannelColumn, ...] = ()
    attributes: tuple[AttributeColumn, ...] = ()
    tags: tuple[TagColumn, ...] = ()
    segments: SegmentChoice | None = None
    exclude_unsubscribed_profiles: bool = False
    consent_list_discriminator: str | None = None  # in the vendor's example; not needed since Consent 2.0

    def __post_init__(self) -> None:
        if bool(self.channel_discriminator) == bool(self.channels):
            raise ValueError("A consent export names one channel, or maps several to columns.")

    def to_body(self) -> dict[str, Any]:
        """Write the request as a dict for JSON, without what was not given."""
        return {name: _plain(value) for name, value in _given(self)}


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


def request(transport: Transport, token: str, wanted: ConsentExportRequest) -> Requested:
    """Ask for an export; never repeated by itself.

    Raises any UpstreamError, among them TooMuch, NotAllowed, Throttled (rate or pending exports). Where the vendor
    accepted and its answer cannot be used, BrokenAnswer or ForeignURL says `maybe_received`.
    """
    sent = Request(
        "POST",
        transport.url("audience", "profiles", "reports", "consents"),
        call=f"request.{CONSENTS}",
        lane="exports",
        body=wanted.to_body(),
    )
    answer = transport.ask(sent, token)
    found = read_requested(answer.body)
    if found is None:
        raise transport.broken(sent, status=answer.status, reason="no poll URL")
    transport.same_origin(found.poll_url, method=sent.method, call=sent.call, maybe_received=True)
    return found


def read_requested(body: Any) -> Requested | None:
    """Read where to poll, the newer URL before the older; None where there is none."""
    body = names.unwrap(body)
    if not isinstance(body, dict):
        return None
    newer, older = names.pick(body, *names.POLL_URL_V2), names.pick(body, *names.POLL_URL)
    if isinstance(newer, str) and newer:
        return Requested(newer, "v2")
    if isinstance(older, str) and older:
        return Requested(older, "old")
    return None


def poll(transport: Transport, token: str, url: str, style: Style, *, kind: str = CONSENTS) -> Preparing | Ready:
    """Ask whether the file is ready, without reading it.

    Raises any UpstreamError: Gone after a day, Missing for a wrong ID (newer URLs), Throttled, ForeignURL.
    """
    asked = _ask_for_file(url, style, call=f"poll.{kind}")
    with transport.open(asked, token) as (meaning, stream):
        if meaning.outcome == WAIT:
            return Preparing(stream.retry_after)
        _check_file(transport, asked, stream)
        return Ready(stream.media_type, stream.encoding, stream.length)


@contextmanager
def open_file(
    transport: Transport,
    token: str,
    url: str,
    style: Style,
    *,
    as_xlsx: bool = False,
    gzip: bool = True,
    kind: str = CONSENTS,
) -> Iterator[ExportStream]:
    """Open the file; nothing of it has been read yet.

    Raises NotReady while it is prepared, Gone after a day, BrokenAnswer where something else comes in its place.
    """
    asked = _ask_for_file(url, style, call=f"download.{kind}", as_xlsx=as_xlsx, gzip=gzip)
    with transport.open(asked, token) as (_, stream):
        _check_file(transport, asked, stream)
        yield stream


def _ask_for_file(url: str, style: Style, *, call: str, as_xlsx: bool = False, gzip: bool = True) -> Request:
    # CSV is what comes by default; any type is accepted, so that nobody along the way answers 406.
    accept = names.XLSX if as_xlsx else f"{names.CSV}, */*;q=0.5"
    return Request("GET", url, call=call, lane="polls", style=style, accept=accept, gzip=gzip)


def _check_file(transport: Transport, asked: Request, stream: Stream) -> None:
    wanted = {names.XLSX} if asked.accept == names.XLSX else names.CSV_TYPES
    if stream.media_type not in wanted | names.UNNAMED_TYPES:
        raise transport.broken(asked, NOT_A_FILE, status=stream.status, reason="media type")
    if stream.encoding not in (None, "gzip"):
        raise transport.broken(asked, NOT_A_FILE, status=stream.status, reason="encoding")


def _given(value: Any) -> Iterator[tuple[str, Any]]:
    """Walk the fields of a dataclass that were given: not None, not empty. False is given."""
    for name in value.__dataclass_fields__:
        found = getattr(value, name)
        if found is not None and found != () and found != {}:
            yield name, found


def _plain(value: Any) -> Any:
    if isinstance(value, SegmentChoice):
        return value.to_body()
    if isinstance(value, tuple):
        return [item if isinstance(item, str) else asdict(item) for item in value]
    return value
