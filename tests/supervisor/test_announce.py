"""What is printed when the desk is there."""

from __future__ import annotations

from supervisor.announce import announcement
from tests.supervisor.desks import desk


def test_the_announcement_names_the_address_the_people_and_the_end() -> None:
    text = announcement(desk(PORT="8010"))
    assert "http://127.0.0.1:8010/" in text
    assert "http://127.0.0.1:8110/" in text
    assert "Ctrl-C stops everything" in text
    assert "/mail\n" in text
    assert "/mail\n" not in announcement(desk(DEMO="0"))
    from accounts.demo_people import PASSWORD, PEOPLE

    assert all(word in text for word in (PASSWORD, *(person[0] for person in PEOPLE)))
    assert PASSWORD not in announcement(desk(DEMO="0"))
