"""Bearer tokens: JWTs that can be read but, like those of the vendor, mean nothing outside.

Source: developer.apsis.com, "Getting an Access Token" and "Authentication".
"""

import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from threading import Lock

from sandbox.settings import Settings


@dataclass(frozen=True)
class _Issued:
    client_id: str
    expires_at: int


class Tokens:
    """Remember which token belongs to which key, and until when; none outlives the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._issued: dict[str, _Issued] = {}

    def issue(self, client_id: str, account: str, settings: Settings, now: float) -> str:
        """Return a new token, dead from its `exp` on."""
        expires_at = int(now) + settings.token_seconds - settings.exp_earlier_seconds
        claims = {
            "sub": client_id,
            "account": account,
            "iat": int(now),
            "exp": expires_at,
            "jti": secrets.token_hex(8),
        }
        # The third part only looks like an RS256 signature: nobody outside can check it.
        parts = (_json({"typ": "JWT", "alg": "RS256"}), _json(claims), secrets.token_bytes(256))
        token = ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
        with self._lock:
            self._issued = {old: about for old, about in self._issued.items() if about.expires_at > now}
            self._issued[token] = _Issued(client_id, expires_at)
        return token

    def client_of(self, token: str, now: float) -> str | None:
        """Return the id of the key that a living token belongs to."""
        with self._lock:
            issued = self._issued.get(token)
        return issued.client_id if issued and now < issued.expires_at else None

    def living(self, now: float) -> list[str]:
        """Return the tokens that work, oldest first."""
        with self._lock:
            return [token for token, about in self._issued.items() if now < about.expires_at]

    def clear(self) -> None:
        """Make all tokens invalid from now on."""
        with self._lock:
            self._issued.clear()


def _json(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
