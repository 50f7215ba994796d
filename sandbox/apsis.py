"""The endpoints of the APSIS One API that the sandbox knows.

Paths and shapes: developer.apsis.com, the reference pages "Getting an Access Token", "Keyspaces",
"Set attributes", "Subscriptions guide", "Post Custom Events", "Request profile in segment by consent export",
"Request profile in segment export", "Request profile in segment event export". The shapes of lists were mostly seen
in public clients.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import wrap_file

from sandbox import consent_export, consents, event_export, imports, segment_export, uploads
from sandbox.answers import TOO_LONG, Refusal, answer, gateway, problem
from sandbox.columns import Body, Table
from sandbox.definitions import (
    CHANNELS,
    Account,
    Attribute,
    Folder,
    Key,
    Keyspace,
    Section,
    Segment,
    Tag,
    Topic,
    Version,
    key_named,
)
from sandbox.event_export import EventFile, json_blocks
from sandbox.faults import DOWNLOAD, Fault
from sandbox.files import BLOCK, CSV, JSON, XLSX, csv_blocks, file_blocks, gzipped, spooled, xlsx_file
from sandbox.settings import Settings
from sandbox.trouble import happen, spoil_json, spoil_rows
from sandbox.world import Call, Export, World

_CREATED = "2020-01-01T00:00:00Z"


@dataclass
class Context:
    """One call on its way: the request, the key it came with, and the trouble it met."""

    world: World
    request: Request
    record: Call
    faults: list[Fault] = field(default_factory=list)
    key: Key = field(init=False)

    @property
    def account(self) -> Account:
        """The account of the key."""
        return self.world.account_of(self.key)

    def meet(self, endpoint: str) -> None:
        """Take the fault that waits at this endpoint, if any; let it happen if it comes before the work."""
        fault = self.world.faults.take(endpoint, self.record.client_id or "")
        if fault is not None:
            self.faults.append(fault)
            if fault.when == "before":
                happen(fault, self.world.faults, self.world.tokens.clear)

    def caller(self, *, signs_in: bool) -> str | None:
        """Return the id of the key that the call comes with, however that ends; None where it cannot be told."""
        if not signs_in:
            return self.world.tokens.client_of(bearer(self.request), self.world.clock())
        with suppress(Refusal):
            client_id = self.sign_in()[1]
            return client_id if key_named(client_id) else None
        return None

    def sign_in(self) -> tuple[str, str, str]:
        """Return what a token call sends: kind of grant, id and secret of the key. Takes JSON or a form."""
        body = self.body()
        if self.request.mimetype == "application/x-www-form-urlencoded":
            content: object = self.request.form.to_dict()
        else:
            try:
                content = json.loads(body)
            except (ValueError, RecursionError):
                raise problem(400, "The body is neither valid JSON nor a form") from None
        fields = Body(content)
        return fields.text("grant_type"), fields.text("client_id"), fields.text("client_secret")

    def json(self, content: object, status: int = 200) -> Response:
        """Return a JSON answer, wrapped if the switch says so."""
        return answer({"data": content} if self.world.settings.wrapped_answers else content, status)

    def items(self, items: Iterable[object]) -> Response:
        """Return a list in the vendor's shape; there is no paging."""
        return self.json({"items": list(items)})

    def body(self) -> bytes:
        """Return the request's body; refuses with 413 one over the limit."""
        self.request.max_content_length = self.world.settings.body_bytes
        try:
            return self.request.get_data()
        except RequestEntityTooLarge:
            raise gateway(413, TOO_LONG) from None

    def json_object(self) -> Body:
        """Return the request's JSON object."""
        try:
            return Body(json.loads(self.body()))
        except (ValueError, RecursionError):
            raise problem(400, "The body is not valid JSON") from None

    def section(self, discriminator: str) -> Section:
        """Return a section named in the path; refuses with 404 an unknown one, with 403 one out of reach."""
        section = self.account.section_of.get(discriminator)
        if section is None:
            raise problem(404, "There is no such section")
        if section not in self.key.sections(self.account):
            raise problem(403, "The section is not within the reach of this key")
        return section


