"""Send one question to a vendor and sort what comes back.

What every client of a vendor shares stands here: timeouts, size caps, the check of origins, the sorting of errors, the
small retries inside a step. What an answer means is looked up in `upstream.answers`.
"""

import json
import logging
import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import stamina

from upstream import errors
from upstream.answers import (
    BROKEN,
    FOREIGN_ADDRESS,
    INWARD_ADDRESS,
    MAYBE_RECEIVED,
    NO_ANSWER,
    OK,
    TOO_LARGE,
    WAIT,
    Meaning,
    explain,
)
from upstream.network import InwardAddress, network
from upstream.origin import Origin
from upstream.private import masked
from upstream.problems import Problem, read_problem, read_storage_problem
from upstream.stream import Stream, encoding
from upstream.upload import Form

T = TypeVar("T")

USER_AGENT = "ConsentDesk/1"

MEBIBYTE = 1024 * 1024
ANSWER_LIMIT = 64 * MEBIBYTE  # of a JSON answer, unpacked; a list of definitions is the whole list, never a page
PROBLEM_LIMIT = 64 * 1024  # bytes of an error body that are looked at

ATTEMPTS = 3  # of a read, within one step
STEP_SECONDS = 10.0  # no further attempt is begun after this
LONGEST_WAIT = 5.0  # seconds of a Retry-After that are worth waiting for inside a step
LONGEST_RETRY_AFTER = 86_400.0  # seconds; more than a day is taken for a mistake

# Before any of these, not one byte of the question had left.
_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)

log = logging.getLogger("upstream")

# httpx logs whole URLs and httpcore headers, and a poll URL opens a file of personal data.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Say how long each wait may last, in seconds."""

    connect: float = 5.0
    write: float = 10.0
    pool: float = 5.0
    read: float = 32.0  # the vendor's gateway gives up after 29 s, and its own words are worth having
    silence: float = 45.0  # between two pieces of a file
    answer: float = 50.0  # for a whole JSON answer, however slowly it trickles

    def waiting(self, read: float) -> dict[str, float]:
        """Write the timeouts of one request in the form httpx's transports expect."""
        return {"connect": self.connect, "write": self.write, "pool": self.pool, "read": read}


