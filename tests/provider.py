"""A small OpenID Connect provider over a real socket: authorisation code with PKCE, RS256, key set, userinfo.

It holds its clients to the standard: an unknown client or redirect, a wrong secret, a code that is used twice or
without its verifier get what the standard says. A test tells it who is at its door, and what it says amiss.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug import Request, Response
from werkzeug.serving import make_server

KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
CLIENT_ID, SECRET = "consent-desk", "the client's own secret"

PAGE = """<!doctype html><html lang="en"><title>Nordlys</title><main><h1>Nordlys</h1>
<form method="post"><label>Who are you? <input name="who"></label><button>Go on</button></form></main></html>"""


@dataclass
class Provider:
    """A provider, its people by what they type, and what it does amiss."""

    port: int = 0
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)  # laid over those of every token; None takes one out
    header: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    is_email_in_token: bool = True
    signs_with: RSAKey | None = None
    asked: list[str] = field(default_factory=list)  # the paths, in their order
    authorized: list[dict[str, str]] = field(default_factory=list)  # what each sign-in began with
    broken: dict[str, Response] = field(default_factory=dict)  # path → what it answers instead

    def __post_init__(self) -> None:
        self.key = KEY
        self._codes: dict[str, dict[str, str]] = {}
        self._tokens: dict[str, str] = {}

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.asked.append(request.path)
        views = {
            "/.well-known/openid-configuration": self._configuration,
            "/authorize": self._authorize,
            "/token": self._token,
            "/keys": self._keys,
            "/userinfo": self._userinfo,
        }
        view = views.get(request.path)
        answer = self.broken.get(request.path) or (view(request) if view else Response(status=404))
        return answer(environ, start_response)

    # ── What it answers ──────────────────────────────────────────────────────────────────────────────────────

    def _configuration(self, request: Request) -> Response:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        return _json(said | self.configuration)

    def _keys(self, request: Request) -> Response:
        return _json({"keys": [self.key.as_dict(private=False)]})

    def _authorize(self, request: Request) -> Response:
        asked = request.args.to_dict()
        if asked.get("client_id") != CLIENT_ID or not asked.get("redirect_uri", "").endswith(
            "/accounts/oidc/callback/"
        ):
            return Response("unknown client or redirect", status=400)
        back = asked["redirect_uri"]
        if "openid" not in asked.get("scope", "").split() or asked.get("code_challenge_method") != "S256":
            return _redirect(back, error="invalid_request", state=asked.get("state", ""))
        if request.method != "POST":
            return Response(PAGE, mimetype="text/html")
        self.authorized.append(asked)
        who = request.form.get("who", "")
        if who not in self.people:
            return _redirect(back, error="access_denied", state=asked.get("state", ""))
        code = secrets.token_urlsafe(16)
        self._codes[code] = {**asked, "who": who}
        return _redirect(back, code=code, state=asked.get("state", ""))

    def _token(self, request: Request) -> Response:
        if _client(request) != (CLIENT_ID, SECRET):
            return _json({"error": "invalid_client"}, 401)
        asked = self._codes.pop(request.form.get("code", ""), None)  # once, and never again
        verifier = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
        if (
            asked is None
            or request.form.get("grant_type") != "authorization_code"
            or request.form.get("redirect_uri") != asked["redirect_uri"]
            or urlsafe_b64encode(verifier).rstrip(b"=").decode() != asked["code_challenge"]
        ):
            return _json({"error": "invalid_grant"}, 400)
        token = secrets.token_urlsafe(16)
        self._tokens[token] = asked["who"]
        return _json({"access_token": token, "token_type": "Bearer", "expires_in": 60, "id_token": self._signed(asked)})

    def _signed(self, asked: dict[str, str]) -> str:
        person = dict(self.people[asked["who"]])
        if not self.is_email_in_token:
            person = {name: value for name, value in person.items() if not name.startswith("email")}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 60,
            "nonce": asked.get("nonce"),
            "jti": secrets.token_hex(8),
            **({"auth_time": now} if asked.get("max_age") else {}),
            **person,
            **self.claims,
        }
        said = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": "first", **self.header}
        return jwt.encode({k: v for k, v in header.items() if v is not None}, said, self.signs_with or self.key)

    def _userinfo(self, request: Request) -> Response:
        who = self._tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        return _json({**self.people[who], **self.userinfo}) if who else _json({"error": "invalid_token"}, 401)


def _client(request: Request) -> tuple[str, str]:
    """Return the id and the secret that a client showed, in the header or in the body."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind == "Basic":
        name, _, secret = b64decode(value).decode().partition(":")
        return unquote(name), unquote(secret)
    return request.form.get("client_id", ""), request.form.get("client_secret", "")


def _json(said: Any, status: int = 200) -> Response:
    return Response(json.dumps(said), status=status, mimetype="application/json")


def _redirect(to: str, **query: str) -> Response:
    return Response(status=302, headers={"Location": f"{to}?{urlencode(query)}"})


@contextmanager
def serving(provider: Provider) -> Iterator[Provider]:
    """Let a provider answer on a free port of this machine."""
    server = make_server("127.0.0.1", 0, provider, threaded=True)
    provider.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
