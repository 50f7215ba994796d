import gzip
import os
import socket
import time

import httpx
import pytest
import stamina

from tests.upstream.faultserver import HOLD, KEEP, RESET, FaultServer, Trickle, head, whole
from tests.upstream.vendor import BASE, NOW, Vendor, problem
from upstream import errors, transport
from upstream.answers import Again
from upstream.transport import Request, Timeouts, Transport, read_retry_after

QUICK = Timeouts(read=0.4, silence=0.4, answer=0.6)
JSON = "Content-Type: application/json"
LIST = b'{"items": []}'


def to(vendor, **options):
    return Transport(BASE, vendor="apsis", http=vendor, clock=lambda: NOW, **options)


def read(url=f"{BASE}/x", **facts):
    return Request("GET", url, "definitions.topics", "calls", **facts)


def write(url=f"{BASE}/x"):
    return Request("POST", url, "request.consents", "exports", body={"a": "å"})


@pytest.fixture
def serve():
    """Play scripts on a real socket; where they fall silent, to a transport without patience."""
    held = []

    def start(*scripts):
        server = FaultServer(*scripts)
        server.__enter__()
        is_silent = any(step == HOLD or isinstance(step, Trickle) for script in scripts for step in script)
        there = Transport(server.url, vendor="apsis", timeouts=QUICK if is_silent else None, answer_limit=1000)
        held.extend([there.close, lambda: server.__exit__(None, None, None)])
        return server, there

    yield start
    for close in held:
        close()


# --- addresses ---


@pytest.mark.parametrize(
    "base", ["", "api.apsis.one", "ftp://a.b", "https://u:p@a.b", "https://a.b?x=1", "https://a.b/#x"]
)
def test_a_base_url_is_plain(base):
    with pytest.raises(ValueError, match="base URL"):
        Transport(base, vendor="apsis")


def test_parts_are_encoded(vendor):
    assert to(vendor).url("a/b", "anna@example.com", "100%", "å b", "x?y#z") == (
        f"{BASE}/a%2Fb/anna%40example.com/100%25/%C3%A5%20b/x%3Fy%23z"
    )


def test_a_base_path_stays(vendor):
    assert Transport(f"{BASE}/one/", vendor="apsis", http=vendor).url("x") == f"{BASE}/one/x"


@pytest.mark.parametrize("part", ["", ".", "..", "\ud800"])
def test_a_part_names_something(vendor, part):
    with pytest.raises(ValueError):  # noqa: PT011 (one of two kinds)
        to(vendor).url("audience", part, "topics")


@pytest.mark.processes
def test_encoding_survives_the_wire(serve):
    server, there = serve([whole(LIST)])

    there.ask(read(there.url("a/b", "anna@example.com", "å%2F", "...")))

    assert server.requests[0].target == "/a%2Fb/anna%40example.com/%C3%A5%252F/..."


@pytest.mark.parametrize(
    "url", ["https://evil.test/x", "http://api.apsis.test/x", "/x", f"{BASE}:444/x", f"{BASE}@evil.test"]
)
def test_nothing_is_sent_elsewhere(vendor, url):
    paced = []

    with pytest.raises(errors.ForeignURL) as caught:
        to(vendor, pace=paced.append).ask(read(url), "token")

    assert (vendor.requests, paced, caught.value.maybe_received) == ([], [], False)


# --- what is sent ---


@pytest.mark.processes
def test_only_what_is_needed_is_sent(serve):
    server, there = serve([whole(LIST)])

    there.ask(Request("POST", f"{server.url}/x", "request.consents", "exports", body={"name": "å"}), "the-token")

    (request,) = server.requests
    assert request.method == "POST"
    assert request.body == b'{"name":"\\u00e5"}'
    assert request.headers == {
        "host": server.url.removeprefix("http://"),
        "user-agent": transport.USER_AGENT,
        "accept": "application/json",
        "accept-encoding": "gzip",
        "authorization": "Bearer the-token",
        "content-type": "application/json",
        "content-length": "17",
    }