@dataclass(frozen=True, slots=True)
class Request:
    """One question, complete but for the token.

    `call` names it in tables, errors and logs; `lane` is the vendor's limit that it counts against; `style` is that of
    the URL ("old", "v2", "json" or ""). `repeatable` says of a POST that asking twice does no more than asking once.
    """

    method: str
    url: str
    call: str
    lane: str
    style: str = ""
    accept: str = "application/json"
    gzip: bool = True
    body: Mapping[str, Any] | None = None
    repeatable: bool = False

    @property
    def is_read(self) -> bool:
        """Whether the question may be repeated blindly."""
        return self.method == "GET" or self.repeatable

    def __repr__(self) -> str:
        # URL and body stay out: the one may open a file, the other may hold the client secret.
        return f"<Request {self.method} {self.call}>"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: its meaning, its status and its JSON (None where the body was empty)."""

    meaning: Meaning
    status: int
    body: Any = field(repr=False)


class Transport:
    """Send to one vendor account, at its own origin only.

    `http` stands in for the network; it is not closed here. `pace` is called with the name of a lane before each
    request and may raise `errors.NoSlot`. `clock` gives Unix seconds, for a Retry-After that is a date. `secrets` are
    never told again, should the vendor repeat them.
    Raises ValueError for a base URL that is more than scheme, host, port and path.
    """

    def __init__(
        self,
        base_url: str,
        *,
        vendor: str,
        http: httpx.BaseTransport | None = None,
        pace: Callable[[str], None] | None = None,
        timeouts: Timeouts | None = None,
        user_agent: str = USER_AGENT,
        answer_limit: int = ANSWER_LIMIT,
        clock: Callable[[], float] = time.time,
        secrets: Iterable[str] = (),
    ) -> None:
        origin = Origin.of(base_url)
        if origin is None or "?" in base_url:
            raise ValueError("A base URL is http or https, a host, perhaps a port and a path, and nothing else.")
        self.vendor = vendor
        self._origin = origin
        self._base = base_url.rstrip("/")
        # A bare transport, not httpx.Client: so there are no cookies, no proxies or credentials from the environment,
        # no redirects that would carry the token along, and no line in a log with the URL.
        self._http = http or network()
        self._is_own = http is None
        self._pace = pace
        self._timeouts = timeouts or Timeouts()
        self._user_agent = user_agent
        self._answer_limit = answer_limit
        self._clock = clock
        self._secrets = tuple(secrets)

    def close(self) -> None:
        """Close the connections that this transport opened by itself."""
        if self._is_own:
            self._http.close()

    @contextmanager
    def unpaced(self) -> Iterator[None]:
        """Send without taking a slot: for the repeat of a call that has taken its own."""
        pace, self._pace = self._pace, None
        try:
            yield
        finally:
            self._pace = pace

    def url(self, *parts: str) -> str:
        """Put a path below the base URL, each part percent-encoded. Raises ValueError for a part that names nothing."""
        # A part of one or two dots would be resolved away on the way, and another thing be named.
        if any(part in ("", ".", "..") for part in parts):
            raise ValueError("A part of a path names nothing.")
        return "/".join((self._base, *(quote(part, safe="") for part in parts)))

    def same_origin(self, url: str, *, method: str = "GET", call: str = "", maybe_received: bool = False) -> str:
        """Hand back a URL that is surely at the account's own origin. Raises ForeignURL."""
        if Origin.of(url) != self._origin:
            meaning = explain(self.vendor, call, FOREIGN_ADDRESS)
            raise errors.ForeignURL(meaning, method=method, call=call, maybe_received=maybe_received)
        return url

    def ask(self, request: Request, token: str | None = None) -> Answer:
        """Send, and read the whole JSON answer.

        Raises any UpstreamError; BrokenAnswer for a body that is not JSON or larger than the cap.
        """
        return self._repeat(request, lambda: self._ask_once(request, token))

    @contextmanager
    def open(self, request: Request, token: str | None = None) -> Iterator[tuple[Meaning, Stream]]:
        """Send, and hold the answer open with its body unread. Raises any UpstreamError, before the body only."""
        meaning, response = self._repeat(request, lambda: self._send(request, token, self._timeouts.silence))
        stream = Stream(
            response,
            vendor=self.vendor,
            method=request.method,
            call=request.call,
            retry_after=self._retry_after(response),
        )
        try:
            yield meaning, stream
        finally:
            stream.close()

    def post_form(self, url: str, form: Form, *, call: str, hosts: Collection[str]) -> None:
        """Send a form with a file to one of these origins and no other, without token or cookies, followed nowhere.

        Raises ForeignURL before a byte is sent; UploadRefused, TooMuch or whatever the table of answers says of a
        refusal; NoAnswer with `maybe_received` where the end of the sending was not seen. What `form` raises is raised.
        """
        allowed = {Origin.of(host) for host in hosts} - {None}
        if Origin.of(url) not in allowed:
            raise errors.ForeignURL(explain(self.vendor, call, FOREIGN_ADDRESS), method="POST", call=call)
        asked = Request("POST", url, call=call, lane="uploads")
        sent = httpx.Request(
            "POST",
            url,
            headers={
                "User-Agent": self._user_agent,
                "Accept": "*/*",
                "Content-Type": form.content_type,
                "Content-Length": str(form.length),
            },
            content=form.chunks(),
            extensions={"timeout": self._timeouts.waiting(self._timeouts.silence)},
        )
        started = time.monotonic()
        try:
            response = self._http.handle_request(sent)
        except httpx.TransportError as fault:
            raise self._no_answer(asked, fault) from None
        try:
            told = read_storage_problem(self._read_some(response))
        finally:
            response.close()
        status = response.status_code
        log.info("POST %s %d %d ms", call, status, 1000 * (time.monotonic() - started))
        meaning = explain(self.vendor, call, status, shape=told.shape)
        if meaning.outcome != OK:
            # Storage refuses a form as a whole: whatever it did not take, it has not kept.
            is_in_doubt = meaning.outcome == "VendorTrouble"
            raise self._error(asked, meaning, status=status, detail=told.detail, maybe_received=is_in_doubt)

    def broken(
        self, request: Request, answer: str = BROKEN, *, status: int | None = None, reason: str = ""
    ) -> errors.UpstreamError:
        """Make the error for a success that is not what it must be. A write has been received then, and it says so."""
        meaning = explain(self.vendor, request.call, answer, style=request.style)
        return self._error(request, meaning, status=status, reason=reason, maybe_received=not request.is_read)

    def _repeat(self, request: Request, attempt: Callable[[], T]) -> T:
        if not request.is_read:
            return attempt()
        for tries in stamina.retry_context(
            on=_soon_again,
            attempts=ATTEMPTS,
            timeout=STEP_SECONDS,
            wait_initial=0.5,
            wait_max=4.0,
            wait_jitter=1.0,
        ):
            with tries:
                return attempt()
        raise AssertionError("the last attempt returns or raises")

    def _ask_once(self, request: Request, token: str | None) -> Answer:
        deadline = time.monotonic() + self._timeouts.answer
        meaning, response = self._send(request, token, self._timeouts.read)
        try:
            body = self._read(request, response, deadline)
        finally:
            response.close()
        if not body.strip():
            return Answer(meaning, response.status_code, None)
        try:
            return Answer(meaning, response.status_code, json.loads(body))
        except (ValueError, RecursionError):
            raise self.broken(request, status=response.status_code, reason="not JSON") from None

    def _send(self, request: Request, token: str | None, read_timeout: float) -> tuple[Meaning, httpx.Response]:
        self.same_origin(request.url, method=request.method, call=request.call)
        self._take_slot(request)
        started = time.monotonic()
        try:
            response = self._http.handle_request(self._build(request, token, read_timeout))
        except httpx.TransportError as fault:
            raise self._no_answer(request, fault) from None
        status = response.status_code
        log.info("%s %s %d %d ms", request.method, request.call, status, 1000 * (time.monotonic() - started))
        meaning = explain(self.vendor, request.call, status, style=request.style)
        if meaning.outcome in (OK, WAIT):
            return meaning, response
        try:
            problem = self._read_problem(response)
        finally:
            response.close()
        meaning = explain(self.vendor, request.call, status, style=request.style, shape=problem.shape)
        raise self._error(
            request,
            meaning,
            status=status,
            retry_after=self._retry_after(response),
            detail=masked(problem.detail, (*self._secrets, token or "")),
            maybe_received=not request.is_read and meaning.outcome in ("VendorTrouble", "BrokenAnswer"),
        )

    def _take_slot(self, request: Request) -> None:
        if self._pace is None:
            return
        try:
            self._pace(request.lane)
        except errors.NoSlot as full:
            full.method, full.call = request.method, request.call
            raise

    def _build(self, request: Request, token: str | None, read_timeout: float) -> httpx.Request:
        headers = {
            "User-Agent": self._user_agent,
            "Accept": request.accept,
            "Accept-Encoding": "gzip" if request.gzip else "identity",
        }
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        content = None
        if request.body is not None:
            content = json.dumps(request.body, separators=(",", ":")).encode()
            headers["Content-Type"] = "application/json"
        extensions = {"timeout": self._timeouts.waiting(read_timeout)}
        return httpx.Request(request.method, request.url, headers=headers, content=content, extensions=extensions)

    def _read(self, request: Request, response: httpx.Response, deadline: float) -> bytes:
        if encoding(response.headers.get("content-encoding", "")) not in (None, "gzip"):
            raise self.broken(request, status=response.status_code, reason="unasked encoding")
        body = bytearray()
        try:
            for piece in response.iter_bytes():
                body += piece
                if len(body) > self._answer_limit:
                    raise self.broken(request, TOO_LARGE, status=response.status_code)
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the whole answer took too long")
        except httpx.DecodingError:
            raise self.broken(request, status=response.status_code, reason="not gzip") from None
        except httpx.TransportError as fault:
            raise self._no_answer(request, fault, response.status_code) from None
        return bytes(body)

    def _read_problem(self, response: httpx.Response) -> Problem:
        return read_problem(self._read_some(response))

    def _read_some(self, response: httpx.Response) -> bytes:
        body, deadline = bytearray(), time.monotonic() + self._timeouts.read
        try:
            for piece in response.iter_bytes():
                body += piece
                if len(body) > PROBLEM_LIMIT or time.monotonic() > deadline:
                    break
        except httpx.RequestError:
            # The status stands without its body, and says nearly all.
            pass
        return bytes(body[:PROBLEM_LIMIT])

    def _no_answer(
        self, request: Request, fault: httpx.TransportError, status: int | None = None
    ) -> errors.UpstreamError:
        if isinstance(fault, InwardAddress):
            return self._error(request, explain(self.vendor, request.call, INWARD_ADDRESS, style=request.style))
        sent = not isinstance(fault, _NOTHING_SENT)
        # A sign-in that got no answer says nothing about the question that was to follow: that was never sent.
        received = sent and not request.repeatable
        meaning = explain(self.vendor, request.call, MAYBE_RECEIVED if sent else NO_ANSWER, style=request.style)
        return self._error(request, meaning, status=status, reason=type(fault).__name__, maybe_received=received)

    def _retry_after(self, response: httpx.Response) -> float | None:
        return read_retry_after(response.headers.get("retry-after", ""), self._clock())

    def _error(self, request: Request, meaning: Meaning, **facts: Any) -> errors.UpstreamError:
        return errors.from_meaning(meaning, method=request.method, call=request.call, **facts)


def read_retry_after(header: str, now: float) -> float | None:
    """Read a Retry-After, seconds or a date, as seconds from `now` (0 to a day); None where there is none to trust."""
    header = header.strip()
    if header.isascii() and header.isdecimal():
        return min(float(header[:9]), LONGEST_RETRY_AFTER)
    try:
        seconds = parsedate_to_datetime(header).timestamp() - now
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def _soon_again(fault: Exception) -> bool | float:
    """Say whether one more attempt within the step is worth it, or after how many seconds."""
    if not isinstance(fault, errors.UpstreamError) or not fault.transient:
        return False
    if isinstance(fault, errors.NoSlot | errors.NotReady):
        return False  # waiting in line is the caller's, between steps
    if fault.retry_after is not None:
        # The jitter keeps those that were told the same number from coming back as one.
        jitter = random.uniform(0.1, 0.5)
        return fault.retry_after + jitter if fault.retry_after <= LONGEST_WAIT else False
    # Throttled without a number: a few seconds would only use up more of a limit counted by the minute.
    return not isinstance(fault, errors.Throttled)
