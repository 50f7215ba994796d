import pytest

from upstream.apsis.names import handle, items, pick, text


def test_pick_takes_the_first_that_is_there():
    assert pick({"b": 0, "a": None}, "a", "b") == 0
    assert pick({}, "a") is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"items": [1]}, [1]),
        ({"data": {"items": [1]}}, [1]),
        ({"data": [1]}, [1]),
        ({"data": {"items": [1]}, "more": 1}, None),
        ({"data": None}, None),
        ([1], [1]),
        ({"items": []}, []),
        ({}, None),
        ({"items": {}}, None),
        (None, None),
        ("x", None),
    ],
)
def test_items(body, expected):
    assert items(body) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("News", "News"),
        ("<b>\u202enews\x1b", "<b>\u202enews\x1b"),
        ("a\0b", "a\ufffdb"),
        ("a\ud800b", "a?b"),
        ("", None),
        (5, None),
        (None, None),
        (["x"], None),
    ],
)
def test_text(value, expected):
    assert text(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("usercreated.topics.a_-_b.c-1234567890", "usercreated.topics.a_-_b.c-1234567890"),
        (1852749, "1852749"),
        (True, None),
        pytest.param(10**5000, None, id="huge"),
        ("a\0b", None),
        ("\ud800", None),
        (".", None),
        ("..", None),
        ("...", "..."),
        ("", None),
        (1.5, None),
    ],
)
def test_handle(value, expected):
    assert handle(value) == expected