@pytest.mark.processes
def test_nothing_is_taken_from_the_environment(serve, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("NETRC", os.fspath(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    server, there = serve([whole(LIST)])

    there.ask(read(f"{server.url}/x"))

    assert "authorization" not in server.requests[0].headers


@pytest.mark.processes
def test_connections_are_used_again_and_cookies_are_not(serve):
    server, there = serve([whole(LIST, "Set-Cookie: a=b; Path=/"), KEEP])

    there.ask(read(f"{server.url}/x"))
    there.ask(read(f"{server.url}/x"))

    assert server.connections == 1
    assert "cookie" not in server.requests[1].headers


# --- what comes back ---


@pytest.mark.parametrize("status", [200, 201, 202])
def test_json(vendor, status):
    vendor.says(httpx.Response(status, json={"items": [1]}))

    answer = to(vendor).ask(read())

    assert (answer.status, answer.body) == (status, {"items": [1]})
    assert "items" not in repr(answer)


@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_an_empty_body_is_not_parsed(vendor, body):
    vendor.says(httpx.Response(204, content=body))

    assert to(vendor).ask(read()).body is None


@pytest.mark.parametrize(
    "body",
    [b"<html>", b'{"items": [', b"\xff\xfe\xfa", b"[" * 200_000, b"1" * 5000, b'{"a": 1} trailing'],
    ids=range(6),
)
def test_not_json(vendor, body):
    vendor.says(httpx.Response(200, content=body))

    with pytest.raises(errors.BrokenAnswer) as caught:
        to(vendor).ask(read())

    assert (caught.value.status, caught.value.maybe_received) == (200, False)


def test_a_broken_answer_to_a_write_may_have_been_received(vendor):
    vendor.says(httpx.Response(200, content=b"<html>"))

    with pytest.raises(errors.BrokenAnswer) as caught:
        to(vendor).ask(write())

    assert caught.value.maybe_received


@pytest.mark.processes
def test_packed_json(serve):
    server, there = serve([whole(gzip.compress(LIST, mtime=0), "Content-Encoding: gzip")])

    assert there.ask(read(f"{server.url}/x")).body == {"items": []}


@pytest.mark.processes
@pytest.mark.parametrize(
    "answer",
    [
        whole(b"\x1f\x8bnonsense", "Content-Encoding: gzip"),
        whole(gzip.compress(LIST, mtime=0)[:-12], "Content-Encoding: gzip"),
        whole(LIST, "Content-Encoding: br"),
        whole(LIST, "Content-Encoding: gzip, gzip"),
    ],
    ids=["garbage", "cut", "unasked", "twice"],
)
def test_wrongly_packed_json(serve, answer):
    server, there = serve([answer])

    with pytest.raises(errors.BrokenAnswer):
        there.ask(read(f"{server.url}/x"))


@pytest.mark.processes
@pytest.mark.parametrize(
    "answer",
    [whole(b" " * 1001), whole(gzip.compress(b" " * 500_000, mtime=0), "Content-Encoding: gzip"), head() + b" " * 5000],
    ids=["plain", "packed", "without length"],
)
def test_too_large(serve, answer):
    server, there = serve([answer])

    with pytest.raises(errors.BrokenAnswer) as caught:
        there.ask(read(f"{server.url}/x"))

    assert caught.value.meaning.word == "too_large"


@pytest.mark.processes
def test_a_trickle_ends(serve):
    """Each byte comes in time, the whole does not."""
    server, there = serve([head("Content-Length: 500"), Trickle(b" " * 500, 0.02)])
    started = time.monotonic()

    with pytest.raises(errors.NoAnswer) as caught:
        there.ask(write(f"{server.url}/x"))

    assert caught.value.maybe_received
    assert time.monotonic() - started < 2


@pytest.mark.processes
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Again", "308 There"])
@pytest.mark.parametrize("location", ["{other}/steal", "/elsewhere", "http://[broken", "ftp://x", None])
def test_a_redirect_is_not_followed(serve, status, location):
    other, _ = serve([whole(LIST)])
    lines = [f"Location: {location.format(other=other.url)}"] if location else []
    server, there = serve([whole(b"", *lines, status=status)])

    with pytest.raises(errors.BrokenAnswer) as caught:
        there.ask(read(f"{server.url}/x"), "token")

    assert caught.value.meaning.word == "redirected"
    assert (len(server.requests), other.requests) == (1, [])


@pytest.mark.parametrize(
    ("body", "kind", "detail"),
    [
        (b'{"title": "Forbidden", "status": 403, "detail": "no WRITE"}', errors.NotAllowed, "Forbidden: no WRITE"),
        (b'{"message": "explicit deny"}', errors.CredentialRefused, "explicit deny"),
        (b"", errors.NotAllowed, ""),
        (b"<html>blocked</html>", errors.NotAllowed, ""),
    ],
)
def test_a_refusal_is_told_by_its_body(vendor, body, kind, detail):
    vendor.says(httpx.Response(403, content=body))

    with pytest.raises(kind) as caught:
        to(vendor).ask(read())

    assert (type(caught.value), caught.value.detail) == (kind, detail)


def test_a_refusal_that_repeats_our_secrets_keeps_them_to_itself(vendor):
    vendor.says(httpx.Response(403, json={"title": "No", "detail": "No: s3cret&%/x, S3CRET%26%25%2Fx, the-token."}))

    with pytest.raises(errors.NotAllowed) as caught:
        to(vendor, secrets=["s3cret&%/x"]).ask(read(), "the-token")

    assert caught.value.detail == "No: No: …, …, …."


@pytest.mark.processes
@pytest.mark.parametrize(
    "script",
    [
        [head("Content-Length: 99", status="400 Bad"), RESET],
        [head("Content-Length: 99", status="400 Bad"), HOLD],
        [whole(b"nonsense", "Content-Encoding: gzip", status="400 Bad")],
        [head(status="400 Bad"), b"x" * 500_000],
        [head("Content-Length: 999", status="400 Bad"), Trickle(b"x" * 999, 0.02)],
    ],
    ids=["reset", "silent", "not gzip", "endless", "trickle"],
)
def test_a_refusal_stands_without_its_body(serve, script):
    server, there = serve(script)

    with pytest.raises(errors.BadRequest):
        there.ask(read(f"{server.url}/x"))


# --- no answer ---


@pytest.mark.parametrize(
    ("fault", "maybe"),
    [
        (httpx.ConnectError("x"), False),
        (httpx.ConnectTimeout("x"), False),
        (httpx.PoolTimeout("x"), False),
        (httpx.LocalProtocolError("x"), False),
        (httpx.ReadTimeout("x"), True),
        (httpx.ReadError("x"), True),
        (httpx.WriteError("x"), True),
        (httpx.WriteTimeout("x"), True),
        (httpx.RemoteProtocolError("x"), True),
    ],
)
def test_whether_it_was_received(vendor, fault, maybe):
    vendor.says(fault)

    with pytest.raises(errors.NoAnswer) as caught:
        to(vendor).ask(write())

    assert caught.value.maybe_received is maybe
    assert caught.value.reason == type(fault).__name__
    assert caught.value.meaning.word == ("maybe_received" if maybe else "no_answer")
    assert len(vendor.requests) == 1


@pytest.mark.processes
def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    there = Transport(url, vendor="apsis", timeouts=QUICK)

    with pytest.raises(errors.NoAnswer) as caught:
        there.ask(write(f"{url}/x"))

    assert not caught.value.maybe_received


@pytest.mark.processes
@pytest.mark.parametrize("script", [[RESET], [HOLD], [b"HTTP/1.1 2"], []], ids=["reset", "silent", "cut", "closed"])
def test_a_write_is_not_repeated(serve, script):
    server, there = serve(script)

    with pytest.raises(errors.NoAnswer) as caught:
        there.ask(write(f"{server.url}/x"))

    assert caught.value.maybe_received
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "maybe"), [(400, False), (408, True), (413, False), (429, False), (500, True), (504, True)]
)
def test_trouble_after_a_write(vendor, status, maybe):
    vendor.says(httpx.Response(status))

    with pytest.raises(errors.UpstreamError) as caught:
        to(vendor).ask(write())

    assert caught.value.maybe_received is maybe


# --- tries within a step ---


def test_a_read_is_repeated(vendor):
    vendor.says(httpx.ReadTimeout("x"), httpx.Response(503), httpx.Response(200, json=[]))

    assert to(vendor).ask(read()).body == []
    assert len(vendor.requests) == 3


def test_three_tries_at_most(vendor):
    vendor.says(httpx.Response(500))

    with pytest.raises(errors.VendorTrouble):
        to(vendor).ask(read())

    assert len(vendor.requests) == 3


@pytest.mark.parametrize(
    ("status", "headers", "tries"),
    [
        (429, {}, 1),
        (429, {"Retry-After": "2"}, 3),
        (429, {"Retry-After": "60"}, 1),
        (503, {"Retry-After": "60"}, 1),
        (503, {"Retry-After": "nonsense"}, 3),
        (400, {"Retry-After": "1"}, 1),
    ],
)
def test_retry_after_is_honoured_or_left_to_the_caller(vendor, status, headers, tries):
    vendor.says(httpx.Response(status, headers=headers))

    with pytest.raises(errors.UpstreamError):
        to(vendor).ask(read())

    assert len(vendor.requests) == tries


def test_retry_after_is_told(vendor):
    vendor.says(httpx.Response(429, headers={"Retry-After": "60"}))

    with pytest.raises(errors.Throttled) as caught:
        to(vendor).ask(read())

    assert caught.value.retry_after == 60


def test_the_wait_is_what_was_asked(vendor, monkeypatch):
    waits = []
    monkeypatch.setattr("time.sleep", waits.append)
    vendor.says(httpx.Response(503, headers={"Retry-After": "2"}), httpx.Response(503), httpx.Response(200, json=[]))

    with stamina.set_testing(False):
        to(vendor).ask(read())

    assert 2 < waits[0] < 3
    assert 0.5 < waits[1] < 4


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        ("5", 5),
        (" 5 ", 5),
        ("0", 0),
        ("-5", None),
        ("1e5", None),
        ("٣", None),
        ("999999999999999999999999", 86400),
        ("Thu, 09 Oct 2025 08:53:30 GMT", 10),
        ("Thu, 09 Oct 2025 08:53:10 GMT", 0),
        ("Thu, 99 Oct 2025", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86400),
        ("soon", None),
    ],
)
def test_read_retry_after(header, expected):
    assert read_retry_after(header, NOW) == expected


