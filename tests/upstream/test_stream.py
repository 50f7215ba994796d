"""A file over a real socket: every way in which it can stop being one."""

import gzip
import time
import zlib

import httpx
import pytest

from tests.upstream.faultserver import HOLD, RESET, FaultServer, Pause, Trickle, chunked, head, whole
from upstream import errors
from upstream.stream import CHUNK, Stream, encoding, framing, media_type
from upstream.transport import Request, Timeouts, Transport

pytestmark = pytest.mark.processes

CSV = "Content-Type: text/csv;charset=UTF-8;header=present"
BODY = b"export_key,Email\r\nabc,a@b.c\r\n"
BY_LENGTH = head(CSV, f"Content-Length: {len(BODY)}") + BODY
BY_CHUNKS = head(CSV, "Transfer-Encoding: chunked") + chunked(BODY[:10], BODY[10:])
PATIENT = Timeouts(silence=10.0)
QUICK = Timeouts(silence=0.4)


@pytest.fixture(scope="module")
def server():
    with FaultServer() as server:
        yield server


@pytest.fixture
def fetch(server, monkeypatch):
    """Fetch one file by a script; hand back its pieces and the stream."""
    # The tries within a step are another test's.
    monkeypatch.setattr("upstream.transport.ATTEMPTS", 1)
    transport = Transport(server.url, vendor="apsis", timeouts=PATIENT)
    request = Request("GET", f"{server.url}/file", "download.consents", "polls", style="old")

    def fetch_one(*script, size=CHUNK, timeouts=PATIENT):
        monkeypatch.setattr(transport, "_timeouts", timeouts)
        server.play(script)
        with transport.open(request, "token") as (_, stream):
            return list(stream.chunks(size)), stream

    yield fetch_one
    transport.close()


@pytest.mark.parametrize("answer", [BY_LENGTH, BY_CHUNKS], ids=["length", "chunked"])
def test_whole(fetch, answer):
    pieces, stream = fetch(answer)

    assert b"".join(pieces) == BODY
    assert stream.received == len(BODY)
    assert (stream.media_type, stream.encoding) == ("text/csv", None)
    assert (stream.framing, stream.length) in [("length", len(BODY)), ("chunked", None)]


def body_starts(answer):
    return answer.index(b"\r\n\r\n") + 4


CUTS = [
    pytest.param(answer, cut, ending, id=f"{name}-{cut}-{'reset' if ending else 'closed'}")
    for name, answer in (("length", BY_LENGTH), ("chunked", BY_CHUNKS))
    for cut in range(len(answer))
    for ending in ((), (RESET,))
    # A reset costs its moment; within the head every eighth byte will do.
    if not ending or cut >= body_starts(answer) - 4 or cut % 8 == 0
]


@pytest.mark.parametrize(("answer", "cut", "ending"), CUTS)
def test_cut_at_any_byte(fetch, answer, cut, ending):
    expected = errors.NoAnswer if cut < body_starts(answer) else errors.CutShort

    # A reset also takes back what had arrived and was not read yet, on a slow machine the head of the answer.
    with pytest.raises((expected, errors.NoAnswer) if ending else expected) as caught:
        fetch(answer[:cut], *ending)

    assert caught.value.transient
    assert caught.value.maybe_received == isinstance(caught.value, errors.NoAnswer)


def test_end_of_connection_is_the_only_sign(fetch):
    """Without a length nor chunks a cut cannot be told from the end: the stream says so, the reader must check."""
    pieces, stream = fetch(head(CSV, "Connection: close") + BODY)

    assert b"".join(pieces) == BODY
    assert (stream.framing, stream.length) == ("close", None)


def test_more_than_the_length_is_not_read(fetch):
    pieces, _ = fetch(BY_LENGTH + b"and more")

    assert b"".join(pieces) == BODY


@pytest.mark.parametrize(
    "broken",
    [b"zz\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloXX0\r\n\r\n", b"5\r\nhello\r\n-1\r\n\r\n", b"\r\n\r\n"],
)
def test_broken_chunks(fetch, broken):
    with pytest.raises(errors.CutShort):
        fetch(head(CSV, "Transfer-Encoding: chunked") + broken)


