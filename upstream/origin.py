"""Whose address a URL is."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST = 8192  # characters; no server takes more in its first line

# Printable ASCII without what parsers disagree on: backslash, quotes, angle brackets and the fragment's sign.
_PLAIN = re.compile(r"[!$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~|^{}]+")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what credentials are bound to."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Origin | None":
        """Read the origin of an absolute URL, or None where there is any doubt.

        Doubt is: no http or https, no host, a user or password, a fragment, blanks, control or foreign characters,
        and any URL that the standard library and httpx read differently.
        """
        if len(url) > _LONGEST or not _PLAIN.fullmatch(url):
            return None
        try:
            parts = urlsplit(url)
            port = parts.port
            sent = httpx.URL(url)
        except (ValueError, httpx.InvalidURL):
            return None
        scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
        if scheme not in _DEFAULT_PORTS or not host or "@" in parts.netloc:
            return None
        origin = cls(scheme, host, _DEFAULT_PORTS[scheme] if port is None else port)
        return origin if origin == cls._as_sent(sent) else None

    @classmethod
    def _as_sent(cls, url: httpx.URL) -> "Origin":
        port = _DEFAULT_PORTS.get(url.scheme, 0) if url.port is None else url.port
        return cls(url.scheme, url.raw_host.decode("ascii").lower(), port)
