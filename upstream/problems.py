"""The two shapes of an error body: a problem document of the application, or a message of the gateway before it."""

import json
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
