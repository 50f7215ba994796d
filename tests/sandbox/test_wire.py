"""What only a real socket shows: framing, cuts, resets, holds, percent-encoding."""

import gzip
import html
import re
import shutil
import socket
import subprocess
import threading
import time as clock
from urllib.parse import quote, urlsplit

import httpx
import pytest

pytestmark = pytest.mark.processes


def raw(wire, url):
    """Send a GET by hand and return every byte of the answer, up to the end of the connection."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        connection.sendall(
            f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {wire.token}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        received = b""
        while block := connection.recv(65_536):
            received += block
    return received


def test_downloads_are_chunked_by_default_and_have_a_length_by_switch(wire):
    url = wire.poll_url()
    answer = wire.get(url)
    assert answer.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in answer.headers
    wire.switch(content_length=True)
    again = wire.get(url)
    assert int(again.headers["content-length"]) == len(again.content)
    assert again.content == answer.content


def test_gzip_comes_over_the_wire_as_gzip(wire):
    url = wire.poll_url()
    headers = {"Authorization": f"Bearer {wire.token}", "Accept-Encoding": "gzip"}
    with wire.http.stream("GET", url, headers=headers) as answer:
        content = b"".join(answer.iter_raw())
    assert gzip.decompress(content) == wire.get(url).content


@pytest.mark.parametrize("stated", [False, True])
def test_a_cut_is_a_real_cut(wire, stated):
    url = wire.poll_url()
    whole = len(wire.get(url).content)
    wire.fault("download", "cut", bytes=5_000, stated_length=stated, times=2)
    with pytest.raises(httpx.RemoteProtocolError):
        wire.get(url)
    received = raw(wire, url)
    head, _, body = received.partition(b"\r\n\r\n")
    assert (f"Content-Length: {whole}".encode() in head) is stated
    assert (b"chunked" in head) is not stated
    assert not body.endswith(b"0\r\n\r\n")
    assert 5_000 <= len(body) < 5_100
    assert wire.get(url).status_code == 200


def test_a_cut_with_a_reset(wire):
    url = wire.poll_url()
    wire.fault("download", "cut", bytes=5_000, reset=True)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        wire.get(url)


def test_a_dropped_connection_is_closed_without_a_byte(wire):
    wire.fault("consent_export", "drop")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        wire.ask()
    wire.fault("sections", "drop", reset=True)
    with pytest.raises(httpx.ReadError):
        wire.get("/audience/sections")


def test_a_wrong_length(wire):
    url = wire.poll_url()
    whole = wire.get(url).content
    wire.fault("download", "wrong_length", off_by=10)
    with pytest.raises(httpx.RemoteProtocolError):
        wire.get(url)
    wire.fault("download", "wrong_length", off_by=-10)
    assert wire.get(url).content == whole[:-10]
    assert wire.get(url).content == whole


def test_a_trickle(wire):
    url = wire.poll_url()
    wire.fault("download", "trickle", bytes=20_000, seconds=0.02)
    start = clock.monotonic()
    assert len(wire.get(url).content) > 100_000
    assert clock.monotonic() - start > 0.1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_hold_lasts_until_released(wire, server, when):
    wire.switch(prepare_seconds=600.0, pending_exports=1)
    number = wire.fault("consent_export", "hold", when=when)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(wire.ask()))
    thread.start()
    with httpx.Client(base_url=server) as other:
        assert other.get(f"/_sandbox/faults/{number}?wait=5").json()["holding"] == 1
        assert other.get("/_sandbox/calls").json()["last"][-1]["status"] is None
        assert answers == []
        assert other.post("/_sandbox/release", json={"id": number}).json() == {"released": 1}
    thread.join(5)
    assert answers[0].status_code == 202


def test_a_held_call_can_be_dropped_after_its_work(wire, server):
    wire.switch(prepare_seconds=600.0, pending_exports=1)
    number = wire.fault("consent_export", "hold", when="after")
    errors = []

    def ask():
        try:
            wire.ask()
        except httpx.RemoteProtocolError as error:
            errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    with httpx.Client(base_url=server) as other:
        other.get(f"/_sandbox/faults/{number}?wait=5")
        other.post("/_sandbox/release", json={"drop": True})
    thread.join(5)
    assert len(errors) == 1
    assert wire.ask().status_code == 429  # the export was made


def test_a_hold_in_the_middle_of_a_body(wire, server):
    url = wire.poll_url()
    whole = wire.get(url).content
    number = wire.fault("download", "hold", when="during", bytes=50_000)
    headers = {"Authorization": f"Bearer {wire.token}", "Accept-Encoding": "identity"}
    with wire.http.stream("GET", url, headers=headers) as answer:
        blocks = answer.iter_raw()
        received = b""
        while len(received) < 50_000:
            received += next(blocks)
        assert received == whole[:50_000]
        with httpx.Client(base_url=server) as other:
            assert other.get(f"/_sandbox/faults/{number}?wait=5").json()["holding"] == 1
            other.post("/_sandbox/release")
        received += b"".join(blocks)
    assert received == whole


def test_percent_encoded_slashes_stay_in_their_part(wire):
    name = quote("a/b%c d", safe="")
    # A known endpoint with an unknown section, and not an unknown path.
    assert wire.get(f"/audience/sections/{name}/tags").json()["status"] == 404
    dotted = "com%2Eapsis1.sections.default"
    assert raw(wire, f"{wire.http.base_url}/audience/sections/{dotted}/tags".replace("//aud", "/aud")).startswith(
        b"HTTP/1.1 200"
    )


def test_a_body_too_big_is_refused_before_it_is_read(wire, server):
    parts = urlsplit(server)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        connection.sendall(
            f"POST /audience/profiles/reports/consents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {wire.token}\r\n"
            "Content-Length: 100001\r\n\r\n".encode()
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_a_prepared_file_goes_out_fast_and_whole(wire, tmp_path):
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.write(b"export_key,Email\n")
        file.write(b"k,anna@example.com\n" * 3_000_000)
    wire.switch(prepared=str(path))
    url = wire.poll_url()
    headers = {"Authorization": f"Bearer {wire.token}", "Accept-Encoding": "identity"}
    with wire.http.stream("GET", url, headers=headers) as answer:
        assert sum(len(block) for block in answer.iter_raw()) == path.stat().st_size


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not there")
def test_the_lines_on_the_page_work_when_pasted(wire, tmp_path):
    page = wire.http.get("/").text
    sections, export, events, fault = (
        html.unescape(text) for text in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.S)
    )
    script = f"{sections}\n{export}\n{events}\n{fault}\n"
    done = subprocess.run(["bash", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    assert "com.apsis1.sections.default" in done.stdout
    assert "export_key,EmailConsent,SmsConsent,Email,women" in done.stdout
    assert '"sections": {' in done.stdout
    assert '"answer": "cut"' in done.stdout


def test_one_stuck_download_does_not_stop_the_others(wire, server):
    url = wire.poll_url()
    wire.fault("download", "hold", when="during", bytes=0, times=8)
    headers = {"Authorization": f"Bearer {wire.token}"}
    stuck = [httpx.Client(timeout=10) for _ in range(8)]
    try:
        streams = [client.stream("GET", url, headers=headers) for client in stuck]
        for stream in streams:
            stream.__enter__()
        assert wire.get("/audience/sections").status_code == 200
    finally:
        wire.http.post("/_sandbox/release")
        for stream in streams:
            stream.__exit__(None, None, None)
        for client in stuck:
            client.close()
