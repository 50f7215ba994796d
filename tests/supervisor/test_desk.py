"""What the environment asks for."""

from __future__ import annotations

import pytest

from supervisor.desk import Refusal
from tests.supervisor.desks import desk


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"HOST": "0.0.0.0"}, "HOST=0.0.0.0 is refused: DEMO is on"),
        ({"HOST": "::1"}, "HOST=::1 is refused"),
        ({"PORT": "eighty"}, "PORT=eighty is no port"),
        ({"PORT": "0"}, "PORT=0 is no port"),
        ({"PORT": "65536"}, "PORT=65536 is no port"),
        ({"SANDBOX_PORT": "-1"}, "SANDBOX_PORT=-1 is no port"),
        ({"PORT": "8000", "SANDBOX_PORT": "8000"}, "PORT and SANDBOX_PORT are both 8000"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(Refusal, match=f"^{sentence}"):
        desk(**environ)


def test_what_the_environment_asks_for() -> None:
    assert (desk().port, desk().sandbox_port, desk().host) == (8000, 8100, "127.0.0.1")
    assert desk(PORT="8010").sandbox_port == 8110
    assert desk(PORT="65500").sandbox_port == 65400
    assert desk().needs_valkey
    assert desk(BROKER_URL="redis://there").needs_valkey
    assert not desk(BROKER_URL="redis://there", CACHE_URL="redis://there").needs_valkey
    open_desk = desk(DEMO="0", HOST="0.0.0.0")
    assert (open_desk.host, open_desk.sandbox_port, open_desk.address) == ("0.0.0.0", 0, "http://127.0.0.1:8000/")
