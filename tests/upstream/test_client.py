import contextlib
import gzip
import json
from datetime import UTC, datetime

import httpx
import pytest
import respx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.upstream.faultserver import FaultServer, whole
from tests.upstream.vendor import BASE, NOW, SECRET, Vendor, gateway, jwt, problem, token_answer
from upstream import errors
from upstream.answers import Again
from upstream.apsis import names
from upstream.apsis.client import Apsis
from upstream.apsis.event_exports import EventExportRequest
from upstream.apsis.exports import ConsentExportRequest
from upstream.apsis.reports import Preparing, Ready, Requested
from upstream.tokens import LEEWAY, MemoryTokens, Token

URL = f"{BASE}/audience/profiles/reports/consents/3f0d"
WANTED = ConsentExportRequest("s", ("t",), channel_discriminator="c")
EVENTS = EventExportRequest(datetime(2024, 5, 1, tzinfo=UTC), attributes=("1",), events=("2",))
WITH_PERMISSIONS = "?include_keyspace_permissions=true"
EVENTS_URL = f"{BASE}/audience/profiles/exports/3f0d"
CSV = {"Content-Type": "text/csv;charset=UTF-8;header=present"}


def listed(*items):
    return httpx.Response(200, json={"items": list(items)})


def bearer(request):
    return request.headers["authorization"].removeprefix("Bearer ")


def kept(name="kept", life=7200.0):
    store = MemoryTokens()
    store.renew(None, lambda: Token(jwt(exp=NOW + life, jti=name), NOW + life), NOW)
    return store


