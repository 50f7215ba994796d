"""A vendor that answers as told, for tests about meaning. Lengths and cuts need a real socket: `faultserver`."""

import base64
import json
from typing import Any

import httpx

BASE = "https://api.apsis.test"
NOW = 1_760_000_000.0
SECRET = "s3cret-of-the-key"


def jwt(**claims: Any) -> str:
    """Write a token whose payload holds these claims; its signature is nonsense."""
    parts = (json.dumps(part).encode() for part in ({"alg": "RS256"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (*parts, b"signature"))


class Vendor(httpx.BaseTransport):
    """Answer each request with the next of some answers (the last repeats); the token endpoint has its own."""

    def __init__(self) -> None:
        self.answers: list[httpx.Response | Exception] = []
        self.token_answers: list[httpx.Response | Exception] = [token_answer("first"), token_answer("second")]
        self.requests: list[httpx.Request] = []
        self.token_requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        is_token = request.url.path == "/oauth/token"
        (self.token_requests if is_token else self.requests).append(request)
        answers = self.token_answers if is_token else self.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def says(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)


def token_answer(name: str, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(
        status,
        json={"access_token": jwt(exp=NOW + 3600, jti=name), "expires_in": 86400, "token_type": "Bearer"},
        headers=headers,
    )


def gateway(message: str = "User is not authorized to access this resource with an explicit deny") -> httpx.Response:
    return httpx.Response(403, json={"message": message})


def problem(status: int, detail: str = "because") -> httpx.Response:
    return httpx.Response(status, json={"title": "Refused", "status": status, "detail": detail})
