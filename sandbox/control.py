"""The control endpoints under /_sandbox/: switches, faults, holds, keys, the clock, the record of calls."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.answers import answer
from sandbox.apsis import ENDPOINTS
from sandbox.definitions import KEYS, key_named
from sandbox.settings import Settings
from sandbox.world import World

NAMES = (*dict.fromkeys(endpoint.name for endpoint in ENDPOINTS), "upload")
"""The names of the endpoints, as faults and the record of calls use them."""


def health(world: World, request: Request) -> Response:
    """Say that the sandbox is there."""
    return answer({"status": "ok"})


def switches(world: World, request: Request) -> Response:
    """Show all switches, set some (PATCH), or set all back (DELETE)."""
    if request.method == "PATCH":
        content = _content(request)
        if not isinstance(content, dict):
            raise ValueError("send an object of values by switch name")
        world.change(content)
    if request.method == "DELETE":
        world.settings = world.first_settings
    return answer({switch.name: getattr(world.settings, switch.name) for switch in fields(Settings)})


def faults(world: World, request: Request) -> Response:
    """List the faults, add one (POST), or clear all (DELETE)."""
    if request.method == "POST":
        return answer(world.faults.add(_content(request), NAMES).shown(), 201)
    if request.method == "DELETE":
        world.faults.clear()
    return answer({"items": [fault.shown() for fault in world.faults.all()]})


def fault(world: World, request: Request, fault_id: str) -> Response:
    """Show one fault, after waiting up to ?wait= seconds until a call is held in it; or clear it (DELETE)."""
    if request.method == "DELETE":
        world.faults.clear(int(fault_id))
        return Response(status=204)
    found = world.faults.wait(int(fault_id), min(request.args.get("wait", 0.0, float), 60.0))
    return answer({"error": "there is no such fault"}, 404) if found is None else answer(found.shown())


def release(world: World, request: Request) -> Response:
    """Let held calls go on: all, or those of one fault; with drop, close their connections instead."""
    content = _content(request) if request.get_data() else {}
    if not isinstance(content, dict) or not set(content) <= {"id", "drop"}:
        raise ValueError("send nothing, or an object with id and drop")
    return answer({"released": world.faults.release(content.get("id"), drop=bool(content.get("drop")))})


def keys(world: World, request: Request) -> Response:
    """List the keys and whether they work; never their secrets."""
    return answer(
        {
            "items": [
                {"client_id": name, "account": key.account, "works": bool(world.key(name))}
                for name, key in KEYS.items()
            ]
        }
    )


def key(world: World, request: Request, client_id: str) -> Response:
    """Delete a key, which stops it and its tokens at once, or restore it (PUT)."""
    if key_named(client_id) is None:
        return answer({"error": "there is no such key"}, 404)
    if request.method == "DELETE":
        world.deleted_keys.add(client_id)
    else:
        world.deleted_keys.discard(client_id)
    return Response(status=204)


def tokens(world: World, request: Request) -> Response:
    """List the living tokens, so that a test can look for them where they must not be."""
    return answer({"items": world.tokens.living(world.clock())})


def expire_tokens(world: World, request: Request) -> Response:
    """Make all tokens invalid from now on."""
    world.tokens.clear()
    return Response(status=204)


def clock(world: World, request: Request) -> Response:
    """Tell the sandbox's time, or set it further ahead by some seconds."""
    if request.method == "POST":
        content = _content(request)
        seconds = content.get("advance_seconds") if isinstance(content, dict) else None
        if not isinstance(seconds, int | float):
            raise ValueError("send advance_seconds, a number")
        world.clock.ahead += seconds
    return answer({"now": world.clock(), "ahead_seconds": world.clock.ahead})


def calls(world: World, request: Request) -> Response:
    """Show how many calls each endpoint had, and the last, oldest first; a running one has no status yet."""
    last = [asdict(call) | {"at": datetime.fromtimestamp(call.at, UTC).isoformat()} for call in world.calls.last()]
    return answer({"counts": world.calls.counts(), "last": last})


def imports(world: World, request: Request) -> Response:
    """List the imports: what was asked for, how many files came, what they did; no row of them."""
    return answer(
        {
            "items": [
                {
                    "id": found.id,
                    "account": found.account,
                    "status": found.state(world.settings, world.clock()),
                    "uploads": found.uploads,
                    "counts": found.report.counts if found.report else None,
                }
                for found in world.imports.values()
            ]
        }
    )


def reset(world: World, request: Request) -> Response:
    """Begin anew, as if just started."""
    world.reset()
    return Response(status=204)


CONTROLS: tuple[tuple[str, tuple[str, ...], str, Callable[..., Response]], ...] = (
    ("GET", ("health",), "", health),
    ("GET PATCH DELETE", ("switches",), "", switches),
    ("GET POST DELETE", ("faults",), "", faults),
    ("GET DELETE", ("faults",), r"\d{1,9}", fault),
    ("POST", ("release",), "", release),
    ("GET", ("keys",), "", keys),
    ("PUT DELETE", ("keys",), r"[a-z-]+(?:\.\w+)?", key),
    ("GET", ("tokens",), "", tokens),
    ("POST", ("tokens", "expire"), "", expire_tokens),
    ("GET POST", ("clock",), "", clock),
    ("GET", ("calls",), "", calls),
    ("GET", ("imports",), "", imports),
    ("POST", ("reset",), "", reset),
)
"""Methods, path under /_sandbox/, pattern of the part after it, and what answers."""


def respond(world: World, request: Request, path: str) -> Response:
    """Answer a control call; a wrong one gets 400 with a sentence."""
    below = path.removeprefix("/_sandbox/")
    for methods, parts, pattern, answers in CONTROLS:
        found = re.fullmatch("/".join(parts) + (f"/({pattern})" if pattern else ""), below)
        if not found:
            continue
        if request.method not in methods.split():
            continue
        try:
            return answers(world, request, *found.groups())
        except ValueError as error:
            return answer({"error": str(error)}, 400)
    return answer({"error": "there is no such control"}, 404)


def _content(request: Request) -> Any:
    try:
        return json.loads(request.get_data())
    except ValueError:
        raise ValueError("the body is not valid JSON") from None
