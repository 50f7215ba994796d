"""One event: what it says, what vouches for it, and what was sealed around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client

from accounts.models import User
from audit.models import Event
from audit.tasks import seal
from tests.audit.conftest import URL, words


def address(event: Event) -> str:
    return f"{URL}{event.pk}/change/"


def test_it_says_what_happened_and_checks_the_seal_now(reader: Client, chain: list[Event]) -> None:
    page = words(reader.get(address(chain[4])))
    assert "<b><bdi>anna</bdi></b> started" in page
    assert "as it was sealed" in page
    assert chain[4].seal in page
    for near in (chain[3], chain[5]):
        assert f'href="{address(near)}"' in page


def test_the_first_of_all_is_whole_without_one_before(as_maria: Client, chain: list[Event]) -> None:
    assert "not as it was sealed" not in words(as_maria.get(address(chain[0])))


def test_what_was_tampered_with_says_so(as_maria: Client, chain: list[Event], tamper: Callable[..., None]) -> None:
    tamper("UPDATE audit_event SET actor_name = 'nobody' WHERE seq = 5")
    assert "This event is not as it was sealed." in words(as_maria.get(address(chain[4])))
    tamper("DELETE FROM audit_event WHERE seq = 7")
    assert "not as it was sealed" in words(as_maria.get(address(chain[7])))


def test_what_waits_for_its_seal_says_so(as_maria: Client, event: Event) -> None:
    assert "not sealed yet" in words(as_maria.get(address(event)))
    seal()
    assert "not sealed yet" not in words(as_maria.get(address(event)))


def test_a_key_that_is_gone_is_no_tampering(as_maria: Client, chain: list[Event], settings: Any) -> None:
    settings.AUDIT_KEYS = ["another"]
    assert "by a key that the desk no longer has" in words(as_maria.get(address(chain[4])))


def test_anonymous_and_marketers_stay_out(client: Client, as_jonas: Client, event: Event) -> None:
    assert client.get(address(event))["Location"].startswith("/accounts/login/")
    assert as_jonas.get(address(event), follow=True).status_code == 403


def test_only_reading(as_maria: Client, event: Event) -> None:
    assert as_maria.post(address(event), {"action": "run.never_started"}).status_code == 405
    assert Event.objects.get(pk=event.pk).action == "run.started"


def test_what_is_not_there_is_not_there(as_maria: Client, event: Event, maria: User) -> None:
    for pk in ("4711", "x", "99999999999999999999999", "%C2%B2"):
        assert as_maria.get(f"{URL}{pk}/change/").status_code == 404


def test_the_address_of_djangos_history_leads_here(as_maria: Client, event: Event) -> None:
    assert as_maria.get(f"{URL}{event.pk}/history/")["Location"] == address(event)