class TestSignIn:
    def test_asks_with_the_key_in_the_body(self, vendor, apsis):
        apsis.check()

        (request,) = vendor.token_requests
        assert str(request.url) == f"{BASE}/oauth/token"
        assert json.loads(request.content) == {
            "grant_type": "client_credentials",
            "client_id": "id-of-the-key",
            "client_secret": SECRET,
        }
        assert "authorization" not in request.headers

    def test_check_is_a_real_call_and_keeps_what_it_brings(self, vendor, make):
        store = kept()

        make(tokens=store).check()

        assert store.current(NOW).value == jwt(exp=NOW + 3600, jti="first")
        assert store.current(NOW).expires_at == NOW + 3600

    @pytest.mark.parametrize(
        "answer", [problem(400), problem(401), problem(403), gateway()], ids=["400", "401", "403", "gateway"]
    )
    def test_a_refused_key(self, vendor, apsis, answer):
        vendor.token_answers = [answer]

        with pytest.raises(errors.CredentialRefused) as caught:
            apsis.check()

        assert len(vendor.token_requests) == 1
        assert str(caught.value) == f"POST token: {answer.status_code}"

    def test_a_wrapped_token(self, vendor, make):
        store = MemoryTokens()
        vendor.token_answers = [httpx.Response(200, json={"data": {"access_token": jwt(exp=NOW + 60)}})]

        make(tokens=store).check()

        assert store.current(NOW).expires_at == NOW + 60

    def test_is_repeated_in_trouble(self, vendor, apsis):
        vendor.token_answers = [httpx.ReadTimeout("x"), httpx.Response(503), token_answer("third")]

        apsis.check()

        assert len(vendor.token_requests) == 3

    @pytest.mark.parametrize(
        "body",
        [
            None,
            [],
            {},
            {"access_token": ""},
            {"access_token": 5},
            {"access_token": "a b"},
            {"access_token": "a\r\nX: y"},
            {"access_token": "å"},
        ],
    )
    def test_no_token_in_the_answer(self, vendor, apsis, body):
        vendor.token_answers = [httpx.Response(200, json=body)]

        with pytest.raises(errors.BrokenAnswer):
            apsis.check()

    def test_one_token_serves_many_calls(self, vendor, make):
        vendor.says(listed())
        apsis = make(tokens=MemoryTokens())

        apsis.channels()
        apsis.channels()

        assert len(vendor.token_requests) == 1
        assert [bearer(request) for request in vendor.requests] == [jwt(exp=NOW + 3600, jti="first")] * 2

    def test_beforehand_and_then_the_call_is_all_there_is(self, vendor, make):
        # A token of which nobody says how long it lives is not kept: it serves the call that it was fetched for.
        vendor.token_answers = [httpx.Response(200, json={"access_token": "opaque"})]
        vendor.says(listed())
        apsis = make(tokens=MemoryTokens())

        apsis.sign_in()
        assert (len(vendor.token_requests), vendor.requests) == (1, [])
        apsis.channels()

        assert (len(vendor.token_requests), bearer(vendor.requests[0])) == (1, "opaque")
        apsis.channels()
        assert len(vendor.token_requests) == 2

    def test_renewed_before_its_end(self, vendor, make):
        vendor.says(listed())

        make(tokens=kept(life=LEEWAY - 1)).channels()

        assert len(vendor.token_requests) == 1

    @pytest.mark.parametrize(
        "answer", [httpx.Response(429), httpx.Response(503), httpx.ReadTimeout("x")], ids=["429", "503", "silence"]
    )
    def test_the_old_one_while_it_lives(self, vendor, make, answer):
        vendor.token_answers = [answer]
        vendor.says(listed())

        make(tokens=kept(life=30)).channels()

        assert bearer(vendor.requests[0]) == jwt(exp=NOW + 30, jti="kept")

    def test_throttled_with_none_left(self, vendor, make):
        vendor.token_answers = [httpx.Response(429)]

        with pytest.raises(errors.Throttled):
            make(tokens=kept(life=-1)).channels()

        assert (len(vendor.token_requests), vendor.requests) == (1, [])

    @pytest.mark.parametrize(
        "refusal", [gateway(), httpx.Response(401), problem(401)], ids=["gateway", "401", "problem"]
    )
    def test_a_dead_token_is_renewed_once(self, vendor, apsis, refusal):
        vendor.says(refusal, listed({"discriminator": "c"}))

        assert len(apsis.channels()) == 1
        assert [bearer(request) for request in vendor.requests] == [
            jwt(exp=NOW + 7200, jti="kept"),
            jwt(exp=NOW + 3600, jti="first"),
        ]

    def test_refused_twice(self, vendor, apsis):
        vendor.says(gateway())

        with pytest.raises(errors.CredentialRefused) as caught:
            apsis.channels()

        assert caught.value.meaning.word == "key_refused"
        assert caught.value.status == 403
        assert (len(vendor.requests), len(vendor.token_requests)) == (2, 1)

    def test_refused_then_something_else(self, vendor, apsis):
        vendor.says(gateway(), problem(403))

        with pytest.raises(errors.NotAllowed):
            apsis.channels()

    def test_a_refused_right_renews_nothing(self, vendor, apsis):
        vendor.says(problem(403))

        with pytest.raises(errors.NotAllowed):
            apsis.channels()

        assert vendor.token_requests == []

    def test_no_answer_to_the_sign_in_says_nothing_of_the_request(self, vendor, make):
        vendor.token_answers = [httpx.ReadTimeout("x")]

        with pytest.raises(errors.NoAnswer) as caught:
            make(tokens=MemoryTokens()).request_export(WANTED)

        assert (caught.value.call, caught.value.maybe_received, vendor.requests) == ("token", False, [])


