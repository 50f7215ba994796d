"""The two shapes of an error body: a problem document of the application, or a message of the gateway before it."""

import json
import re
from dataclasses import dataclass

GATEWAY = "gateway"
PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Problem:
    """An error body, sorted. `shape` is "problem", "gateway" or "" (neither); `detail` the vendor's words."""

    shape: str
    detail: str


def read_problem(body: bytes) -> Problem:
    """Sort an error body; never raises.

    A problem document has `title`, `status` or `detail` (developer.apsis.com, Handling Errors); a gateway says only
    `message` (help.apsis.one, Authentication), or `Message` (inferred: AWS API Gateway spells it both ways).
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return Problem("", "")
    if not isinstance(found, dict):
        return Problem("", "")
    words = [found[name] for name in ("title", "detail") if isinstance(found.get(name), str)]
    if words or "status" in found:
        return Problem(PROBLEM, ": ".join(words))
    for name in ("message", "Message"):
        if isinstance(found.get(name), str):
            return Problem(GATEWAY, found[name])
    return Problem("", "")


# A reader of XML could be made to work for hours by what it reads; two elements are all that is wanted.
_ELEMENT = re.compile(rb"<(Code|Message)>([^<]{0,500})</\1>")


def read_storage_problem(body: bytes) -> Problem:
    """Sort an error body of file storage; never raises. `shape` is its code ("EntityTooLarge").

    Source: S3's error responses, which are XML; that the vendor's storage is S3 shows in its hosts.
    """
    found = {name.decode(): text.decode("utf-8", "replace") for name, text in _ELEMENT.findall(body)}
    return Problem(found.get("Code", ""), ": ".join(found[name] for name in ("Code", "Message") if name in found))
