import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upstream.origin import Origin

OURS = Origin("https", "api.apsis.one", 443)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.apsis.one",
        "https://api.apsis.one/audience/profiles/exports/3f0d",
        "https://API.Apsis.ONE/x",
        "HTTPS://api.apsis.one/x",
        "https://api.apsis.one:443/x",
        "https://api.apsis.one:/x",
        "https://api.apsis.one?x=1&metadata=true",
        "https://api.apsis.one/a%2Fb/@c:d",
        "https://api.apsis.one//evil.test/x",
    ],
)
def test_ours(url):
    assert Origin.of(url) == OURS


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/audience/profiles/exports/3f0d",
        "//api.apsis.one/x",
        "api.apsis.one/x",
        "http://api.apsis.one/x",
        "ftp://api.apsis.one/x",
        "https://api.apsis.one:444/x",
        "https://api.apsis.one:99999/x",
        "https://api.apsis.one:x/",
        "https://api.apsis.one.evil.test/x",
        "https://evil.test/https://api.apsis.one",
        "https://evil.test?api.apsis.one",
        "https://api.apsis.one@evil.test/x",
        "https://user:word@api.apsis.one/x",
        "https://@api.apsis.one/x",
        "https://api.apsis.one#@evil.test/x",
        "https://evil.test#api.apsis.one",
        "https://api.apsis.one/x#part",
        "https://api.apsis.one\\@evil.test/x",
        "https://evil.test\\.api.apsis.one/x",
        "https://api.apsis.one./x",
        "https:/api.apsis.one/x",
        "https:///api.apsis.one/x",
        " https://api.apsis.one/x",
        "https://api.apsis.one/x\n",
        "https://api.apsis.one/x\r\nHost: evil.test",
        "https://api.apsis\t.one/x",
        "https://api.apsis\u3002one/x",
        "https://\uff41pi.apsis.one/x",
        "https://api.apsis.one/\ud800",
        "https://[::1/x",
        "https://[api.apsis.one]/x",
        "https://api.apsis.one/" + "x" * 9000,
    ],
)
def test_not_ours(url):
    assert Origin.of(url) != OURS


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://127.0.0.1:8001/x", Origin("http", "127.0.0.1", 8001)),
        ("http://localhost", Origin("http", "localhost", 80)),
        ("http://[::1]:8000/x", Origin("http", "::1", 8000)),
        ("https://xn--brnkrs-bua7h.test/x", Origin("https", "xn--brnkrs-bua7h.test", 443)),
    ],
)
def test_others(url, origin):
    assert Origin.of(url) == origin


@settings(deadline=None)
@given(st.text() | st.text("htps:/\\@#?.[]%apione443 \t\n", max_size=60).map(lambda tail: f"https://{tail}"))
def test_never_raises(url):
    Origin.of(url)


pieces = st.sampled_from(
    [
        "https:",
        "http:",
        "//",
        "/",
        "\\",
        "@",
        "#",
        "?",
        ":",
        "443",
        "api.apsis.one",
        "evil.test",
        ".",
        "%",
        "[",
        "]",
        "\t",
    ]
)


@settings(deadline=None)
@given(st.lists(pieces, max_size=12).map("".join))
def test_what_is_ours_is_sent_to_us(url):
    if Origin.of(url) == OURS:
        sent = httpx.Request("GET", url).url
        assert (sent.scheme, sent.host, sent.port or 443, sent.userinfo) == ("https", "api.apsis.one", 443, b"")
