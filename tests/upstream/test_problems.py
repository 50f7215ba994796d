import pytest

from upstream.problems import Problem, read_problem


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"title": "Bad Request", "status": 400, "detail": "no"}', Problem("problem", "Bad Request: no")),
        (b'{"title": "Bad Request", "status": 400}', Problem("problem", "Bad Request")),
        (b'{"status": 400, "detail": "no", "message": "too"}', Problem("problem", "no")),
        (b'{"status": 400}', Problem("problem", "")),
        (b'{"message": "Unauthorized"}', Problem("gateway", "Unauthorized")),
        (b'{"Message": "explicit deny"}', Problem("gateway", "explicit deny")),
        (b'{"message": null}', Problem("", "")),
        (b"", Problem("", "")),
        (b"<html>", Problem("", "")),
        (b'["message"]', Problem("", "")),
        (b"[" * 100_000, Problem("", "")),
        (b"\xff\xfe\x00", Problem("", "")),
    ],
)
def test_sorts(body, expected):
    assert read_problem(body) == expected
