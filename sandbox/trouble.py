"""What a fault does to a call: before the work, after it, to the rows, to the body, to the connection."""

import json
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from werkzeug.wrappers import Response
from werkzeug.wsgi import ClosingIterator

from sandbox.answers import Refusal
from sandbox.faults import OF_THE_BODY, Dropped, Fault, Faults
from sandbox.files import BLOCK, CSV, Row, file_blocks, gzipped, spooled

_PAGE = "<!doctype html><html lang=en><title>Sign in</title><p>Your session has ended.</p></html>\n"


def happen(fault: Fault, faults: Faults, expire_tokens: Callable[[], None]) -> None:
    """Do what a fault does to a whole call: wait, raise Dropped, or raise a Refusal with its own answer."""
    match fault.answer:
        case "hold":
            faults.hold(fault)
        case "delay":
            time.sleep(fault.seconds)
        case "drop":
            raise Dropped
        case "expire_tokens":
            expire_tokens()
        case "status":
            raise Refusal(_stated(fault))
        case "empty":
            raise Refusal(Response(status=fault.status or 200))
        case "html":
            raise Refusal(
                _with_headers(Response(_PAGE, fault.status or 200, content_type="text/html; charset=utf-8"), fault)
            )
        case "redirect":
            raise Refusal(Response(status=fault.status or 302, headers={"Location": fault.location}))
        case "gzip_bomb":
            bomb = Response(gzipped(_zeros(fault.bytes)), content_type=CSV, headers={"Content-Encoding": "gzip"})
            raise Refusal(_with_headers(bomb, fault))