@dataclass(frozen=True)
class Endpoint:
    """A door of the API: `limit` names the allowance it spends, an open one asks for no token."""

    name: str
    method: str
    path: str
    answers: Callable[..., Response]
    says: str
    limit: str = "calls"
    is_open: bool = False


def bearer(request: Request) -> str:
    """Return the token that a call shows, or the empty text."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def token(context: Context) -> Response:
    """Exchange a key for a token; takes JSON and, as one official client sends it, a form."""
    grant, client_id, secret = context.sign_in()
    if grant != "client_credentials":
        raise problem(400, "grant_type must be client_credentials")

    world, settings, now = context.world, context.world.settings, context.world.clock()
    known = key_named(client_id)
    account = known.account if known else f"unknown {client_id}"
    if not world.limits.spend(account, "tokens", settings.tokens_per_minute, 60, now):
        raise gateway(429, "Too Many Requests")
    key = world.key(client_id)
    if key is None or key.client_secret != secret:
        raise problem(settings.wrong_credentials_status, "The client id or secret is wrong")
    issued = world.tokens.issue(key.client_id, key.account, settings, now)
    return answer({"access_token": issued, "expires_in": settings.token_seconds, "token_type": "Bearer"})


def keyspaces(context: Context) -> Response:
    """List the keyspaces that the key may use."""
    return context.items(
        {
            "discriminator": known.discriminator,
            "name": known.name,
            "manage_subscriptions": known.manage_subscriptions,
        }
        for known in context.key.keyspaces
    )


def channels(context: Context) -> Response:
    """List the channels."""
    return context.items({"discriminator": discriminator, "name": name} for discriminator, name in CHANNELS.items())


def sections(context: Context) -> Response:
    """List the sections within the key's reach."""
    return context.items(
        {"id": section.id, "discriminator": section.discriminator, "name": section.name, "description": None}
        for section in context.key.sections(context.account)
    )


def attributes(context: Context, section: str) -> Response:
    """List the attributes of a section that the key may see."""
    return context.items(
        _with_permissions(
            context, _attribute(attribute), is_writable=attribute.column not in context.key.read_only_columns
        )
        for attribute in context.section(section).attributes
        if context.key.sees(attribute)
    )


def tags(context: Context, section: str) -> Response:
    """List the tags of a section."""
    return context.items(_with_permissions(context, _tag(tag)) for tag in context.section(section).tags)


def events(context: Context, section: str) -> Response:
    """List the kinds of events of a section."""
    return context.items(
        {
            "discriminator": event.discriminator,
            "name": event.name,
            "description": "",
            "versions": [_version(version) | {"schema": _schema(version)} for version in event.versions],
        }
        for event in context.section(section).events
    )


def topics(context: Context, section: str) -> Response:
    """List the topics of a section, across folders."""
    return context.items(_topic(topic) for topic in context.section(section).topics)


def topic_folders(context: Context, section: str) -> Response:
    """List the topic folders of a section; the path is inferred."""
    return context.items(_folder(folder) for folder in context.section(section).folders)


def consent_lists(context: Context, section: str) -> Response:
    """List the consent lists of a section, as Consent 1.0 calls its folders."""
    _refuse_consent_1(context)
    return context.items(_folder(folder) for folder in context.section(section).folders)


def consent_list_topics(context: Context, section: str, consent_list: str) -> Response:
    """List the topics of one consent list."""
    _refuse_consent_1(context)
    found = context.section(section)
    if consent_list not in {folder.discriminator for folder in found.folders}:
        raise problem(404, "There is no such consent list")
    return context.items(
        {"discriminator": topic.discriminator, "name": topic.name}
        for topic in found.topics
        if topic.folder == consent_list
    )


def segments(context: Context) -> Response:
    """List the segments of the account."""
    return context.items(_segment(segment) for segment in context.account.segments)


def segment(context: Context, segment: str) -> Response:
    """Show one segment."""
    return context.json(_segment(_known_segment(context, segment)))