@pytest.mark.parametrize("length", ["-5", "five", "5, 6", "1" * 30])
def test_a_length_that_is_none(fetch, length):
    with pytest.raises((errors.NoAnswer, errors.CutShort)):
        fetch(head(CSV, f"Content-Length: {length}") + BODY)


@pytest.mark.parametrize(
    "garbage",
    [b"hello\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x16\x03\x01\x02\x00", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"],
)
def test_not_http(fetch, garbage):
    with pytest.raises(errors.NoAnswer) as caught:
        fetch(garbage)

    assert caught.value.maybe_received


def test_silence_before_the_answer(fetch):
    with pytest.raises(errors.NoAnswer) as caught:
        fetch(HOLD, timeouts=QUICK)

    assert (caught.value.reason, caught.value.maybe_received) == ("ReadTimeout", True)


def test_silence_within_the_file(fetch):
    with pytest.raises(errors.NoAnswer) as caught:
        fetch(BY_LENGTH[:-5], HOLD, timeouts=QUICK)

    assert caught.value.status == 200


def test_empty_file(fetch):
    with pytest.raises(errors.BrokenAnswer) as caught:
        fetch(whole(b"", CSV))

    assert caught.value.meaning.word == "empty"


def test_bytes_come_as_they_were_sent(fetch):
    packed = gzip.compress(BODY)

    pieces, stream = fetch(whole(packed, CSV, "Content-Encoding: GZIP"))

    assert b"".join(pieces) == packed
    assert (stream.encoding, stream.length) == ("gzip", len(packed))


def test_gzip_garbage_passes_untouched(fetch):
    """What is inside is checked by whoever unpacks it."""
    pieces, _ = fetch(whole(b"\x1f\x8bnonsense", CSV, "Content-Encoding: gzip"))

    assert b"".join(pieces) == b"\x1f\x8bnonsense"
    with pytest.raises(zlib.error):
        zlib.decompressobj(31).decompress(pieces[0])


def test_pieces_are_gathered(fetch):
    body = bytes(1_000_000)

    pieces, _ = fetch(whole(body, CSV), size=256 * 1024)

    assert b"".join(pieces) == body
    assert all(256 * 1024 <= len(piece) < 384 * 1024 for piece in pieces[:-1])


def test_a_slow_file_is_handed_on_in_time(fetch, monkeypatch):
    monkeypatch.setattr("upstream.stream.PATIENCE", 0.02)
    started = time.monotonic()

    pieces, _ = fetch(BY_LENGTH[: -len(BODY)], Trickle(BODY, 0.01))

    assert b"".join(pieces) == BODY
    assert len(pieces) > 3
    assert time.monotonic() - started < 5


def test_pauses_shorter_than_silence_are_fine(fetch):
    pieces, _ = fetch(BY_LENGTH[:-5], Pause(0.05), BY_LENGTH[-5:])

    assert b"".join(pieces) == BODY


def in_memory(headers, content):
    return Stream(
        httpx.Response(200, headers=headers, content=content), vendor="apsis", method="GET", call="download.x"
    )


@pytest.mark.parametrize("declared", ["3", "5"])
def test_a_transport_in_memory_is_measured_too(declared):
    stream = in_memory({"Content-Length": declared}, iter([b"ab", b"cd"]))

    with pytest.raises(errors.CutShort):
        list(stream.chunks())


def test_repr_tells_little():
    assert repr(in_memory({"Content-Type": "text/csv"}, b"anna")) == "<Stream GET download.x: text/csv plain 0>"


@pytest.mark.parametrize(
    ("header", "expected"),
    [("text/csv", "text/csv"), ("TEXT/CSV ; charset=x", "text/csv"), ("", ""), (";", "")],
)
def test_media_type(header, expected):
    assert media_type(header) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        (" GZip ", "gzip"),
        ("x-gzip", "gzip"),
        ("br", "br"),
        ("gzip, gzip", "gzip, gzip"),
    ],
)
def test_encoding(header, expected):
    assert encoding(header) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, ("close", None)),
        ({"content-length": "5"}, ("length", 5)),
        ({"content-length": "x"}, ("close", None)),
        ({"transfer-encoding": "Chunked", "content-length": "5"}, ("chunked", None)),
    ],
)
def test_framing(headers, expected):
    assert framing(httpx.Headers(headers)) == expected
