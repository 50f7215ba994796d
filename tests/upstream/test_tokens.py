import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.upstream.vendor import NOW, jwt
from upstream import errors
from upstream.answers import explain
from upstream.tokens import LEEWAY, MemoryTokens, Token, read_expiry, usable

DAY = 86_400


class TestReadExpiry:
    @pytest.mark.parametrize(
        ("token", "expires_in", "expected"),
        [
            (jwt(exp=NOW + 60), 86400, NOW + 60),
            (jwt(exp=NOW + 7200), 60, NOW + 7200),
            (jwt(exp=NOW + 0.5), None, NOW + 0.5),
            (jwt(exp=NOW - 60), 86400, NOW - 60),
            (jwt(exp=str(int(NOW) + 60)), None, NOW + 60),
            (jwt(exp=(NOW + 60) * 1000), None, NOW + DAY),
            (jwt(sub="nobody"), 600, NOW + 600),
            (jwt(exp=None), 600, NOW + 600),
            (jwt(exp=True), 600, NOW + 600),
            (jwt(exp=-5), 600, NOW + 600),
            (jwt(exp=10**400), 600, NOW + 600),
            ("opaque", 600, NOW + 600),
            ("opaque", "600", NOW + 600),
            ("opaque", 10**9, NOW + DAY),
            ("opaque", None, 0),
            ("opaque", "soon", 0),
            ("opaque", float("nan"), 0),
            ("a.!!!.c", None, 0),
            ("a.bm90IGpzb24.c", None, 0),
            ("a.W10.c", None, 0),
        ],
    )
    def test_reads(self, token, expires_in, expected):
        assert read_expiry(token, expires_in, NOW) == expected

    @settings(deadline=None)
    @given(st.text() | st.text("ab.=-_", max_size=20), st.one_of(st.none(), st.integers(), st.floats(), st.text()))
    def test_never_raises_and_never_beyond_a_day(self, token, expires_in):
        assert 0 <= read_expiry(token, expires_in, NOW) <= NOW + DAY


def test_token_hides_its_value():
    assert "secret" not in repr(Token("secret", NOW))


def test_leeway_is_at_least_a_minute():
    assert LEEWAY >= 60
    assert Token("x", NOW + LEEWAY - 1).is_due(NOW)
    assert Token("x", NOW + LEEWAY - 1).lives(NOW)
    assert not Token("x", NOW + LEEWAY + 1).is_due(NOW)


def never():
    raise AssertionError("not to be fetched")


def holding(token):
    store = MemoryTokens()
    store.renew(None, lambda: token, NOW)
    return store


class TestMemoryTokens:
    def test_starts_empty(self):
        assert MemoryTokens().current(NOW) is None

    def test_gives_what_lives(self):
        token = Token("a", NOW + 10)

        assert holding(token).current(NOW) == token
        assert holding(token).current(NOW + 10) is None

    def test_another_caller_was_first(self):
        store = holding(Token("new", NOW + 7200))

        assert store.renew("old", never, NOW).value == "new"
        assert store.renew(None, never, NOW).value == "new"

    def test_replaces_the_stale_one(self):
        store = holding(Token("old", NOW + 7200))

        assert store.renew("old", lambda: Token("new", NOW + 7200), NOW).value == "new"
        assert store.current(NOW).value == "new"

    def test_replaces_one_that_is_due(self):
        store = holding(Token("old", NOW + 10))

        assert store.renew("older", lambda: Token("new", NOW + 7200), NOW).value == "new"

    def test_keeps_the_old_one_when_fetching_fails(self):
        store = holding(Token("old", NOW + 10))

        with pytest.raises(AssertionError):
            store.renew("old", never, NOW)

        assert store.current(NOW).value == "old"

    def test_many_threads_fetch_once(self):
        store, fetched, together = holding(Token("old", NOW + 7200)), [], threading.Barrier(8)

        def fetch():
            fetched.append(1)
            return Token(f"new {len(fetched)}", NOW + 7200)

        def renew():
            together.wait()
            assert store.renew("old", fetch, NOW).value == "new 1"

        threads = [threading.Thread(target=renew) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert fetched == [1]


def failing(status):
    def fetch():
        raise errors.from_meaning(explain("apsis", "token", status), call="token", status=status)

    return fetch


class TestUsable:
    def test_the_one_kept(self):
        assert usable(holding(Token("a", NOW + 7200)), never, NOW).value == "a"

    def test_a_new_one_when_due(self):
        assert usable(holding(Token("a", NOW + 30)), lambda: Token("b", NOW + 7200), NOW).value == "b"

    @pytest.mark.parametrize("status", [429, 503])
    def test_the_old_one_while_the_vendor_cannot(self, status):
        assert usable(holding(Token("a", NOW + 30)), failing(status), NOW).value == "a"

    def test_not_the_old_one_once_dead(self):
        with pytest.raises(errors.Throttled):
            usable(holding(Token("a", NOW - 1)), failing(429), NOW)

    def test_not_with_a_refused_key(self):
        with pytest.raises(errors.CredentialRefused):
            usable(holding(Token("a", NOW + 30)), failing(401), NOW)
