"""Bytes as they arrive: a file on its way from a vendor, not decompressed and not kept in memory."""

import time
from collections.abc import Iterator

import httpx

from upstream import errors
from upstream.answers import CUT_SHORT, EMPTY, MAYBE_RECEIVED, explain

KIB = 1024
CHUNK = 64 * KIB
PATIENCE = 1.0  # seconds: a slow stream is handed on in smaller chunks rather than held back


class Stream:
    """Hold an answered request whose body has not been read.

    `media_type` is lower case and without parameters; `encoding` as declared ("gzip", another word, or None); `length`
    the declared number of bytes on the wire, or None; `framing` how the end is known: "length", "chunked", or "close"
    where the end of the connection is the only sign, so that a cut cannot be told from the end; `received` the bytes
    handed on so far; `retry_after` seconds, where the vendor named them.
    """

    def __init__(
        self,
        response: httpx.Response,
        *,
        vendor: str,
        method: str,
        call: str,
        retry_after: float | None = None,
    ) -> None:
        self._response = response
        self._vendor = vendor
        self._method = method
        self._call = call
        self.retry_after = retry_after
        self.status = response.status_code
        self.media_type = media_type(response.headers.get("content-type", ""))
        self.encoding = encoding(response.headers.get("content-encoding", ""))
        self.framing, self.length = framing(response.headers)
        self.received = 0

    def __repr__(self) -> str:
        return f"<Stream {self._method} {self._call}: {self.media_type} {self.encoding or 'plain'} {self.received}>"

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """Yield the bytes as received, about `size` at a time (64 to 256 KiB); once only.

        A slow stream yields smaller chunks every second, so that the caller can renew what it holds.
        Raises CutShort when the stream ends early, runs over its length or breaks its framing, NoAnswer when it falls
        silent, BrokenAnswer when it ends without a single byte.
        """
        held, last = bytearray(), time.monotonic()
        try:
            for piece in self._pieces():
                held += piece
                self._refuse_excess(len(held))
                if len(held) >= size or time.monotonic() - last >= PATIENCE:
                    yield self._hand_on(held)
                    held, last = bytearray(), time.monotonic()
        except httpx.ReadTimeout as fault:
            raise self._error(MAYBE_RECEIVED, fault) from None
        except httpx.TransportError as fault:
            raise self._error(CUT_SHORT, fault) from None
        if held:
            yield self._hand_on(held)
        # The library checks lengths on real connections; a transport inside the process may not.
        if self.length is not None and self.received != self.length:
            raise self._error(CUT_SHORT)
        if not self.received:
            raise self._error(EMPTY)

    def close(self) -> None:
        """End the request; the connection goes with it unless the body was read to its end."""
        self._response.close()

    def _pieces(self) -> Iterator[bytes]:
        # Not `iter_raw`, which refuses an answer made in memory, as transports inside the process give.
        stream = self._response.stream
        assert isinstance(stream, httpx.SyncByteStream)  # we send synchronously
        return iter(stream)

    def _hand_on(self, held: bytearray) -> bytes:
        self.received += len(held)
        return bytes(held)

    def _refuse_excess(self, held: int) -> None:
        if self.length is not None and self.received + held > self.length:
            raise self._error(CUT_SHORT)

    def _error(self, answer: str, fault: Exception | None = None) -> errors.UpstreamError:
        return errors.from_meaning(
            explain(self._vendor, self._call, answer),
            method=self._method,
            call=self._call,
            status=self.status,
            reason=type(fault).__name__ if fault else "",
        )


def media_type(header: str) -> str:
    """Read a Content-Type without its parameters, in lower case ("text/csv"); "" where there is none."""
    return header.partition(";")[0].strip().lower()


def encoding(header: str) -> str | None:
    """Read a Content-Encoding: None for none, "gzip" for both its spellings, else the header in lower case."""
    word = header.strip().lower()
    if word in ("", "identity"):
        return None
    return "gzip" if word == "x-gzip" else word


def framing(headers: httpx.Headers) -> tuple[str, int | None]:
    """Read how the end of a body is marked, and its length where declared."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return "chunked", None
    declared = headers.get("content-length", "").strip()
    if declared.isascii() and declared.isdecimal() and len(declared) < 19:
        return "length", int(declared)
    return "close", None
