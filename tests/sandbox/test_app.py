"""The gateway in front of the API, and how paths are read."""

import pytest

from sandbox.app import create_app, raw_path
from sandbox.settings import Settings

DENIED = {"message": "User is not authorized to access this resource with an explicit deny"}


def test_without_settings_it_takes_the_defaults():
    assert create_app().world.settings == Settings()


def test_no_header_is_401(caller):
    answer = caller.http.get("/audience/sections")
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
    assert caller.http.get("/audience/sections", headers={"Authorization": "Basic eA=="}).status_code == 401


def test_an_unknown_token_is_403(caller):
    answer = caller.http.get("/audience/sections", headers={"Authorization": "Bearer a.b.c"})
    assert (answer.status_code, answer.json()) == (403, DENIED)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", "/audience"),
        ("POST", "/audience/sections"),
        ("HEAD", "/audience/sections"),
        ("GET", "/oauth/token"),
        ("GET", "/audience/sections/"),
        ("GET", "//audience/sections"),
        ("DELETE", "/"),
    ],
)
def test_an_unknown_path_or_method_is_403(caller, method, path):
    answer = caller.http.request(
        method, "http://sandbox.test" + path, headers={"Authorization": f"Bearer {caller.token}"}
    )
    assert answer.status_code == 403
    assert method == "HEAD" or answer.json() == {"message": "Missing Authentication Token"}


def test_the_scheme_word_may_be_written_in_any_case(caller):
    assert caller.http.get("/audience/sections", headers={"Authorization": f"bearer {caller.token}"}).status_code == 200


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"RAW_URI": "/a/b%2Fc?x=%2F", "PATH_INFO": "/a/b/c"}, "/a/b%2Fc"),
        ({"RAW_URI": "http://host:1/a%40b", "PATH_INFO": "/a@b"}, "/a%40b"),
        ({"REQUEST_URI": "//a", "PATH_INFO": "/a"}, "//a"),
        ({"PATH_INFO": "/å".encode().decode("latin-1")}, "/%C3%A5"),
        ({"PATH_INFO": "/ł"}, "/%C5%82"),
    ],
)
def test_the_raw_path_wins(environ, path):
    assert raw_path(environ) == path
