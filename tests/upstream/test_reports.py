import pytest

from upstream.apsis.reports import CONSENTS, EVENTS, Preparing, Ready, Requested, read_requested


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"file_download_url": "a"}, Requested("a", "old")),
        ({"file_download_url_v2": "b"}, Requested("b", "v2")),
        ({"data": {"file_download_url_v2": "b"}}, Requested("b", "v2")),
        ({"file_download_url": "a", "file_download_url_v2": "b"}, Requested("b", "v2")),
        ({"file_download_url": "a", "file_download_url_v2": None}, Requested("a", "old")),
        ({"file_download_url": "a", "file_download_url_v2": ""}, Requested("a", "old")),
        ({"file_download_url": 5}, None),
        ({}, None),
        ([], None),
        ("a", None),
        (None, None),
    ],
)
def test_read_requested(body, expected):
    assert read_requested(body, CONSENTS) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"file_download_url": "a"}, Requested("a", "json")),
        ({"file_download_url": "a", "file_download_url_v2": "b"}, Requested("a", "json")),
        ({"file_download_url_v2": "b"}, Requested("b", "json")),
        ({"file_download_url": ""}, None),
    ],
)
def test_an_event_export_is_read_as_one_of_its_own(body, expected):
    assert read_requested(body, EVENTS) == expected


def test_the_url_is_in_no_repr():
    assert repr(Requested("https://secret", "v2")) == "Requested(style='v2')"


def test_values():
    assert Preparing() == Preparing(None)
    assert Ready("text/csv", "gzip", 5).length == 5
