import copy
import logging
import pickle
import traceback

import httpx
import pytest

from tests.upstream.faultserver import RESET, FaultServer, head
from tests.upstream.vendor import BASE, NOW, SECRET, gateway, problem
from upstream import errors
from upstream.answers import explain
from upstream.apsis.client import Apsis
from upstream.apsis.exports import ConsentExportRequest
from upstream.tokens import MemoryTokens, Token

POLL_URL = f"{BASE}/audience/profiles/reports/consents/the-file-of-anna"
WANTED = ConsentExportRequest("section-of-anna", ("topic-of-anna",), channel_discriminator="channel-of-anna")
HIDDEN = [SECRET, "anna", "Bearer", "eyJ", "api.apsis.test", "https:", "http:", "id-of-the-key", "grant_type"]


def an_error(**facts):
    facts = {"method": "GET", "call": "poll.consents", "status": 410, **facts}
    return errors.from_meaning(explain("apsis", "poll.consents", 410), **facts)


def test_says_method_call_and_status_only():
    error = an_error(detail="the file of anna is gone")

    assert str(error) == "GET poll.consents: 410"
    assert repr(error) == "<Gone GET poll.consents: 410>"
    assert error.args == ()
    assert error.detail == "the file of anna is gone"


def test_says_so_where_there_is_no_status():
    assert str(an_error(status=None)) == "GET poll.consents: no status"
    assert str(errors.NoSlot(2.0)) == "before any call: no status"


def test_no_slot_tells_when():
    error = errors.NoSlot(2.5)

    assert (error.retry_after, error.transient, error.meaning.word) == (2.5, True, "waiting_for_slot")


@pytest.mark.parametrize("duplicate", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_travels_between_processes(duplicate):
    error = an_error(detail="why", retry_after=3.0, maybe_received=True)

    again = duplicate(error)

    assert type(again) is errors.Gone
    assert vars(again) == vars(error)


def test_detail_keeps_nobodys_address():
    assert an_error(detail="No consent for anna@example.com.").detail == "No consent for …"
    assert an_error(detail="x" * (errors.DETAIL_LIMIT - 8) + " anna@example.com").detail.endswith("x …")


def test_detail_is_bounded_and_printable():
    error = an_error(detail="a\x00\x1b[31m\u202eb\n" + "c" * 1000)

    assert error.detail.startswith("a[31mbc")
    assert len(error.detail) == errors.DETAIL_LIMIT


def test_the_tree_is_whole():
    kinds = {kind.__name__ for kind in errors.UpstreamError.__subclasses__()}

    assert kinds == {*errors.CLASSES, "NoSlot"}
    assert all(name in errors.__doc__ for name in kinds)
    assert {name for name in kinds if getattr(errors, name).transient} == {
        "NoAnswer", "CutShort", "Throttled", "NoSlot", "NotReady", "VendorTrouble",
    }  # fmt: skip


# --- what nobody may read ---


def poll(apsis):
    apsis.poll(POLL_URL, "old")


def download(apsis):
    with apsis.open_export(POLL_URL, "v2") as stream:
        list(stream.chunks())


ASKS = {
    "check": lambda apsis: apsis.check(),
    "list": lambda apsis: apsis.topics("section-of-anna"),
    "request": lambda apsis: apsis.request_export(WANTED),
    "poll": poll,
    "download": download,
}
ANSWERS = {
    "problem": lambda: problem(400, "anna@example.com is wrong"),
    "problem 403": lambda: problem(403, "anna may not"),
    "gateway": gateway,
    "410": lambda: problem(410, POLL_URL),
    "429": lambda: httpx.Response(429, json={"message": "slow down, anna"}),
    "500": lambda: httpx.Response(500, text="anna"),
    "not JSON": lambda: httpx.Response(200, text="<h1>anna</h1>", headers={"Content-Type": "text/html"}),
    "wrong JSON": lambda: httpx.Response(200, json={"anna": POLL_URL}),
    "foreign": lambda: httpx.Response(200, json={"file_download_url": "https://evil.test/anna"}),
    "redirect": lambda: httpx.Response(302, headers={"Location": "https://evil.test/anna"}),
    "no connection": lambda: httpx.ConnectError(f"cannot reach {POLL_URL}"),
    "silence": lambda: httpx.ReadTimeout(f"{POLL_URL} Bearer eyJ"),
    "own fault": lambda: httpx.LocalProtocolError("Illegal header value b'Bearer eyJ'"),
    "cut": lambda: httpx.Response(200, headers={"Content-Type": "text/csv", "Content-Length": "99"}, content=b"anna"),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_nothing_shows_in_any_error(vendor, make, caplog, ask, answer):
    caplog.set_level(logging.DEBUG)
    vendor.says(answer(), answer(), answer())
    vendor.token_answers = [answer(), answer(), answer()] if ask is ASKS["check"] else vendor.token_answers
    seen = []

    try:
        ask(make())
    except errors.UpstreamError as error:
        seen = [str(error), repr(error), repr(error.args), "".join(traceback.format_exception(error))]
        logging.getLogger("anything").exception("it broke")
    # The handler's formatting of tracebacks is what ends up in a file.
    seen.append(caplog.text)

    # Lines of our own source may stand in a traceback; "https:" and the like must not come from data.
    for text in seen:
        found = [word for word in HIDDEN if word in without_source(text)]
        assert not found


def without_source(text):
    """Drop the quoted source lines of a traceback, this file's own among them."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("    "))


def test_nothing_shows_on_a_real_connection(caplog):
    caplog.set_level(logging.DEBUG)
    script = [head("Content-Type: text/csv", "Content-Length: 99"), b"anna", RESET]
    with FaultServer(script) as server:
        tokens = MemoryTokens()
        tokens.renew(None, lambda: Token("kept", NOW + 7200), NOW)
        with (
            Apsis(server.url, "id-of-the-key", SECRET, tokens=tokens, clock=lambda: NOW) as apsis,
            pytest.raises(errors.CutShort) as caught,
            apsis.open_export(f"{server.url}/anna", "old") as stream,
        ):
            list(stream.chunks())

    text = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert not [word for word in [*HIDDEN, server.url] if word in without_source(text)]
    assert "GET download.consents 200" in caplog.text