def segment_version(context: Context, segment: str, version: str) -> Response:
    """Show one version of a segment, with its query; the name `definition` is inferred."""
    known = _known_segment(context, segment)
    if version != known.version:
        raise problem(404, "There is no such version")
    return context.json({"id": known.version, "created_at": _CREATED, "definition": known.definition})


def request_consent_export(context: Context) -> Response:
    """Ask for a consent export."""
    table = consent_export.read(*_asked(context), context.world.changes_of(context.key))
    return _requested(context, f"{_REPORTS}/consents", table, has_v2=context.world.settings.url_v2)


def request_segment_export(context: Context) -> Response:
    """Ask for a segment export; its answer holds both poll URLs."""
    table = segment_export.read(*_asked(context), context.world.changes_of(context.key))
    return _requested(context, f"{_REPORTS}/segments", table, has_v2=True)


def request_event_export(context: Context) -> Response:
    """Ask for an event export."""
    world = context.world
    file = event_export.read(context.json_object(), context.account, context.key, world.settings, world.clock())
    return _requested(context, _EXPORTS, file)


def request_import(context: Context, section: str) -> Response:
    """Ask for an import; answers where its file goes, and until when."""
    world = context.world
    wanted = imports.read(context.json_object(), context.section(section), context.account, context.key, world.settings)
    fails = any(fault.answer == "fail" for fault in context.faults)
    made = world.add_import(context.key, wanted, fails=fails)
    if made is None:
        raise problem(429, "Too many imports are pending")
    where = uploads.origin(context.request, world.settings)
    for fault in context.faults:
        if fault.answer == "foreign_url":
            where = fault.origin
    ends = datetime.fromtimestamp(made.ends_at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return context.json(
        {
            "import_id": made.id,
            "file_upload_url": where + uploads.BUCKET,
            "file_upload_body": uploads.fields_of(made),
            "file_upload_url_expires_at": ends,
        },
        world.settings.import_status,
    )


def import_status(context: Context, section: str, import_id: str) -> Response:
    """Show where an import stands, and once it is done what became of its rows."""
    context.section(section)
    world = context.world
    world.changes_of(context.key)
    found = world.imports.get(import_id)
    if found is None or found.account != context.key.account or found.wanted.section.discriminator != section:
        raise problem(404, "There is no such import")
    result: dict[str, Any] = {"status": found.state(world.settings, world.clock())}
    if found.report is not None and result["status"] in (imports.COMPLETED, imports.ERROR):
        result["statistics"] = {"total": sum(found.report.counts.values()), **found.report.counts}
        result["errors"] = found.report.errors
        if found.report.message:
            result["message"] = found.report.message
    return context.json({"import_id": found.id, "result": result})


def get_consents(context: Context, keyspace: str, key: str, section: str) -> Response:
    """Show what one person has consented to, and which of their addresses are suppressed."""
    asked = context.request.args
    channel, address = asked.get("suppression_channel_discriminator"), asked.get("suppression_address")
    known = _keyspace(context, keyspace, key)
    if (channel is None) != (address is None):
        raise problem(400, "suppression_channel_discriminator and suppression_address are used together")
    return context.json(
        consents.told(
            context.account,
            context.section(section),
            known,
            key,
            types=asked.getlist("consent_types"),
            also=(channel, address) if channel and address else None,
            changes=context.world.changes_of(context.key),
            settings=context.world.settings,
        )
    )


def change_consent(context: Context, keyspace: str, key: str, section: str) -> Response:
    """Give one person a consent, or take it away."""
    world, known, body = context.world, _keyspace(context, keyspace, key), context.json_object()
    where = context.section(section)
    if not known.manage_subscriptions:
        raise problem(403, "Consents cannot be managed through this keyspace")
    changes = world.changes_of(context.key)
    wanted = {name: body.text(name) for name in ("topic_discriminator", "channel_discriminator", "type", "reason")}
    with changes.lock:
        number = consents.profile(known, key, changes, world.settings)
        status = consents.change(context.account, where, number, wanted, changes, world.settings)
    return Response(status=status)


def get_attributes(context: Context, keyspace: str, key: str, section: str) -> Response:
    """Show the values of one person's attributes in a section."""
    known, where = _keyspace(context, keyspace, key), context.section(section)
    changes = context.world.changes_of(context.key)
    return context.items(consents.values(where, consents.profile(known, key, changes, context.world.settings), changes))


def _keyspace(context: Context, keyspace: str, key: str) -> Keyspace:
    """Return a keyspace; refuses with 404 an unknown one, with 429 too many calls about one person."""
    known = next((one for one in context.key.keyspaces if one.discriminator == keyspace), None)
    if known is None:
        raise problem(404, "There is no such keyspace")
    world = context.world
    # Per profile, one call after another: the limit that is counted by key.
    if not world.limits.spend(
        f"{context.key.account} {key}", "profile", world.settings.calls_per_profile, 1, world.clock()
    ):
        raise problem(429, "Too many calls for this profile")
    return known


def _asked(context: Context) -> tuple[Body, Account, Key, Settings]:
    return context.json_object(), context.account, context.key, context.world.settings


def poll(context: Context, kind: str, export_id: str) -> Response:
    """Answer 404 while the export is prepared, its file when ready, 410 when gone or never there."""
    return _poll(context, f"{_REPORTS}/{kind}", export_id)


def poll_events(context: Context, export_id: str) -> Response:
    """Answer as a poll of a table does, and 503 for an export whose processing has failed."""
    return _poll(context, _EXPORTS, export_id)


def poll_v2(context: Context, kind: str, export_id: str) -> Response:
    """Answer 202 while the export is prepared, its file when ready, 410 when gone, 404 when never there."""
    export = _found(context, f"{_REPORTS}/{kind}", export_id)
    if export is None:
        raise problem(410 if export_id in context.world.exports else 404, "The file is not available")
    if context.world.clock() < export.ready_at:
        return Response(status=202)
    return _download(context, export)


_SECTION = "/audience/sections/<section>"
_REPORTS = "/audience/profiles/reports"
_EXPORTS = "/audience/profiles/exports"

ENDPOINTS = (
    Endpoint("token", "POST", "/oauth/token", token, "A token for a key, ten a minute.", "none", True),
    Endpoint("keyspaces", "GET", "/audience/keyspaces", keyspaces, "The keyspaces the key may use."),
    Endpoint("channels", "GET", "/audience/channels", channels, "E-mail and SMS."),
    Endpoint("sections", "GET", "/audience/sections", sections, "The sections the key reaches."),
    Endpoint("attributes", "GET", f"{_SECTION}/attributes", attributes, "Attributes and their versions."),
    Endpoint("tags", "GET", f"{_SECTION}/tags", tags, "Tags and their versions."),
    Endpoint("events", "GET", f"{_SECTION}/events", events, "Kinds of events."),
    Endpoint("topics", "GET", f"/v2{_SECTION}/topics", topics, "Topics across folders."),
    Endpoint(
        "topic_folders",
        "GET",
        f"/v2{_SECTION}/topics/folders",
        topic_folders,
        "Topic folders (path inferred).",
    ),
    Endpoint(
        "consent_lists",
        "GET",
        f"{_SECTION}/consent-lists",
        consent_lists,
        "Folders, as Consent 1.0 has them.",
    ),
    Endpoint(
        "consent_list_topics",
        "GET",
        f"{_SECTION}/consent-lists/<consent_list>/topics",
        consent_list_topics,
        "Topics of one folder, as Consent 1.0 has them.",
    ),
    Endpoint("segments", "GET", "/audience/segments", segments, "All segments."),
    Endpoint("segments", "GET", "/audience/segments/", segments, "The same, as an early official client writes it."),
    Endpoint("segment", "GET", "/audience/segments/<segment>", segment, "One segment."),
    Endpoint(
        "segment_version",
        "GET",
        "/audience/segments/<segment>/versions/<version>",
        segment_version,
        "Its query.",
    ),
    Endpoint(
        "consent_export",
        "POST",
        f"{_REPORTS}/consents",
        request_consent_export,
        "Asks for a consent export.",
        "exports",
    ),
    Endpoint(
        "segment_export",
        "POST",
        f"{_REPORTS}/segments",
        request_segment_export,
        "Asks for a segment export.",
        "exports",
    ),
    Endpoint(
        "event_export",
        "POST",
        _EXPORTS,
        request_event_export,
        "Asks for an event export.",
        "event_exports",
    ),
    Endpoint(
        "import",
        "POST",
        f"/v2{_SECTION}/imports",
        request_import,
        "Asks for an import; its file goes to an origin of its own.",
        "imports",
    ),
    Endpoint(
        "import_status",
        "GET",
        f"{_SECTION}/imports/<import_id>",
        import_status,
        "Where an import stands, and what became of its rows.",
    ),
    Endpoint(
        "consents",
        "GET",
        "/v2/audience/keyspaces/<keyspace>/profiles/<path:key>/sections/<section>/consents",
        get_consents,
        "What one person has consented to, and which of their addresses are suppressed.",
    ),
    Endpoint(
        "consent_change",
        "POST",
        "/v2/audience/keyspaces/<keyspace>/profiles/<path:key>/sections/<section>/consents",
        change_consent,
        "Give a consent or take it away: 201 if there was none, 204 if there was one, 409 if it is so already.",
    ),
    Endpoint(
        "values",
        "GET",
        "/audience/keyspaces/<keyspace>/profiles/<path:key>/sections/<section>/attributes",
        get_attributes,
        "The values of one person's attributes.",
    ),
    Endpoint(
        "poll",
        "GET",
        f"{_EXPORTS}/<export_id>",
        poll_events,
        "404 until ready, then the events as JSON; 410 when gone, 503 when they could not be made.",
        "polls",
    ),
    Endpoint(
        "poll",
        "GET",
        f"{_REPORTS}/<kind>/<export_id>",
        poll,
        "404 until ready, then the file; 410 when gone.",
        "polls",
    ),
    Endpoint(
        "poll",
        "GET",
        f"/v2{_REPORTS}/<kind>/<export_id>",
        poll_v2,
        "202 until ready, then the file.",
        "polls",
    ),
)


def _requested(context: Context, where: str, content: Table | EventFile, *, has_v2: bool = False) -> Response:
    fails = isinstance(content, EventFile) and content.fails
    fails = fails or any(fault.answer == "fail" for fault in context.faults)
    export = context.world.add_export(where, context.key, content, fails=fails)
    if export is None:
        raise problem(429, "Too many exports are pending")
    origin = context.request.host_url.rstrip("/")
    for fault in context.faults:
        if fault.answer == "foreign_url":
            parts = urlsplit(fault.origin)
            origin = f"{parts.scheme}://{parts.netloc}"
    path = f"{where}/{export.id}"
    urls = {"file_download_url": origin + path}
    if has_v2:
        urls["file_download_url_v2"] = f"{origin}/v2{path}"
    return context.json(urls, context.world.settings.export_status)


def _poll(context: Context, where: str, export_id: str) -> Response:
    export = _found(context, where, export_id)
    if export is None:
        raise problem(410, "The file is no longer available")
    if context.world.clock() < export.ready_at:
        raise problem(404, "The file is not ready yet")
    if export.fails:
        raise problem(503, "The export could not be processed")
    return _download(context, export)


def _found(context: Context, where: str, export_id: str) -> Export | None:
    export = context.world.exports.get(export_id)
    if export is None or export.path != where or export.account != context.key.account:
        return None
    if context.world.settings.poll_by_same_key and export.client_id != context.key.client_id:
        return None
    return export if context.world.clock() < export.gone_at else None


def _download(context: Context, export: Export) -> Response:
    context.world.calls.rename(context.record, DOWNLOAD)
    context.meet(DOWNLOAD)
    request, settings = context.request, context.world.settings
    squeezes = any(name == "gzip" and quality > 0 for name, quality in request.accept_encodings)
    if settings.prepared:
        return _prepared(request, settings.prepared, JSON if isinstance(export.content, EventFile) else CSV, squeezes)
    kind, blocks = _content(context, export.content)
    response = Response(content_type=kind)
    if squeezes:
        response.headers["Content-Encoding"] = "gzip"
        blocks = gzipped(blocks)
    if settings.content_length:
        file, length = spooled(blocks)
        response.headers["Content-Length"] = str(length)
        blocks = file_blocks(file)
    response.response = blocks
    return response


def _content(context: Context, content: Table | EventFile) -> tuple[str, Iterator[bytes]]:
    """Return the type of a file and its blocks, spoilt where a fault says so."""
    fault = context.faults[-1] if context.faults else None
    if isinstance(content, EventFile):
        return JSON, json_blocks(*spoil_json(fault, content.opening, content.texts(), content.closing))
    rows = spoil_rows(fault, content.rows())
    if context.request.accept_mimetypes.best_match(["text/csv", XLSX], "text/csv") == XLSX:
        return XLSX, file_blocks(xlsx_file(rows))
    return CSV, csv_blocks(rows, "\r\n" if context.world.settings.line_ends == "crlf" else "\n")


def _prepared(request: Request, path: str, kind: str, squeezes: bool) -> Response:
    has_gzip = squeezes and Path(f"{path}.gz").exists()
    try:
        file = (Path(f"{path}.gz") if has_gzip else Path(path)).open("rb")
    except OSError as error:
        raise problem(500, f"The prepared file cannot be read: {error.strerror}") from None
    if squeezes and not has_gzip:
        return Response(gzipped(file_blocks(file)), content_type=kind, headers={"Content-Encoding": "gzip"})
    # The server's own file wrapper sends without copying through Python.
    response = Response(wrap_file(request.environ, file, BLOCK), content_type=kind, direct_passthrough=True)
    if has_gzip:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Length"] = str(os.fstat(file.fileno()).st_size)
    return response


def _refuse_consent_1(context: Context) -> None:
    if context.account.consent == 2 and context.world.settings.block_consent_1:
        raise problem(403, "This account is on Consent 2.0")


def _known_segment(context: Context, discriminator: str) -> Segment:
    if discriminator not in context.account.segment_of:
        raise problem(404, "There is no such segment")
    return context.account.segment_of[discriminator]


def _segment(segment: Segment) -> dict[str, Any]:
    return {
        "discriminator": segment.discriminator,
        "name": segment.name,
        "description": segment.description,
        "versions": [{"id": segment.version, "created_at": _CREATED}],
    }


def _attribute(attribute: Attribute) -> dict[str, Any]:
    return {
        "discriminator": attribute.discriminator,
        "name": attribute.name,
        "description": attribute.description,
        "versions": [_version(version) | {"type": version.type} for version in attribute.versions],
    }


def _tag(tag: Tag) -> dict[str, Any]:
    versions = [_version(version) for version in tag.versions]
    return {"discriminator": tag.discriminator, "name": tag.name, "description": None, "versions": versions}


def _version(version: Version) -> dict[str, Any]:
    return {"id": version.id, "created_at": _CREATED, "deprecated_at": version.deprecated_at}


def _schema(version: Version) -> dict[str, Any]:
    properties = {name: {"type": [kind[:-1], "null"] if kind.endswith("?") else kind} for name, kind in version.fields}
    return {"type": "object", "properties": properties}


def _topic(topic: Topic) -> dict[str, Any]:
    return {
        "discriminator": topic.discriminator,
        "name": topic.name,
        "folder_discriminator": topic.folder,
        "channel_discriminator": topic.channel,
    }


def _folder(folder: Folder) -> dict[str, Any]:
    return {"discriminator": folder.discriminator, "name": folder.name}


def _with_permissions(context: Context, item: dict[str, Any], *, is_writable: bool = True) -> dict[str, Any]:
    if context.request.args.get("include_keyspace_permissions") == "true":
        item["keyspace_permissions"] = [
            {
                "keyspace_discriminator": keyspace.discriminator,
                "permissions": ["READ", "WRITE"] if is_writable and keyspace.manage_subscriptions else ["READ"],
            }
            for keyspace in context.key.keyspaces
        ]
    return item
