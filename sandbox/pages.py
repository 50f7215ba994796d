"""The page at / that says what the sandbox offers and how things stand now."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from html import escape
from pathlib import Path
from string import Template

from werkzeug.wrappers import Request, Response

from sandbox.apsis import ENDPOINTS
from sandbox.control import CONTROLS
from sandbox.definitions import EMAIL, KEYS, SMS, Account, Section, accounts_for
from sandbox.faults import KINDS
from sandbox.settings import Settings
from sandbox.world import World

_HERE = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_SHOWN = 30
_LIMITS = {
    "none": "tokens_per_minute",
    "calls": "calls_per_second",
    "exports": "exports_per_second",
    "event_exports": "event_exports_per_minute",
    "imports": "imports_per_minute",
    "polls": "polls_per_minute",
}

_ASK_SECTIONS = """\
TOKEN=$$(curl -s $base/oauth/token -H 'Content-Type: application/json' -d '
  {"grant_type": "client_credentials", "client_id": "demo-anna", "client_secret": "demo-anna-secret"}' \\
  | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
curl -s $base/audience/sections -H "Authorization: Bearer $$TOKEN\""""

_ASK_EXPORT = """\
URL=$$(curl -s $base/audience/profiles/reports/consents -H "Authorization: Bearer $$TOKEN" -d '
  {"section_discriminator": "$section",
   "topic_discriminators": ["$topic"],
   "channels": [{"field_name": "EmailConsent", "channel_discriminator": "$email"},
                {"field_name": "SmsConsent", "channel_discriminator": "$sms"}],
   "attributes": [{"field_name": "Email", "attribute_version_id": "$attribute"}],
   "segments": {"timezone": "Europe/Stockholm", "segment_discriminators": {"women": "$segment"}}}' \\
  | python3 -c 'import json, sys; print(json.load(sys.stdin)["file_download_url"])')
until curl -sf "$$URL" -H "Authorization: Bearer $$TOKEN" -o consents.csv; do sleep 2; done
head consents.csv"""

_ASK_EVENTS = """\
URL=$$(curl -s $base/audience/profiles/exports -H "Authorization: Bearer $$TOKEN" -d '
  {"start_at": "2025-05-01T00:00:00Z", "end_at": "2025-06-01T00:00:00Z",
   "segment_filter": {"segment_discriminator": "$segment", "timezone": "Europe/Stockholm"},
   "attributes": [{"attribute_version_id": "$attribute"}],
   "tags": [{"tag_version_id": "$tag"}],
   "events": [{"event_version_id": "$booking"}, {"event_version_id": "$opened"}],
   "include_topic_state": true}' \\
  | python3 -c 'import json, sys; print(json.load(sys.stdin)["file_download_url"])')
until curl -sf --compressed "$$URL" -H "Authorization: Bearer $$TOKEN" -o events.json; do sleep 2; done
python3 -m json.tool --no-ensure-ascii events.json | head -80"""

_ASK_FAULT = """\
curl -s $base/_sandbox/faults -d '{"endpoint": "download", "answer": "cut", "bytes": 20000}'"""


def respond(world: World, request: Request, path: str) -> Response | None:
    """Answer the page and its stylesheet, or None for every other path."""
    if request.method not in ("GET", "HEAD"):
        return None
    if path == "/":
        return Response(_page(world, request), content_type="text/html; charset=utf-8", headers=_HEADERS)
    if path == "/style.css":
        style = (_HERE / "style.css").read_bytes()
        return Response(style, content_type="text/css; charset=utf-8", headers=_HEADERS)
    if path == "/favicon.ico":
        return Response(status=204)
    return None


def _page(world: World, request: Request) -> str:
    base = request.host_url.rstrip("/")
    accounts = accounts_for(world.settings)
    return Template((_HERE / "page.html").read_text(encoding="utf-8")).substitute(
        base=escape(base),
        profiles=f"{world.settings.profiles:,}",
        keys=_keys(world),
        ask_sections=_lines(_ASK_SECTIONS, base=base),
        ask_export=_ask_export(base, accounts["Nordlys Handel"]),
        ask_events=_ask_events(base, accounts["Nordlys Handel"]),
        ask_fault=_lines(_ASK_FAULT, base=base),
        endpoints=_endpoints(),
        definitions="".join(_account(account) for account in accounts.values()),
        switches=_switches(world),
        faults=_faults(world),
        kinds=_kinds(),
        controls=_controls(),
    )


def _ask_export(base: str, account: Account) -> str:
    section = account.sections[0]
    return _lines(
        _ASK_EXPORT,
        base=base,
        section=section.discriminator,
        topic=section.topics[0].discriminator,
        email=EMAIL,
        sms=SMS,
        attribute=section.attributes[0].versions[-1].id,
        segment=account.segments[0].discriminator,
    )


def _ask_events(base: str, account: Account) -> str:
    section = account.sections[0]
    return _lines(
        _ASK_EVENTS,
        base=base,
        segment=account.segments[0].discriminator,
        attribute=section.attributes[0].versions[-1].id,
        tag=section.tags[0].versions[0].id,
        booking=section.events[0].versions[0].id,
        opened=section.events[2].versions[0].id,
    )


def _keys(world: World) -> str:
    rows = []
    for name, key in KEYS.items():
        state = "works" if world.key(name) else "refused" if key.is_refused else "deleted"
        rows.append((_code(name), _code(key.client_secret), escape(key.account), escape(key.says), state))
    return _table(("client_id", "client_secret", "Account", "Reach", "Now"), rows)


def _endpoints() -> str:
    rows = [
        (_code(door.name), _code(f"{door.method} {door.path}"), escape(door.says), _code(_LIMITS[door.limit]))
        for door in ENDPOINTS
    ]
    return _table(("Name", "Call", "What", "Limit"), rows)


def _account(account: Account) -> str:
    segments = [(_text(segment.name), _code(segment.discriminator)) for segment in account.segments]
    return (
        f"<h3>{escape(account.name)}, Consent {account.consent}.0</h3>\n"
        + _details(f"{len(segments):,} segments", ("Name", "Discriminator"), segments)
        + "".join(_definitions(section) for section in account.sections)
    )


def _definitions(section: Section) -> str:
    folders = {folder.discriminator: folder.name for folder in section.folders}
    attributes = []
    for attribute in section.attributes:
        versions = (f"<s>{v.id}</s>" if v.deprecated_at else _code(v.id) for v in attribute.versions)
        attributes.append((_text(attribute.name), ", ".join(versions), escape(attribute.versions[-1].type)))
    events = [
        (
            _text(event.name),
            f"<s>{version.id}</s>" if version.deprecated_at else _code(version.id),
            escape(", ".join(name for name, _ in version.fields)),
        )
        for event in section.events
        for version in event.versions
    ]
    topics = [
        (_text(topic.name), _text(folders[topic.folder]), topic.channel or "any", _code(topic.discriminator))
        for topic in section.topics
    ]
    tags = [(_text(tag.name), _code(tag.versions[0].id)) for tag in section.tags]
    return (
        f"<h4>Section {escape(section.name)} {_code(section.discriminator)}</h4>\n"
        + _details(f"{len(attributes):,} attributes", ("Name", "Versions", "Type"), attributes)
        + _details(
            f"{len(topics)} topics in {len(folders)} folders",
            ("Name", "Folder", "Channel", "Discriminator"),
            topics,
        )
        + _details(f"{len(tags)} tags", ("Name", "Version"), tags)
        + _details(
            f"{len(section.events)} kind{'s' if len(section.events) != 1 else ''} of events",
            ("Name", "Version", "Data"),
            events,
        )
    )


def _switches(world: World) -> str:
    defaults, rows = Settings(), []
    for switch in fields(Settings):
        now = getattr(world.settings, switch.name)
        shown = _code(str(now).lower() if isinstance(now, bool) else repr(now))
        if now != getattr(defaults, switch.name):
            shown = f"<mark>{shown}</mark>"
        mark = switch.metadata["mark"]
        says = f'{escape(switch.metadata["says"])} <small class="{mark}">{mark}</small>'
        rows.append((_code(switch.name), shown, says))
    return _table(("Switch", "Now", "What"), rows)


def _faults(world: World) -> str:
    rows = [
        (
            str(fault.id),
            _code(fault.endpoint),
            _code(fault.answer),
            str(fault.times - fault.met) if fault.times else "until cleared",
            str(fault.holding),
        )
        for fault in world.faults.all()
    ]
    return _table(("Id", "Endpoint", "Answer", "Calls left", "Held now"), rows) if rows else "<p>None.</p>\n"


def _kinds() -> str:
    rows = [
        (_code(kind), escape(says), ", ".join(_code(name) for name in takes) or "nothing")
        for kind, (says, takes) in KINDS.items()
    ]
    return _table(("Answer", "What happens", "Takes"), rows)


def _controls() -> str:
    rows = []
    for methods, parts, pattern, answers in CONTROLS:
        call = f"{methods.replace(' ', ', ')} /_sandbox/{'/'.join(parts)}{'/…' if pattern else ''}"
        rows.append((_code(call), escape(answers.__doc__ or "")))
    return _table(("Call", "What"), rows)


def _details(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    more = len(rows) - _SHOWN
    rest = f"<p>… and {more:,} more; the API lists them all.</p>\n" if more > 0 else ""
    return f"<details><summary>{escape(title)}</summary>\n{_table(heads, rows[:_SHOWN])}{rest}</details>\n"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return (
        f'<div class="wide" tabindex="0"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>\n"
    )


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _text(text: str) -> str:
    # Names may be written from right to left; they must not turn their neighbours around.
    return f"<bdi>{escape(text)}</bdi>"


def _lines(template: str, **values: str) -> str:
    return f'<pre tabindex="0"><code>{escape(Template(template).substitute(values))}</code></pre>\n'
