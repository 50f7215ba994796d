import html
import re
from dataclasses import fields
from html.parser import HTMLParser

from sandbox.apsis import ENDPOINTS
from sandbox.definitions import KEYS
from sandbox.faults import KINDS
from sandbox.settings import Settings


class Balance(HTMLParser):
    """Check that every element that opens also closes."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "link"):
            self.open.append(tag)
        assert not {"style", "onclick"} & {name for name, _ in attrs}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_tells_everything(caller):
    answer = caller.http.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for switch in fields(Settings):
        assert f"<code>{switch.name}</code>" in answer.text
        assert html.escape(switch.metadata["says"]) in answer.text
    for kind in KINDS:
        assert f"<code>{kind}</code>" in answer.text
    for name, key in KEYS.items():
        assert name in answer.text
        assert key.client_secret in answer.text
    for endpoint in ENDPOINTS:
        assert html.escape(f"{endpoint.method} {endpoint.path}") in answer.text
    balance = Balance()
    balance.feed(answer.text)
    assert balance.open == []
    ids = re.findall(r'id="([a-z]+)"', answer.text)
    assert ids == re.findall(r'href="#([a-z]+)"', answer.text)


def test_it_shows_the_state_of_now(caller):
    assert "<mark>" in caller.http.get("/").text  # the tests have fewer profiles than the rule
    caller.switch(prepare_seconds=1.25)
    caller.fault("download", "cut", times=3)
    caller.http.delete("/_sandbox/keys/demo-jonas")
    text = caller.http.get("/").text
    assert "<mark><code>1.25</code></mark>" in text
    assert "<td><code>download</code></td><td><code>cut</code></td><td>3</td>" in text
    assert "<td>deleted</td>" in text


def test_hostile_names_stay_text(make):
    text = make(hostile_names=True).http.get("/").text
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_the_stylesheet(caller):
    answer = caller.http.get("/style.css")
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "prefers-color-scheme: dark" in answer.text


def test_the_page_needs_no_token_and_is_no_call(caller):
    before = caller.http.get("/_sandbox/calls").json()["counts"]
    caller.http.get("/")
    assert caller.http.get("/favicon.ico").status_code == 204
    assert caller.http.get("/_sandbox/calls").json()["counts"] == before
