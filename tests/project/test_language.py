"""In which language the desk speaks: a person's own choice, else their browser's, else the desk's."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.core.checks import run_checks
from django.test import Client
from django.utils import timezone, translation

from accounts import languages
from accounts.models import User
from audit.models import Event
from audit.sentences import sentence
from project import journeys
from tests.conftest import sign_in
from wording import amounts, moments

SWEDE, DANE = {"HTTP_ACCEPT_LANGUAGE": "sv-SE,sv;q=0.9,en;q=0.5"}, {"HTTP_ACCEPT_LANGUAGE": "da"}


def spoken(response: Any) -> str:
    """Return the language of an answer: what the page says of itself, and what the answer says of the page."""
    page = response.content.decode()
    said = page.partition('<html lang="')[2].partition('"')[0]
    assert response["Content-Language"] == said
    return said


@pytest.mark.parametrize(
    ("browser", "expected"), [({}, "en"), (SWEDE, "sv"), (DANE, "en"), ({"HTTP_ACCEPT_LANGUAGE": "x" * 5000}, "en")]
)
def test_the_gate_speaks_as_the_browser_asks(db: None, browser: dict[str, str], expected: str) -> None:
    response = Client(**browser).get("/accounts/login/")
    assert spoken(response) == expected
    assert "Accept-Language" in response["Vary"], "a cache may not show one browser's page to another"


def test_a_person_without_a_choice_reads_what_their_browser_asks_for(anna: User) -> None:
    assert spoken(sign_in(Client(**SWEDE), anna).get("/")) == "sv"
    assert spoken(sign_in(Client(), anna).get("/")) == "en"


def test_a_choice_comes_before_the_browser(anna: User) -> None:
    client = sign_in(Client(), anna)
    assert (
        client.post("/account/", {"language": "sv", "time_zone": anna.time_zone, "has_notices": "on"}).status_code
        == 302
    )
    assert spoken(client.get("/")) == "sv"
    assert spoken(client.get("/nothing/here/")) == "sv", "a page that says no, too"
    assert Event.objects.get().facts == {"fields": ["language", "keyboard shortcuts"]}
    User.objects.filter(pk=anna.pk).update(language="en")
    assert spoken(sign_in(Client(**SWEDE), anna).get("/account/")) == "en"


def test_a_language_that_the_desk_does_not_speak_is_refused(as_anna: Client, anna: User) -> None:
    assert as_anna.post("/account/", {"language": "tlh", "time_zone": anna.time_zone}).status_code == 422
    anna.refresh_from_db()
    assert anna.language == ""


def test_one_persons_language_is_nobody_elses(anna: User, jonas: User) -> None:
    User.objects.filter(pk=anna.pk).update(language="sv")
    assert spoken(sign_in(Client(), anna).get("/")) == "sv"
    assert spoken(sign_in(Client(), jonas).get("/")) == "en"
    assert spoken(Client().get("/accounts/login/")) == "en"


def test_a_mail_is_in_its_readers_language_whoever_asks_for_it(anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(language="sv")
    Client().post("/accounts/password/reset/", {"email": anna.email})
    User.objects.filter(pk=anna.pk).update(language="")
    Client().post("/accounts/password/reset/", {"email": anna.email})
    Client(**SWEDE).post("/accounts/password/reset/", {"email": anna.email})
    assert [message.subject for message in mail.outbox] == [
        "Consent Desk: Välj ett nytt lösenord",
        "Consent Desk: Choose a new password",
        "Consent Desk: Välj ett nytt lösenord",
    ]


def test_where_no_browser_asks_the_desks_own_language_is_spoken(settings: Any, anna: User) -> None:
    with languages.of(anna) as language:
        assert language == "en"
    settings.LANGUAGE_CODE = "sv"
    assert spoken(Client(**DANE).get("/accounts/login/")) == "sv"
    settings.LANGUAGE_CODE = "tlh"
    assert any(found.id == "translation.E004" for found in run_checks(tags=["translation"]))


# ── How things are written ───────────────────────────────────────────────────────────────────────────────────

JUNE = datetime(2026, 6, 9, 14, 3, tzinfo=ZoneInfo("Europe/Stockholm"))


@time_machine.travel(JUNE, tick=False)
def test_swedish_writes_figures_and_days_its_own_way() -> None:
    tag = re.compile("<[^>]+>")

    def said(filter: Any, value: Any, *more: Any) -> str:
        return tag.sub("", str(filter(value, *more)))

    with translation.override("sv"), timezone.override("Europe/Stockholm"):
        assert said(amounts.count, 48310) == "48\u00a0310"
        assert said(amounts.size, 1_312_440) == "1,3\u00a0MB"
        assert said(moments.moment, JUNE - timedelta(minutes=3)) == "14:00, för 3 minuter sedan"
        assert said(moments.moment, JUNE - timedelta(days=1)) == "i går, 14:03"
        assert said(moments.stamp, JUNE - timedelta(days=11)) == "29 maj, 14:03"
        assert said(moments.exactly, JUNE) == "9 juni 2026, 14:03:00 CEST"
        assert said(moments.clock, JUNE, JUNE - timedelta(days=1)) == "9 jun 14:03:00"
        assert said(moments.weekday, date(2026, 6, 2)) == "Tisdag 2 juni"
        assert said(moments.duration, 0.3) == "0,3 s"
        assert said(moments.duration, timedelta(days=1, hours=3)) == "1 dygn 3 h"


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "Du behöver inte göra något."), (1, "En körning är på väg."), (12, "12 körningar är på väg.")],
)
def test_swedish_counts_runs_as_one_says_it(count: int, expected: str) -> None:
    with translation.override("sv"):
        assert journeys._headline(0, count, 0)[0] == expected


def test_the_audit_history_speaks_its_readers_language() -> None:
    """Words of the desk that were written down are said anew; names stay."""
    run: dict[str, Any] = {"actor_name": "Anna", "target": "Vår, run 3", "target_key": "exports.exportrun:3"}
    started = Event(action="run.started", facts={"version": 1}, **run)
    taken = Event(action="file.downloaded", facts={"form": "content", "rows": 48310, "purpose": "mailing"}, **run)
    fields = {"fields": ["First name", "time zone"]}
    changed = Event(action="person.changed", actor_name="Karin", target="Anna", facts=fields)
    assert sentence(changed) == "Karin changed Anna: First name, time zone"
    with translation.override("sv"):
        assert sentence(changed) == "Karin ändrade Anna: förnamn, tidszon"
        assert sentence(started) == "Anna startade Vår, körning 3, från version 1"
        assert sentence(taken) == "Anna laddade ner Vår, körning 3 som CSV, 48\u00a0310 rader, ändamål ”ett utskick”"