class TestDefinitions:
    @pytest.mark.parametrize(
        ("ask", "path"),
        [
            (lambda apsis: apsis.keyspaces(), "/audience/keyspaces"),
            (lambda apsis: apsis.channels(), "/audience/channels"),
            (lambda apsis: apsis.sections(), "/audience/sections"),
            (lambda apsis: apsis.segments(), "/audience/segments"),
            (
                lambda apsis: apsis.attributes("s/ö"),
                "/audience/sections/s%2F%C3%B6/attributes?include_keyspace_permissions=true",
            ),
            (lambda apsis: apsis.tags("s"), "/audience/sections/s/tags?include_keyspace_permissions=true"),
            (lambda apsis: apsis.events("s"), "/audience/sections/s/events"),
            (lambda apsis: apsis.topics("s"), "/v2/audience/sections/s/topics"),
            (lambda apsis: apsis.folders("s"), "/v2/audience/sections/s/topics/folders"),
        ],
    )
    def test_paths(self, vendor, apsis, ask, path):
        vendor.says(listed({"discriminator": "d", "name": "D"}))

        (found,) = ask(apsis)

        assert found.name == "D"
        assert vendor.requests[0].url.raw_path.decode() == path

    def test_no_list(self, vendor, apsis):
        vendor.says(httpx.Response(200, json={"message": "hello"}))

        with pytest.raises(errors.BrokenAnswer):
            apsis.sections()

    def test_an_empty_answer(self, vendor, apsis):
        vendor.says(httpx.Response(200))

        with pytest.raises(errors.BrokenAnswer):
            apsis.sections()

    def test_an_unknown_section(self, vendor, apsis):
        vendor.says(problem(404))

        with pytest.raises(errors.Missing):
            apsis.topics("nowhere")

    @pytest.mark.parametrize(
        "answer", [gateway("Missing Authentication Token"), gateway(), problem(404)], ids=["path", "deny", "404"]
    )
    def test_no_folders(self, vendor, apsis, answer):
        vendor.says(answer)

        assert apsis.folders("s") == ()
        assert vendor.token_requests == []

    def test_folders_of_another_section(self, vendor, apsis):
        vendor.says(problem(403))

        with pytest.raises(errors.NotAllowed):
            apsis.folders("s")

    def test_consent_1(self, vendor, make):
        vendor.says(
            listed({"discriminator": "a/1", "name": "A"}, {"discriminator": "b"}, {}),
            listed({"discriminator": "t1"}),
            listed({"discriminator": "t2"}, None),
        )

        topics = make(consent_version=1).topics("s")

        assert [(topic.discriminator, topic.folder) for topic in topics] == [("t1", "a/1"), ("t2", "b")]
        assert topics.skipped == 1
        assert [request.url.raw_path.decode() for request in vendor.requests] == [
            "/audience/sections/s/consent-lists",
            "/audience/sections/s/consent-lists/a%2F1/topics",
            "/audience/sections/s/consent-lists/b/topics",
        ]

    def test_consent_1_folders(self, vendor, make):
        vendor.says(listed({"discriminator": "a"}))

        assert len(make(consent_version=1).folders("s")) == 1

    @given(st.binary(max_size=60) | st.text(max_size=60).map(json.dumps).map(str.encode))
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    def test_any_bytes_are_read_or_broken(self, vendor, apsis, body):
        vendor.says(httpx.Response(200, content=body))

        with contextlib.suppress(errors.BrokenAnswer):
            apsis.topics("s")


class TestRequest:
    @pytest.mark.parametrize("status", [200, 201, 202])
    def test_asks(self, vendor, apsis, status):
        vendor.says(httpx.Response(status, json={"file_download_url": URL}))

        assert apsis.request_export(WANTED) == Requested(URL, "old")
        (request,) = vendor.requests
        assert (request.method, str(request.url)) == ("POST", f"{BASE}/audience/profiles/reports/consents")
        assert json.loads(request.content) == WANTED.to_body()

    def test_prefers_the_newer_url(self, vendor, apsis):
        vendor.says(httpx.Response(202, json={"file_download_url": URL, "file_download_url_v2": f"{URL}/v2"}))

        assert apsis.request_export(WANTED) == Requested(f"{URL}/v2", "v2")

    @pytest.mark.parametrize(
        "answer", [httpx.Response(202), httpx.Response(200, json={}), httpx.Response(200, text="<p>")]
    )
    def test_accepted_and_not_understood(self, vendor, apsis, answer):
        vendor.says(answer)

        with pytest.raises(errors.BrokenAnswer) as caught:
            apsis.request_export(WANTED)

        assert caught.value.maybe_received
        assert "accepted" in caught.value.meaning.user

    @pytest.mark.parametrize("url", ["https://evil.test/x", "/relative", "http://api.apsis.test/x"])
    def test_a_poll_url_elsewhere(self, vendor, apsis, url):
        vendor.says(httpx.Response(202, json={"file_download_url": url}))

        with pytest.raises(errors.ForeignURL) as caught:
            apsis.request_export(WANTED)

        assert caught.value.maybe_received

    def test_a_dead_token_is_renewed_once(self, vendor, apsis):
        vendor.says(gateway(), httpx.Response(202, json={"file_download_url": URL}))

        assert apsis.request_export(WANTED).style == "old"
        assert len(vendor.requests) == 2

    @pytest.mark.parametrize(
        ("answer", "kind", "maybe"),
        [
            (problem(400), errors.BadRequest, False),
            (problem(403), errors.NotAllowed, False),
            (problem(413), errors.TooMuch, False),
            (httpx.Response(413, json={"message": "Request Too Long"}), errors.TooMuch, False),
            (problem(429), errors.Throttled, False),
            (httpx.Response(429, headers={"Retry-After": "1"}), errors.Throttled, False),
            (problem(503), errors.VendorTrouble, True),
            (httpx.Response(504, json={"message": "Endpoint request timed out"}), errors.VendorTrouble, True),
            (httpx.ReadTimeout("x"), errors.NoAnswer, True),
            (httpx.ConnectError("x"), errors.NoAnswer, False),
        ],
    )
    def test_is_never_repeated(self, vendor, apsis, answer, kind, maybe):
        vendor.says(answer)

        with pytest.raises(kind) as caught:
            apsis.request_export(WANTED)

        assert caught.value.maybe_received is maybe
        assert len(vendor.requests) == 1


