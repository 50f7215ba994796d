"""The WSGI application: routing, the gateway in front of the API, and the record of calls."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from werkzeug.exceptions import MethodNotAllowed, NotFound, RequestEntityTooLarge
from werkzeug.routing import Map, RequestRedirect, Rule
from werkzeug.wrappers import Request, Response

from sandbox import control, pages, uploads
from sandbox.answers import DENIED, NO_SUCH_CALL, NO_TOKEN, TOO_MANY, Refusal, gateway
from sandbox.apsis import ENDPOINTS, Context, Endpoint, bearer, token
from sandbox.faults import Dropped
from sandbox.settings import Settings
from sandbox.trouble import happen, sever, spoil_body
from sandbox.world import Clock, World

_URLS = Map(
    [Rule(endpoint.path, methods=[endpoint.method], endpoint=endpoint) for endpoint in ENDPOINTS],
    merge_slashes=False,
    redirect_defaults=False,
).bind("sandbox")


def create_app(settings: Settings | None = None, clock: Callable[[], float] = time.time) -> "Sandbox":
    """Return the sandbox as a WSGI application; `clock` tells Unix seconds."""
    return Sandbox(World(settings or Settings(), Clock(clock)))


def _upload(context: Context) -> Response:
    """Take the file of an import."""
    world = context.world
    return uploads.take(context.request, world.imports, world.settings, world.clock())


UPLOAD = Endpoint("upload", "POST", uploads.BUCKET, _upload, "Takes the file of an import.", "none", True)


class Sandbox:
    """Serve the API, the control endpoints and the page, all from one world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request, as WSGI has it."""
        request, path = Request(environ), raw_path(environ)
        if path.startswith("/_sandbox/"):
            return control.respond(self.world, request, path)(environ, start_response)
        page = pages.respond(self.world, request, path)
        if page is not None:
            return page(environ, start_response)
        return self._api(request, path, start_response)

    def _api(self, request: Request, path: str, start_response: Any) -> Iterable[bytes]:
        endpoint, arguments = (UPLOAD, {}) if uploads.is_storage(path) else _match(request.method, path)
        record = self.world.calls.begin(request.method, endpoint.name if endpoint else "unknown", self.world.clock())
        context = Context(self.world, request, record)
        try:
            response = self._answer(context, endpoint, arguments)
            record.status = response.status_code
            body = response(request.environ, start_response)
            # Without a fault the server gets the body as it is, and may send a file without copying it.
            return _Watched(body, context) if context.faults else body
        except Dropped:
            _let_go(context)
            raise

    def _answer(self, context: Context, endpoint: Endpoint | None, arguments: dict[str, str]) -> Response:
        try:
            if endpoint is None:
                raise gateway(403, NO_SUCH_CALL)
            context.record.client_id = context.caller(signs_in=endpoint.answers is token)
            context.meet(endpoint.name)
            if not endpoint.is_open:
                self._let_in(context, endpoint)
            response = endpoint.answers(context, **arguments)
        except Refusal as refusal:
            response = refusal.response
        for fault in context.faults:
            try:
                if fault.when == "after":
                    happen(fault, self.world.faults, self.world.tokens.clear)
            except Refusal as refusal:
                response = refusal.response
            response = spoil_body(fault, response, self.world.faults)
        return response

    def _let_in(self, context: Context, endpoint: Endpoint) -> None:
        world, settings, now = self.world, self.world.settings, self.world.clock()
        shown = bearer(context.request)
        if not shown:
            raise gateway(401, NO_TOKEN)
        # Asked anew: a fault may have made the token invalid since the call came in.
        key = world.key(world.tokens.client_of(shown, now))
        if key is None:
            raise gateway(403, DENIED)
        context.key = key
        spent = [endpoint.limit]
        if endpoint.limit == "event_exports" and settings.event_exports_are_exports:
            spent.append("exports")
        for limit in spent:
            at_most, seconds = {
                "calls": (settings.calls_per_second, 1.0),
                "exports": (settings.exports_per_second, 1.0),
                "event_exports": (settings.event_exports_per_minute, 60.0),
                "imports": (settings.imports_per_minute, 60.0),
                "polls": (settings.polls_per_minute, 60.0),
            }[limit]
            if not world.limits.spend(key.account, limit, at_most, seconds, now):
                raise gateway(429, TOO_MANY)


class _Watched:
    """Pass a body on and, when a fault drops the connection in its middle, close it for real."""

    def __init__(self, body: Iterable[bytes], context: Context) -> None:
        self._body, self._blocks, self._context = body, iter(body), context

    def __iter__(self) -> "_Watched":
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._blocks)
        except Dropped:
            _let_go(self._context)
            raise

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            close()


def raw_path(environ: dict[str, Any]) -> str:
    """Return the path as it came over the wire, percent-encoded: WSGI's own would turn %2F into a slash."""
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if target:
        path = target.partition("?")[0]
        return str(path if path.startswith("/") else urlsplit(path).path)
    decoded: str = environ.get("PATH_INFO", "")
    try:
        return quote(decoded.encode("latin-1"))
    except UnicodeEncodeError:
        return quote(decoded)


def _match(method: str, path: str) -> tuple[Endpoint | None, dict[str, str]]:
    if path.startswith("//"):
        return None, {}  # the map would take one slash for two
    try:
        endpoint, arguments = _URLS.match(path, method=method)
    except (NotFound, MethodNotAllowed, RequestRedirect):
        return None, {}
    if method != endpoint.method:
        return None, {}
    return endpoint, {name: unquote(value) for name, value in arguments.items()}


def _let_go(context: Context) -> None:
    context.record.is_dropped = True
    # An unread request would turn the end of the connection into a reset.
    with suppress(OSError, RequestEntityTooLarge):
        context.request.get_data()
    sever(context.request.environ, reset=any(fault.reset for fault in context.faults))
