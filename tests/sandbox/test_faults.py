"""Faults in what an answer means; those in how it is framed are tried in test_wire."""

import csv
import gzip
import io

import httpx
import pytest

from sandbox.faults import KINDS, Faults


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ([], "object"),
        ({"answer": "explode", "endpoint": "poll"}, "answer"),
        ({"answer": [], "endpoint": "poll"}, "answer"),
        ({"answer": "drop", "endpoint": "pole"}, "endpoint"),
        ({"answer": "ragged", "endpoint": "poll"}, "download"),
        ({"answer": "drop", "endpoint": "poll", "bytes": 3}, "bytes"),
        ({"answer": "drop", "endpoint": "poll", "when": "during"}, "when"),
        ({"answer": "status", "endpoint": "poll", "status": "503"}, "status"),
        ({"answer": "status", "endpoint": "poll", "headers": []}, "headers"),
        ({"answer": "delay", "endpoint": "poll", "seconds": True}, "seconds"),
    ],
)
def test_what_makes_no_sense_is_refused(caller, content, word):
    answer = caller.http.post("/_sandbox/faults", json=content)
    assert answer.status_code == 400
    assert word in answer.json()["error"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_asked_for_and_shown(kind):
    faults = Faults()
    endpoint = "event_export" if kind == "fail" else "download"
    shown = faults.add({"answer": kind, "endpoint": endpoint}, ["poll", "event_export"]).shown()
    assert shown["answer"] == kind
    assert set(KINDS[kind][1]) < set(shown)


def test_the_next_calls_meet_it_and_then_no_more(caller):
    caller.fault("sections", "status", status=503, body="busy", times=2, skip=1)
    assert [caller.get("/audience/sections").status_code for _ in range(4)] == [200, 503, 503, 200]
    assert caller.get("/audience/channels").status_code == 200


def test_until_cleared(caller):
    number = caller.fault("*", "status", status=500, times=0)
    assert [caller.get("/audience/sections").status_code for _ in range(3)] == [500, 500, 500]
    assert caller.http.delete(f"/_sandbox/faults/{number}").status_code == 204
    assert caller.get("/audience/sections").status_code == 200


def test_a_status_with_a_problem_and_headers(caller):
    body = {"title": "Too Many Requests", "status": 429}
    caller.fault("token", "status", status=429, body=body, headers={"Retry-After": "3"})
    answer = caller.http.post("/oauth/token", json={})
    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (429, body, "3")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("when", "exports"), [("before", 0), ("after", 1)])
def test_before_or_after_the_work(make, when, exports):
    caller = make(pending_exports=1, prepare_seconds=600)
    caller.fault("consent_export", "status", status=504, when=when)
    assert caller.ask().status_code == 504
    # The place of the only pending export is taken if the work was done.
    assert caller.ask().status_code == (429 if exports else 202)


def test_a_dropped_connection(caller):
    caller.fault("sections", "drop")
    with pytest.raises(ConnectionResetError):
        caller.get("/audience/sections")
    last = caller.http.get("/_sandbox/calls").json()["last"][-1]
    assert (last["status"], last["is_dropped"]) == (None, True)


def test_a_cut_body_ends_in_an_error(caller):
    url = caller.poll_url()
    caller.fault("download", "cut", bytes=100)
    with pytest.raises(ConnectionResetError):
        caller.get(url)
    assert caller.get(url).status_code == 200


def test_download_faults_wait_until_the_file_is_ready(caller, time):
    caller.fault("download", "header_only")
    url = caller.ask().json()["file_download_url"]
    assert caller.get(url).status_code == 404
    time.pass_by(60)
    assert caller.get(url).text == "export_key,EmailConsent,SmsConsent\n"
    assert caller.get(url).text.count("\n") == 401


def test_odd_files(caller):
    url = caller.poll_url()
    whole = caller.get(url).content
    caller.fault("download", "empty_file")
    assert caller.get(url).content == b""
    caller.fault("download", "ragged")
    widths = [len(row) for row in csv.reader(io.StringIO(caller.get(url).text))]
    assert widths[:4] == [3, 2, 4, 3]
    caller.fault("download", "truncate", bytes=777)
    assert caller.get(url).content == whole[:777]
    caller.fault("download", "html")
    page = caller.get(url)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    caller.fault("download", "html", headers={"Content-Type": "text/csv"})
    assert caller.get(url).headers["content-type"] == "text/csv"
    caller.fault("poll", "empty")
    answer = caller.get(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert caller.get(url).content == whole


def test_a_broken_gzip(caller):
    url = caller.poll_url()
    for fault in ({"answer": "flip"}, {"answer": "truncate", "bytes": 300}):
        caller.fault("download", **fault)
        headers = {"Authorization": f"Bearer {caller.token}", "Accept-Encoding": "gzip"}
        with caller.http.stream("GET", url, headers=headers) as answer:
            content = b"".join(answer.iter_raw())
        with pytest.raises((gzip.BadGzipFile, EOFError, gzip.zlib.error)):
            gzip.decompress(content)


def test_a_gzip_bomb(caller):
    url = caller.poll_url()
    caller.fault("download", "gzip_bomb", bytes=5_000_000)
    headers = {"Authorization": f"Bearer {caller.token}"}
    with caller.http.stream("GET", url, headers=headers) as answer:
        content = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert len(content) < 20_000
    assert len(gzip.decompress(content)) == 5_000_000


def test_a_foreign_poll_url_and_a_redirect(caller):
    caller.fault("consent_export", "foreign_url", origin="https://evil.test:8443")
    url = httpx.URL(caller.ask().json()["file_download_url"])
    assert (url.scheme, url.host, url.port) == ("https", "evil.test", 8443)
    caller.fault("poll", "redirect", location="http://evil.test/steal")
    answer = caller.get(url.path)
    assert (answer.status_code, answer.headers["location"]) == (302, "http://evil.test/steal")


def test_the_token_dies_in_the_middle(caller, time):
    url = caller.poll_url()
    caller.fault("poll", "expire_tokens", skip=1)
    assert [caller.get(url).status_code for _ in range(3)] == [200, 403, 403]
    assert caller.log_in().get(url).status_code == 200


def test_a_delay(caller):
    caller.fault("sections", "delay", seconds=0.05)
    assert caller.get("/audience/sections").status_code == 200


def test_a_hold_gives_up_in_the_end(caller):
    caller.fault("sections", "hold", seconds=0.05)
    assert caller.get("/audience/sections").status_code == 200


def test_only_calls_with_one_key_meet_it(make):
    anna, seventh = make(), make()
    sent = {"grant_type": "client_credentials", "client_secret": "demo-anna-secret"}
    seventh.http = anna.http
    seventh.token = anna.http.post("/oauth/token", json=sent | {"client_id": "demo-anna.7"}).json()["access_token"]
    anna.fault("sections", "status", status=503, client_id="demo-anna.7", times=2)
    assert [one.get("/audience/sections").status_code for one in (anna, seventh, anna, seventh)] == [200, 503, 200, 503]
    anna.fault("token", "status", status=503, client_id="demo-anna.7")
    asked = [anna.http.post("/oauth/token", json=sent | {"client_id": name}) for name in ("demo-anna", "demo-anna.7")]
    assert [answer.status_code for answer in asked] == [200, 503]


def test_calls_that_were_stopped_say_whose_they_were(caller):
    caller.fault("sections", "drop")
    with pytest.raises(ConnectionResetError):
        caller.get("/audience/sections")
    assert caller.http.get("/_sandbox/calls").json()["last"][-1]["client_id"] == "demo-anna"
