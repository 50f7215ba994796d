"""The audit history, asked for one person: by an address that goes nowhere."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Session, User, VendorAccount
from audit import actions as audit
from audit import index, sealing
from audit.models import Event
from people import addresses, pseudonyms
from tests.audit.conftest import URL, heads, words

__all__ = ["heads"]

ASK = f"{URL}person/"
MAJA, SIRI = "maja@example.com", "46000000002"


def about(typed: str) -> list[str]:
    return [pseudonyms.newest(addresses.read(typed))]


@pytest.fixture(params=["maria", "karin"])
def reader(request: pytest.FixtureRequest) -> Client:
    """The auditor, then the admin."""
    client = Client()
    client.force_login(request.getfixturevalue(request.param))
    return client


@pytest.fixture
def as_maria(maria: User) -> Client:
    client = Client()
    client.force_login(maria)
    return client


@pytest.fixture
def lookups(anna: User, account: VendorAccount) -> None:
    """Anna looked up Maja, then Siri, then both at once, and ran something about nobody."""
    audit.record("person.looked_up", by=anna, target=account, subjects=about(MAJA), n=1)
    audit.record("person.looked_up", by=anna, target=account, subjects=about(SIRI), n=2)
    audit.record("person.looked_up", by=anna, target=account, subjects=about(MAJA) + about(SIRI), n=3)
    audit.record("run.started", by=anna, target=account, version=4)


def shown(response: Any) -> list[int | None]:
    """Return the numbers of the events on a page of the list, newest first; None for a search."""
    return [line.event.facts.get("n") for _day, lines in response.context["days"] for line in lines]


# ── It works ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("is_sealed", [False, True])
@pytest.mark.parametrize("typed", [MAJA, "  MAJA@Example.com "])
def test_the_lines_about_one_person_and_no_others(reader: Client, lookups: None, typed: str, is_sealed: bool) -> None:
    if is_sealed:
        sealing.seal(now=timezone.now())
    answer = reader.post(ASK, {"address": typed}, follow=True)
    assert shown(answer) == [None, 3, 1]
    page = words(answer)
    assert "You searched for an e-mail address; capitals make no difference." in page
    assert "about one person" in page


def test_by_a_number_however_it_is_written(as_maria: Client, lookups: None) -> None:
    answer = as_maria.post(ASK, {"address": "+46 00-000 00 02"}, follow=True)
    assert shown(answer) == [None, 3, 2]
    assert "11 digits that begin with 46" in words(answer)


def test_the_index_finds_them_among_old_blocks(
    as_maria: Client, lookups: None, anna: User, account: VendorAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "SIZE", 4)
    monkeypatch.setattr(index, "WIDTH", 1)
    monkeypatch.setattr(index, "FEW", 0)
    for number in range(9):
        audit.record("run.started", by=anna, target=account, version=number)
    sealing.seal(now=timezone.now())
    assert index.tail() > Event.objects.get(facts__n=3).pk
    assert shown(as_maria.post(ASK, {"address": MAJA}, follow=True)) == [None, 3, 1]


def test_other_filters_narrow_it_and_the_chip_takes_it_off(as_maria: Client, lookups: None, jonas: User) -> None:
    url = as_maria.post(ASK, {"address": MAJA})["Location"]
    assert shown(as_maria.get(f"{url}&action=audit.person_sought")) == [None]
    assert shown(as_maria.get(f"{url}&person={jonas.pk}")) == []
    page = words(as_maria.get(url))
    assert f'name="subject" value="{url.partition("subject=")[2]}" form="search"' in page
    assert "about one person" in page
    assert f'href="{URL}"' in page


def test_an_export_takes_the_filter_along_and_tells_whom_it_was_about(as_maria: Client, lookups: None) -> None:
    subject = as_maria.post(ASK, {"address": MAJA})["Location"].partition("subject=")[2]
    sent = as_maria.post(f"{URL}export/", {"subject": subject}).getvalue().decode()
    assert sent.count("\r\n") == 1 + 3 + 1
    assert '""n"": 3, ""subjects"": 2' in sent
    assert about(MAJA)[0] not in sent
    told = Event.objects.get(action="audit.exported")
    assert told.facts["filters"] == "about one person"
    assert told.subjects == about(MAJA)


def test_one_event_leads_to_the_others_about_the_same_person(as_maria: Client, lookups: None) -> None:
    both, first = Event.objects.get(facts__n=3), Event.objects.get(facts__n=1)
    page = words(as_maria.get(f"{URL}{first.pk}/change/"))
    assert f'<a href="{URL}?subject={about(MAJA)[0]}">Everything about them</a>' in page
    assert page.count(about(MAJA)[0]) == 1
    page = words(as_maria.get(f"{URL}{both.pk}/change/"))
    assert "2 people, known here by keyed hashes." in page


# ── Nothing found ────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_found_is_said_plainly_and_again_the_next_time(as_maria: Client, lookups: None) -> None:
    for searches in (1, 2):
        answer = as_maria.post(ASK, {"address": "nobody@example.com"}, follow=True)
        assert shown(answer) == [None] * searches
        assert "knows of nothing done with this person’s data" in words(answer)


# ── The address goes nowhere ─────────────────────────────────────────────────────────────────────────────────


def test_the_address_stands_in_no_url_no_log_no_session_and_no_event(
    as_maria: Client, lookups: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for typed in ("covert.name@example.com", "+46000000099", "covert.name@", "covert name"):
        answer = as_maria.post(ASK, {"address": typed})
        for secret in ("covert", "0000099"):
            assert secret not in answer.get("Location", "")
            assert secret not in str(answer.cookies)
            assert secret not in caplog.text
            assert secret not in repr([session.get_decoded() for session in Session.objects.all()])
            assert secret not in repr(list(Event.objects.values()))
            assert not answer.get("Location") or secret not in as_maria.get(answer["Location"]).content.decode()


def test_who_asks_is_told_by_the_history_itself(as_maria: Client, lookups: None, maria: User) -> None:
    as_maria.post(ASK, {"address": MAJA})
    event = Event.objects.get(action="audit.person_sought")
    assert (event.actor, event.subjects) == (maria, about(MAJA))
    assert "searched the audit history for one person" in words(as_maria.get(f"{URL}?view=security"))


def test_an_address_in_the_search_field_is_led_here(as_maria: Client, lookups: None) -> None:
    assert "No line holds an address" in words(as_maria.get(f"{URL}?q=maja@example.com"))
    assert "No line holds an address" not in words(as_maria.get(f"{URL}?q=maja"))


# ── Old keys ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_an_older_key_hashed_is_found_until_that_key_is_gone(
    as_maria: Client, lookups: None, anna: User, account: VendorAccount, settings: Any
) -> None:
    old = settings.INDEX_KEYS
    settings.INDEX_KEYS = ["a newer key of thirty-two letters", *old]
    audit.record("person.looked_up", by=anna, target=account, subjects=about(MAJA), n=5)
    assert shown(as_maria.post(ASK, {"address": MAJA}, follow=True)) == [None, 5, 3, 1]
    settings.INDEX_KEYS = settings.INDEX_KEYS[:1]
    assert shown(as_maria.post(ASK, {"address": MAJA}, follow=True)) == [None, None, 5]


# ── Who may not, what is not ─────────────────────────────────────────────────────────────────────────────────


def test_anonymous_and_marketers_stay_out(client: Client, as_jonas: Client, lookups: None) -> None:
    for ask in (Client.get, Client.post):
        assert ask(client, ASK)["Location"].startswith("/accounts/login/")
        assert ask(as_jonas, ASK, {"address": MAJA}).status_code == 403
    assert not Event.objects.filter(action="audit.person_sought").exists()


def test_only_asked_by_form(as_maria: Client, db: None) -> None:
    assert as_maria.put(ASK).status_code == 405
    assert "What was done with one person" in words(as_maria.get(ASK))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Type an e-mail address or a phone number."),
        ("Maja Berg", "neither as an e-mail address"),
        ("0700000001", "as it is dialled at home"),
        ("+46", "7 to 15 digits"),
        ("x" * 321, "longer than any address"),
    ],
)
def test_what_cannot_be_read_is_said_at_the_field(as_maria: Client, db: None, typed: str, said: str) -> None:
    answer = as_maria.post(ASK, {"address": typed})
    assert answer.status_code == 422
    assert said in " ".join(answer.content.decode().split())
    assert not Event.objects.exists()


@pytest.mark.parametrize("subject", ["x", "a" * 8 + "-" + "b" * 63, ".", about.__name__, "%00", "'; DROP--"])
def test_a_forged_link_is_left_out_and_said(as_maria: Client, lookups: None, subject: str) -> None:
    page = words(as_maria.get(URL, {"subject": subject}))
    assert "in a way that the desk does not know" in page
    assert page.count('class="told"') == 4