class TestPoll:
    @pytest.mark.parametrize(("style", "status"), [("old", 404), ("v2", 202), ("old", 202)])
    def test_preparing(self, vendor, apsis, style, status):
        vendor.says(httpx.Response(status))

        assert apsis.poll(URL, style) == Preparing()
        assert len(vendor.requests) == 1

    def test_preparing_until(self, vendor, apsis):
        vendor.says(httpx.Response(202, headers={"Retry-After": "20"}))

        assert apsis.poll(URL, "v2") == Preparing(retry_after=20)

    def test_ready(self, vendor, apsis):
        vendor.says(
            httpx.Response(200, headers={**CSV, "Content-Encoding": "gzip", "Content-Length": "5"}, content=iter([b""]))
        )

        assert apsis.poll(URL, "old") == Ready("text/csv", "gzip", 5)
        (request,) = vendor.requests
        assert request.headers["accept-encoding"] == "gzip"
        assert request.headers["accept"].startswith("text/csv")

    def test_reads_nothing(self, vendor, apsis):
        def body():
            raise AssertionError("not to be read")
            yield b""

        vendor.says(httpx.Response(200, headers=CSV, content=body()))

        assert apsis.poll(URL, "old") == Ready("text/csv", None, None)

    @pytest.mark.parametrize(
        ("style", "answer", "kind"),
        [
            ("v2", problem(404), errors.Missing),
            ("old", problem(410), errors.Gone),
            ("v2", problem(410), errors.Gone),
            ("old", problem(403), errors.NotAllowed),
            ("old", httpx.Response(429), errors.Throttled),
            ("old", httpx.Response(503), errors.VendorTrouble),
            ("old", httpx.Response(204), errors.BrokenAnswer),
            ("old", httpx.Response(302, headers={"Location": "https://evil.test"}), errors.BrokenAnswer),
            ("old", httpx.Response(200, html="<p>We are back soon"), errors.BrokenAnswer),
            ("old", httpx.Response(200, json={}), errors.BrokenAnswer),
            ("old", httpx.Response(200), errors.BrokenAnswer),
            ("old", httpx.Response(200, headers={**CSV, "Content-Encoding": "br"}), errors.BrokenAnswer),
        ],
    )
    def test_other_answers(self, vendor, apsis, style, answer, kind):
        vendor.says(answer)

        with pytest.raises(kind):
            apsis.poll(URL, style)

    def test_elsewhere(self, vendor, make):
        lanes = []

        with pytest.raises(errors.ForeignURL):
            make(pace=lanes.append).poll("https://evil.test/x", "old")

        assert (vendor.requests, lanes) == ([], [])

    def test_the_token_may_die_between_polls(self, vendor, apsis):
        vendor.says(gateway(), httpx.Response(404))

        assert apsis.poll(URL, "old") == Preparing()


