"""Everything that can go wrong upstream, one class a kind.

    UpstreamError
    ├── transient: asking the same again, later, can help
    │   ├── NoAnswer            nothing whole came back; `.maybe_received` says whether the question may have arrived
    │   ├── CutShort            a stream ended early, or its framing broke
    │   ├── Throttled           the vendor asks us to slow down
    │   ├── NoSlot              our own pace says: not now; nothing was sent
    │   ├── NotReady            the file was to be opened and is still being prepared
    │   └── VendorTrouble       408 and the 5xx
    └── lasting: only a change helps
        ├── CredentialRefused   the key, or twice its token
        ├── NotAllowed          the key is good and may not do this
        ├── BadRequest          our own fault
        ├── TooMuch             more than the vendor takes at once
        ├── Missing             no such thing
        ├── Gone                no such thing any more
        ├── ExportFailed        the vendor could not make it: a new request, not another poll
        ├── UploadRefused       the address a file was to go to takes it no more: a new one must be asked for
        ├── BrokenAnswer        a success that is not what it must be
        └── ForeignURL          an address that is not the account's own; nothing was sent to it

The text of an error holds method, call and status. A body, a URL, a token or an address of a person is never in it, nor
in the text of what caused it: causes are dropped (`from None`), since those of an HTTP library quote headers and hosts.
"""

from typing import Any, ClassVar

from upstream.answers import NO_SLOT, Meaning, explain
from upstream.private import masked

DETAIL_LIMIT = 500  # characters of a vendor's own words


class UpstreamError(Exception):
    """Say that a call did not give what it should.

    `meaning` is the row of `upstream.answers`; `retry_after` seconds, as the vendor or our pace named them; `detail`
    the vendor's own words, bounded and without what is private, for "Technical details" only; `reason` the name of
    the fault underneath ("ReadTimeout"); `maybe_received` whether the vendor may have received what we sent.
    """

    transient: ClassVar[bool] = False

    def __init__(
        self,
        meaning: Meaning,
        *,
        method: str = "",
        call: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        detail: str = "",
        reason: str = "",
        maybe_received: bool = False,
    ) -> None:
        super().__init__()
        self.meaning = meaning
        self.method = method
        self.call = call
        self.status = status
        self.retry_after = retry_after
        self.detail = clean_detail(detail)
        self.reason = reason
        self.maybe_received = maybe_received

    def __str__(self) -> str:
        where = f"{self.method} {self.call}".strip() or "before any call"
        return f"{where}: {self.status or 'no status'}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own way would call the class with `args`, which stay empty on purpose.
        return _rebuild, (type(self), self.__dict__.copy())


class NoAnswer(UpstreamError):
    """Say that nothing whole came back: no connection, silence, or a connection that broke."""

    transient = True


class CutShort(UpstreamError):
    """Say that a stream ended before its end."""

    transient = True


class Throttled(UpstreamError):
    """Say that the vendor asks us to slow down."""

    transient = True


class NoSlot(UpstreamError):
    """Say that our own pace has no room now. Raised by the house's `pace`, before anything is sent.

    `retry_after`: seconds until it is worth asking again.
    """

    transient = True

    def __init__(self, retry_after: float, *, call: str = "") -> None:
        super().__init__(explain("", call, NO_SLOT), call=call, retry_after=retry_after)


class NotReady(UpstreamError):
    """Say that the file to be opened is still being prepared."""

    transient = True


class VendorTrouble(UpstreamError):
    """Say that the vendor failed by its own account."""

    transient = True


class CredentialRefused(UpstreamError):
    """Say that the key is not accepted, or twice in a row its token."""


class NotAllowed(UpstreamError):
    """Say that the key is good and may not do this."""


class BadRequest(UpstreamError):
    """Say that what we asked was not valid."""


class TooMuch(UpstreamError):
    """Say that the request was larger than the vendor takes."""


class Missing(UpstreamError):
    """Say that there is no such thing."""


class Gone(UpstreamError):
    """Say that there is no such thing any more."""


class ExportFailed(UpstreamError):
    """Say that the vendor could not make the export."""


class UploadRefused(UpstreamError):
    """Say that the address for a file takes it no more."""


class BrokenAnswer(UpstreamError):
    """Say that a success was not what it must be."""


class ForeignURL(UpstreamError):
    """Say that an address is not the account's own."""


CLASSES: dict[str, type[UpstreamError]] = {
    kind.__name__: kind
    for kind in (
        NoAnswer, CutShort, Throttled, NotReady, VendorTrouble, CredentialRefused, NotAllowed, BadRequest, TooMuch,
        Missing, Gone, ExportFailed, UploadRefused, BrokenAnswer, ForeignURL,
    )
}  # fmt: skip


def from_meaning(meaning: Meaning, **facts: Any) -> UpstreamError:
    """Make the error that a row of the table names; `facts` are the keywords of `UpstreamError`."""
    return CLASSES[meaning.outcome](meaning, **facts)


def clean_detail(text: str) -> str:
    """Bound a vendor's words and take out what may not be kept of them (upstream/private.py)."""
    # Masked as a whole: cut first, half of an address would be left that nothing knows for one.
    return masked(text)[:DETAIL_LIMIT]


def _rebuild(kind: type[UpstreamError], state: dict[str, Any]) -> UpstreamError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    return error
