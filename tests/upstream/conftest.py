"""What the tests of `upstream` share. No attempt waits for the next."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import stamina

from tests.upstream.vendor import BASE, NOW, SECRET, Vendor, jwt
from upstream import transport
from upstream.apsis.client import Apsis
from upstream.network import network
from upstream.tokens import MemoryTokens, Token


@pytest.fixture(autouse=True)
def no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture(autouse=True)
def this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients that open connections of their own reach the servers of the tests, which are on this machine."""
    monkeypatch.setattr(transport, "network", partial(network, loopback=True))


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def tokens() -> MemoryTokens:
    """A store that holds a good token, so that most tests need no sign-in."""
    store = MemoryTokens()
    store.renew(None, lambda: Token(jwt(exp=NOW + 7200, jti="kept"), NOW + 7200), NOW)
    return store


@pytest.fixture
def make(vendor: Vendor, tokens: MemoryTokens) -> Callable[..., Apsis]:
    def make_client(**options: Any) -> Apsis:
        given = {"tokens": tokens, "http": vendor, "clock": lambda: NOW, **options}
        return Apsis(BASE, "id-of-the-key", SECRET, **given)

    return make_client


@pytest.fixture
def apsis(make: Callable[..., Apsis]) -> Apsis:
    return make()