def spoil_rows(fault: Fault | None, rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows of a file as a fault leaves them."""
    kind = fault.answer if fault else ""
    if kind == "empty_file":
        return
    for place, row in enumerate(rows):
        if kind == "ragged" and place == 1:
            yield row[:-1] if len(row) > 1 else [*row, "one", "two"]
        elif kind == "ragged" and place == 2:
            yield [*row, "one too many"]
        else:
            yield row
        if kind == "header_only":
            return


def spoil_json(
    fault: Fault | None, opening: str, profiles: Iterator[str], closing: str
) -> tuple[str, Iterator[str], str]:
    """Return the beginning, the profiles and the end of an event export's file as a fault leaves them."""
    nobody: Iterator[str] = iter(())
    match fault.answer if fault else "":
        case "empty_file":
            return "", nobody, ""
        case "header_only":
            return opening, nobody, closing
        case "json":
            assert fault is not None
            return _shaped(fault.shape, opening, profiles, closing)
    return opening, profiles, closing


def _shaped(shape: str, opening: str, profiles: Iterator[str], closing: str) -> tuple[str, Iterator[str], str]:
    match shape:
        case "outer_key":
            return '{"people":{', profiles, "}}"
        case "list":
            return '{"profiles":[', (f"{{{text}}}" for text in profiles), "]}"
        case "null":
            return "null", iter(()), ""
        case "unclosed":
            return opening, profiles, ""
        case "trailing":
            return opening, profiles, f'{closing}\n{{"message": "Endpoint request timed out"}}'
        case "twice":
            first = next(profiles, '"":{}')
            return opening, chain((first, first), profiles), closing
        case "extras":
            # Properties that no page mentions, at every height; a reader has to pass over them.
            return f'{{"metadata":{{"sections":{{}}}},{opening[1:]}', _with(_ODD["extras"], profiles), closing
    return opening, _with(_ODD[shape], profiles), closing


def _with(odd: Iterable[str], profiles: Iterator[str]) -> Iterator[str]:
    """Put odd profiles after the first."""
    yield from islice(profiles, 1)
    yield from odd
    yield from profiles


def _odd(number: int, sections: str) -> str:
    return f'"0dd00000-0000-4000-8000-{number:012}":{{"sections":{sections}}}'


_EVENT = '{"correlationId":"odd","sourceEventTime":0,"typeId":"99120","createdAt":1577836800000,"data":{}}'
_ODD: Mapping[str, tuple[str, ...]] = {
    "types": tuple(
        _odd(number, sections)
        for number, sections in enumerate(
            (
                "[]",
                "null",
                '{"4711":[]}',
                '{"4711":{"attributes":null}}',
                '{"4711":{"attributes":{"1852749":"bare@example.com"}}}',
                '{"4711":{"attributes":{"1852749":{}}}}',
                '{"4711":{"attributes":{"1852749":{"value":["a","b"]}}}}',
                '{"4711":{"attributes":{},"events":{}}}',
                '{"4711":{"attributes":{},"events":["odd",null,7]}}',
                '{"4711":{"attributes":{},"events":[{}]}}',
                '{"4711":{"attributes":{},"events":[' + _EVENT.replace("1577836800000", '"2020-01-01"') + "]}}",
                '{"4711":{"attributes":{},"events":[' + _EVENT.replace('"99120"', "true") + "]}}",
                '{"4711":{"attributes":{},"events":[' + _EVENT.replace("{}", "[1,2]") + "]}}",
                '{"4711":{"attributes":{},"events":[' + _EVENT.replace('"odd"', "null") + "]}}",
            )
        )
    ),
    "strangers": (
        _odd(0, '{"9999999":{"attributes":{"8888888":{"value":"who"}},"events":[]}}'),
        _odd(1, f'{{"4711":{{"attributes":{{}},"events":[{_EVENT.replace("99120", "7777777")}]}}}}'),
    ),
    "control": (_odd(0, '{"4711":{"attributes":{"1852749":{"value":"a\x00b\nc"}}}}'),),
    "utf8": (_odd(0, '{"4711":{"attributes":{"1852749":{"value":"a\udcffb"}}}}'),),
    "surrogate": (_odd(0, '{"4711":{"attributes":{"1852749":{"value":"a\\ud83d b"}}}}'),),
    "deep": (
        _odd(
            0,
            '{"4711":{"attributes":{},"events":['
            + _EVENT.replace("{}", f'{{"a":{"[" * 50_000}{"]" * 50_000}}}')
            + "]}}",
        ),
    ),
    "numbers": (
        _odd(0, '{"4711":{"attributes":{"1852749":{"value":1e999}}}}'),
        _odd(1, f'{{"4711":{{"attributes":{{}},"events":[{_EVENT.replace("1577836800000", "9" * 30)}]}}}}'),
        _odd(2, f'{{"4711":{{"attributes":{{}},"events":[{_EVENT.replace("1577836800000", "-1.5e3")}]}}}}'),
        _odd(3, '{"4711":{"attributes":{"1852749":{"value":0.1000000000000000055511151231257827}}}}'),
    ),
    "extras": (
        '"0dd00000-0000-4000-8000-000000000000":{"isLocked":false,"sections":{"4711":{"name":"Butik","attributes":'
        '{"1852749":{"value":"odd@example.com","history":[{"value":null,"createdAt":0}]}},"events":['
        + _EVENT.replace("{}", '{},"source":{"name":"odd"}')
        + "]}}}",
    ),
}


def spoil_body(fault: Fault, response: Response, faults: Faults) -> Response:
    """Return the answer with its body, or the account of it, as a fault leaves it."""
    if fault.answer not in OF_THE_BODY and fault.when != "during":
        return response
    blocks: Iterable[bytes] = response.iter_encoded()
    if fault.stated_length or fault.answer == "wrong_length":
        file, length = spooled(blocks)
        blocks = file_blocks(file)
        response.headers["Content-Length"] = str(length + (fault.off_by if fault.answer == "wrong_length" else 0))
    elif fault.answer in ("cut", "truncate"):
        del response.headers["Content-Length"]
    shapes = {"truncate": _first, "flip": _flipped, "trickle": _trickled, "cut": _cut, "wrong_length": _ended}
    spoilt = _held(blocks, fault, faults) if fault.when == "during" else shapes[fault.answer](blocks, fault)
    response.direct_passthrough = False
    response.response = ClosingIterator(
        spoilt, [response.response.close] if hasattr(response.response, "close") else None
    )
    return response


def sever(environ: Mapping[str, Any], *, reset: bool) -> None:
    """Close this call's connection, where the server hands it out; a reset discards what is on its way."""
    connection = environ.get("gunicorn.socket")
    if not isinstance(connection, socket.socket):
        return
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _stated(fault: Fault) -> Response:
    if isinstance(fault.body, str):
        return _with_headers(Response(fault.body, fault.status or 500), fault)
    content = json.dumps(fault.body)
    kind = "application/problem+json" if isinstance(fault.body, dict) and "title" in fault.body else "application/json"
    return _with_headers(Response(content, fault.status or 500, content_type=kind), fault)


def _with_headers(response: Response, fault: Fault) -> Response:
    for name, value in fault.headers.items():
        response.headers[name] = str(value)
    return response


def _zeros(many: int) -> Iterator[bytes]:
    for start in range(0, many, BLOCK):
        yield b"0" * min(BLOCK, many - start)


def _first(blocks: Iterable[bytes], fault: Fault) -> Iterator[bytes]:
    left = fault.bytes
    for block in blocks:
        if left <= 0:
            return
        yield block[:left]
        left -= len(block)


def _cut(blocks: Iterable[bytes], fault: Fault) -> Iterator[bytes]:
    yield from _first(blocks, fault)
    raise Dropped


def _ended(blocks: Iterable[bytes], fault: Fault) -> Iterator[bytes]:
    yield from blocks
    # Without the end of the connection a client would wait for the bytes that were promised.
    if fault.off_by > 0:
        raise Dropped


def _flipped(blocks: Iterable[bytes], fault: Fault) -> Iterator[bytes]:
    start = 0
    for block in blocks:
        if start <= fault.bytes < start + len(block):
            place = fault.bytes - start
            block = block[:place] + bytes([block[place] ^ 0xFF]) + block[place + 1 :]
        start += len(block)
        yield block


def _trickled(blocks: Iterable[bytes], fault: Fault) -> Iterator[bytes]:
    size = max(1, fault.bytes)
    for block in blocks:
        for start in range(0, len(block), size):
            yield block[start : start + size]
            time.sleep(fault.seconds)


def _held(blocks: Iterable[bytes], fault: Fault, faults: Faults) -> Iterator[bytes]:
    sent = 0
    for block in blocks:
        if sent <= fault.bytes < sent + len(block):
            place = fault.bytes - sent
            yield block[:place]
            faults.hold(fault)
            yield block[place:]
        else:
            yield block
        sent += len(block)
    if sent <= fault.bytes:
        faults.hold(fault)