# --- pace ---


def test_every_attempt_takes_a_slot(vendor):
    lanes = []
    vendor.says(httpx.Response(503), httpx.Response(200, json=[]))

    to(vendor, pace=lanes.append).ask(read())

    assert lanes == ["calls", "calls"]


def test_no_slot_goes_to_the_caller_at_once(vendor):
    def full(lane):
        raise errors.NoSlot(4.0)

    with pytest.raises(errors.NoSlot) as caught:
        to(vendor, pace=full).ask(read())

    assert (caught.value.retry_after, str(caught.value)) == (4.0, "GET definitions.topics: no status")
    assert caught.value.meaning.again is Again.SAME
    assert vendor.requests == []


# --- holding open ---


@pytest.mark.processes
def test_open_reads_no_body(serve):
    server, there = serve([head("Content-Type: text/csv", "Content-Length: 5"), HOLD])

    with there.open(Request("GET", f"{server.url}/x", "poll.consents", "polls", style="old"), "t") as (meaning, stream):
        assert (meaning.outcome, stream.length, stream.received) == ("ok", 5, 0)


def test_open_tells_how_long_to_wait(vendor):
    vendor.says(httpx.Response(202, headers={"Retry-After": "30"}))

    with to(vendor).open(Request("GET", f"{BASE}/x", "poll.consents", "polls", style="v2"), "t") as (meaning, stream):
        assert (meaning.outcome, stream.retry_after) == ("wait", 30)


class Closing(Vendor):
    closed = False

    def close(self):
        self.closed = True


def test_a_network_that_was_given_stays_open():
    given = Closing()

    to(given).close()

    assert not given.closed


def test_requests_tell_nothing_of_their_inside():
    request = Request("POST", f"{BASE}/secret", "token", "tokens", body={"client_secret": "secret"})

    assert repr(request) == "<Request POST token>"


def test_a_refusal_reads_like_one(vendor):
    vendor.says(problem(400, "start_at is required"))

    with pytest.raises(errors.BadRequest) as caught:
        to(vendor).ask(read())

    assert str(caught.value) == "GET definitions.topics: 400"
