"""Looking for words where they must not be: in whatever way they may be spelled, and in what is packed."""

from __future__ import annotations

import base64
import html
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis
from django.db import connection

DEEP = 3  # layers of packing that are looked through
MOST_UNPACKED = 20_000_000  # bytes of one packed piece
ADDRESS = re.compile(rb"[a-z0-9.+_-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}")


@dataclass(frozen=True)
class Sought:
    """A word that is looked for; `what` it is stands in the failure, the word itself does not.

    The places it may be in are named one by one: `database accounts_user.email`.
    """

    what: str
    word: str
    allowed: frozenset[str] = frozenset()


def spellings(word: str) -> dict[str, bytes]:
    """Return every way in which a program may have written a word down."""
    raw = word.encode()
    spelled = {
        "plain": raw,
        "capitals": word.upper().encode(),
        "small letters": word.lower().encode(),
        "of a URL": quote(word, safe="").encode(),
        "of a URL, small": re.sub(r"%..", lambda found: found[0].lower(), quote(word, safe="")).encode(),
        "of a form": quote(word, safe=" ").replace(" ", "+").encode(),
        "of JSON": json.dumps(word)[1:-1].encode(),
        "of HTML": html.escape(word).encode(),
        "of Unicode escapes": "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in word).encode(),
        "UTF-16": word.encode("utf-16-le"),
        "UTF-16, big end first": word.encode("utf-16-be"),
        "hex": raw.hex().encode(),
        "hex, capitals": raw.hex().upper().encode(),
    }
    for offset in range(3):
        spelled[f"base64, {offset} after"] = _aligned(raw, offset)
        spelled[f"base64 of a URL, {offset} after"] = _aligned(raw, offset).translate(bytes.maketrans(b"+/", b"-_"))
    return spelled


def _aligned(raw: bytes, offset: int) -> bytes:
    """Return what is the same in base64 whatever stands around, where so many bytes stand before in its three."""
    coded = base64.b64encode(b"\0" * offset + raw + b"\0" * 2)
    return coded[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]


def layers(data: bytes, deep: int = DEEP) -> Iterator[bytes]:
    """Yield the bytes, and what is packed or coded in them."""
    yield data
    if not deep:
        return
    for found in _ZLIB.finditer(data):
        with suppress(zlib.error):
            # 32 more: whether it is gzip or bare zlib shows by itself.
            unpacked = zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(data[found.start() :], MOST_UNPACKED)
            if len(unpacked) > 8:
                yield from layers(unpacked, deep - 1)
    coded = b"\n".join(map(_decoded, _BASE64.findall(data)))
    if coded:
        yield from layers(coded, deep - 1)


def _decoded(text: bytes) -> bytes:
    """Return what stands in base64, of either kind, with or without its end."""
    return base64.b64decode(text[: len(text) // 4 * 4].translate(bytes.maketrans(b"-_", b"+/")))


def found(places: Iterable[tuple[str, bytes]], sought: Iterable[Sought], members: frozenset[bytes]) -> list[str]:
    """Return where something was found that may not be there. `members` are addresses that may be nowhere at all."""
    looked_for = [(one, spellings(one.word)) for one in sought]
    leaks = set()
    for place, data in places:
        for layer in layers(data):
            for one, spelled in looked_for:
                if place not in one.allowed:
                    leaks |= {f"{one.what} ({name}) in {place}" for name, text in spelled.items() if text in layer}
            if members.intersection(ADDRESS.findall(layer.lower())):
                leaks.add(f"somebody's address in {place}")
    return sorted(leaks)


# ── Where a desk keeps things ────────────────────────────────────────────────────────────────────────────────


def rows() -> Iterator[tuple[str, bytes]]:
    """Yield each column of each table of the database."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            told = cursor.fetchall()
            for number, column in enumerate(cursor.description):
                yield f"database {table}.{column[0]}", b"\n".join(_bytes(row[number]) for row in told)


def keys(server: redis.Redis) -> Iterator[tuple[str, bytes]]:
    """Yield each key of each database of a Redis with all that it holds."""
    for number in server.info("keyspace"):
        database = redis.Redis(connection_pool=redis.ConnectionPool(**_pool(server, int(number.removeprefix("db")))))
        for key in database.scan_iter():
            held = (key, database.dump(key) or b"", *_held(database, key))
            yield f"Redis {number} {key.decode(errors='replace')}", b"\n".join(held)
        database.close()


def _pool(server: redis.Redis, number: int) -> dict[str, object]:
    pool = server.connection_pool
    return {**pool.connection_kwargs, "db": number, "connection_class": pool.connection_class}


def _held(database: redis.Redis, key: bytes) -> Iterator[bytes]:
    match database.type(key):
        case b"string":
            yield database.get(key) or b""
        case b"list":
            yield from database.lrange(key, 0, -1)
        case b"set":
            yield from database.smembers(key)
        case b"zset":
            yield from database.zrange(key, 0, -1)
        case b"hash":
            for field, value in database.hgetall(key).items():
                yield field + b"\n" + value
        case kind:
            raise AssertionError(f"nobody here reads a {kind!r}")


def files(folder: Path, *, name: str, but: Iterable[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Yield each file below a folder, its name too; none of those below what is left out."""
    left_out = tuple(folder / path for path in but)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(path.is_relative_to(other) for other in left_out):
            yield f"{name} {path.relative_to(folder)}", str(path).encode() + b"\n" + path.read_bytes()


def _bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