class TestOpenExport:
    def test_hands_on_what_comes(self, vendor, apsis):
        packed = gzip.compress(b"export_key\r\n")
        vendor.says(httpx.Response(200, headers={**CSV, "Content-Encoding": "gzip"}, stream=httpx.ByteStream(packed)))

        with apsis.open_export(URL, "old") as stream:
            assert b"".join(stream.chunks()) == packed

        assert (stream.media_type, stream.encoding, stream.received) == ("text/csv", "gzip", len(packed))

    @pytest.mark.parametrize(
        ("options", "accept", "encoding"),
        [
            ({}, "text/csv, */*;q=0.5", "gzip"),
            ({"gzip": False}, "text/csv, */*;q=0.5", "identity"),
            ({"as_xlsx": True}, names.XLSX, "gzip"),
        ],
    )
    def test_asks_for_a_form(self, vendor, apsis, options, accept, encoding):
        kind = names.XLSX if "as_xlsx" in options else "TEXT/CSV"
        vendor.says(httpx.Response(200, headers={"Content-Type": kind}, content=b"x"))

        with apsis.open_export(URL, "old", **options):
            pass

        assert vendor.requests[0].headers["accept"] == accept
        assert vendor.requests[0].headers["accept-encoding"] == encoding

    @pytest.mark.parametrize(
        "kind", ["application/octet-stream", "binary/octet-stream", "application/csv; header=absent"]
    )
    def test_types_like_it(self, vendor, apsis, kind):
        vendor.says(httpx.Response(200, headers={"Content-Type": kind}, content=b"x"))

        with apsis.open_export(URL, "old") as stream:
            assert list(stream.chunks()) == [b"x"]

    @pytest.mark.parametrize(
        ("options", "kind"),
        [
            ({}, "text/html"),
            ({}, "application/json"),
            ({}, "application/problem+json"),
            ({}, ""),
            ({}, names.XLSX),
            ({"as_xlsx": True}, "text/csv"),
        ],
    )
    def test_something_else(self, vendor, apsis, options, kind):
        vendor.says(httpx.Response(200, headers={"Content-Type": kind}, content=b"x"))

        with pytest.raises(errors.BrokenAnswer) as caught, apsis.open_export(URL, "old", **options):
            pytest.fail("opened")

        assert caught.value.meaning.word == "not_a_file"

    @pytest.mark.parametrize(("style", "status"), [("old", 404), ("v2", 202)])
    def test_not_ready(self, vendor, apsis, style, status):
        vendor.says(httpx.Response(status))

        with pytest.raises(errors.NotReady), apsis.open_export(URL, style):
            pytest.fail("opened")

        assert len(vendor.requests) == 1

    def test_the_token_may_die_before(self, vendor, apsis):
        vendor.says(gateway(), httpx.Response(200, headers=CSV, content=b"x"))

        with apsis.open_export(URL, "old") as stream:
            assert list(stream.chunks()) == [b"x"]

    def test_closes_whatever_happens(self, vendor, apsis):
        class Body(httpx.SyncByteStream):
            closed = False

            def __iter__(self):
                yield b"x"

            def close(self):
                self.closed = True

        body = Body()
        vendor.says(httpx.Response(200, headers=CSV, stream=body))

        with pytest.raises(KeyError), apsis.open_export(URL, "old"):
            raise KeyError

        assert body.closed


