"""The two shapes in which the vendor says no, and the one in which it says yes.

Sources: developer.apsis.com, "Handling Errors" (problem documents); help centre, "Authentication" (message of
a dead token). The other gateway messages are the stock answers of the gateway product: inferred.
"""

import json
from http import HTTPStatus
from typing import Any

from werkzeug.wrappers import Response

DENIED = "User is not authorized to access this resource with an explicit deny"
NO_TOKEN = "Unauthorized"
NO_SUCH_CALL = "Missing Authentication Token"
TOO_MANY = "Too Many Requests"
TOO_LONG = "Request Too Long"


class Refusal(Exception):
    """Carry a ready answer up to the gateway, from wherever a call turns out to be wrong."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def answer(content: object, status: int = 200, kind: str = "application/json") -> Response:
    """Return a JSON answer, in UTF-8 with letters unescaped."""
    return Response(json.dumps(content, ensure_ascii=False), status, content_type=kind)


def gateway(status: int, message: str) -> Refusal:
    """Return a refusal by the gateway, before the application saw the call."""
    return Refusal(answer({"message": message}, status))


def problem(status: int, detail: str) -> Refusal:
    """Return a refusal by the application: a problem document with title, status and detail."""
    document: dict[str, Any] = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Refusal(answer(document, status, "application/problem+json"))