class TestEventExport:
    def test_asks(self, vendor, apsis):
        vendor.says(httpx.Response(202, json={"file_download_url": EVENTS_URL}))

        assert apsis.request_export(EVENTS) == Requested(EVENTS_URL, "json")
        (request,) = vendor.requests
        assert (request.method, str(request.url)) == ("POST", f"{BASE}/audience/profiles/exports")
        assert json.loads(request.content) == EVENTS.to_body()

    def test_polls_and_fetches(self, vendor, apsis):
        json_file = {"Content-Type": "application/json; charset=utf-8"}
        vendor.says(httpx.Response(404), httpx.Response(200, headers=json_file, content=b"{}"))

        assert apsis.poll(EVENTS_URL, "json") == Preparing()
        assert apsis.poll(EVENTS_URL, "json") == Ready("application/json", None, 2)
        with apsis.open_export(EVENTS_URL, "json", gzip=False) as stream:
            assert list(stream.chunks()) == [b"{}"]
        accepted = {request.headers["accept"] for request in vendor.requests}
        assert accepted == {"application/json, */*;q=0.5"}
        assert vendor.requests[-1].headers["accept-encoding"] == "identity"

    @pytest.mark.parametrize(
        ("answer", "kind", "again"),
        [
            (problem(410), errors.Gone, Again.NEW),
            (problem(503), errors.ExportFailed, Again.NEW),
            (problem(500), errors.VendorTrouble, Again.SAME),
            (httpx.Response(200, html="<p>We are back soon"), errors.BrokenAnswer, Again.NEVER),
            (httpx.Response(200, headers=CSV, content=b"{}"), errors.BrokenAnswer, Again.NEVER),
        ],
    )
    def test_other_answers(self, vendor, apsis, answer, kind, again):
        vendor.says(answer)

        for ask in (lambda: apsis.poll(EVENTS_URL, "json"), lambda: apsis.open_export(EVENTS_URL, "json").__enter__()):
            with pytest.raises(kind) as caught:
                ask()
            assert caught.value.meaning.again is again

    def test_a_file_without_a_byte(self, vendor, apsis):
        vendor.says(httpx.Response(200, headers={"Content-Type": names.JSON}, content=b""))

        with pytest.raises(errors.BrokenAnswer) as caught, apsis.open_export(EVENTS_URL, "json") as stream:
            list(stream.chunks())

        assert caught.value.meaning.word == "empty"


def test_lanes(vendor, make):
    lanes = []
    apsis = make(pace=lanes.append)
    vendor.says(listed())
    apsis.check()
    apsis.channels()
    vendor.says(httpx.Response(202, json={"file_download_url": URL}))
    apsis.request_export(WANTED)
    vendor.says(httpx.Response(200, headers=CSV, content=b"x"))
    apsis.poll(URL, "old")
    with apsis.open_export(URL, "old"):
        pass

    vendor.says(httpx.Response(202, json={"file_download_url": EVENTS_URL}))
    apsis.request_export(EVENTS)

    assert lanes == ["tokens", "calls", "exports", "polls", "polls", "event_exports"]


@respx.mock
def test_works_over_the_library_that_others_mock():
    route = respx.get(f"{BASE}/audience/channels").respond(json={"items": [{"discriminator": "c"}]})

    with Apsis(BASE, "id", SECRET, tokens=kept(), clock=lambda: NOW) as apsis:
        assert apsis.channels()[0].discriminator == "c"

    assert route.called


# Said by the server, so that the client opens a connection for each call instead of finding out that one has gone.
CLOSE = "Connection: close"


@pytest.mark.processes
def test_a_whole_export_over_a_socket():
    with FaultServer() as server:
        url = f"{server.url}/poll/1"
        server.play(
            [whole(json.dumps({"access_token": jwt(exp=NOW + 3600)}).encode(), CLOSE)],
            [whole(json.dumps({"file_download_url_v2": url}).encode(), CLOSE, status="202 Accepted")],
            [whole(b"", CLOSE, status="202 Accepted")],
            [whole(b"export_key\r\n", "Content-Type: text/csv", CLOSE)],
        )
        with Apsis(server.url, "id", SECRET, tokens=MemoryTokens(), clock=lambda: NOW) as apsis:
            requested = apsis.request_export(WANTED)
            assert apsis.poll(requested.poll_url, requested.style) == Preparing()
            assert apsis.poll(requested.poll_url, requested.style) == Ready("text/csv", None, 12)
            with apsis.open_export(requested.poll_url, requested.style) as stream:
                assert b"".join(stream.chunks()) == b"export_key\r\n"


def test_says_nothing_of_itself():
    assert SECRET not in repr(Apsis(BASE, "id", SECRET, tokens=MemoryTokens(), http=Vendor()))
