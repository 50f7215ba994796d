"""One consent changed: with a right of its own, asked once, said back, and never sent twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts.models import Credential, User
from audit import sentences
from audit.models import Event
from sandbox.definitions import EMAIL
from tests.conftest import Vendor
from tests.consents.people import SECTION, Person, people, stands
from upstream.apsis.builtin import EMAIL_KEYSPACE, EXPORT_KEYSPACE

URL = "/look-up/change/"


@pytest.fixture(autouse=True)
def _nobody_is_locked(vendor: Vendor) -> None:
    vendor.control("PATCH", "switches", locked_share=0, suppressed_share=0, calls_per_profile=0)


@pytest.fixture
def steward(anna: User) -> User:
    anna.groups.add(Group.objects.get(name="Consent steward"))
    return anna


@pytest.fixture
def person(vendor: Vendor) -> Person:
    return next(people(vendor))


@pytest.fixture
def topic(vendor: Vendor, as_anna: Client, annas_key: Credential, person: Person) -> str:
    """A subscription that is open to e-mail, as the section lists it."""
    page = as_anna.post("/look-up/", {"typed": person.email, "account": annas_key.account_id, "sections": [SECTION]})
    rows = page.context["picture"].sections[0].rows
    return str(next(row.topic.discriminator for row in rows if row.topic.channel is None))


def asked(person: Person, credential: Credential, topic: str, type: str, **more: Any) -> dict[str, Any]:
    return {
        "account": credential.account_id,
        "keyspace": EMAIL_KEYSPACE,
        "key": person.email,
        "section": SECTION,
        "topic": topic,
        "channel": EMAIL,
        "type": type,
        "shown": "nothing",
    } | more


def sure(*about: Any, **more: Any) -> dict[str, Any]:
    return asked(*about, confirm="1", reason="asked on the phone", **more)


@pytest.mark.usefixtures("steward")
def test_it_asks_first_and_then_changes_it(
    as_anna: Client, annas_key: Credential, vendor: Vendor, person: Person, topic: str
) -> None:
    before = stands(vendor, person).get((topic, EMAIL))
    wanted = "opt-out" if before == "opt-in" else "opt-in"
    page = as_anna.post(URL, asked(person, annas_key, topic, wanted))
    assert page.status_code == 200
    assert "A suppression stays as it is" in page.content.decode() or wanted == "opt-out"
    assert stands(vendor, person).get((topic, EMAIL)) == before, "only asked"
    page = as_anna.post(URL, sure(person, annas_key, topic, wanted))
    assert page.context["made"].outcome == ("changed" if before else "created")
    assert 'action="/look-up/"' in page.content.decode(), "to look them up again"
    assert stands(vendor, person)[topic, EMAIL] == wanted
    page = as_anna.post(URL, sure(person, annas_key, topic, wanted))
    assert page.context["made"].outcome == "already"
    assert "It was so already." in page.content.decode()
    other = "opt-in" if wanted == "opt-out" else "opt-out"
    page = as_anna.post(URL, sure(person, annas_key, topic, other))
    assert page.context["made"].outcome == "changed"
    assert stands(vendor, person)[topic, EMAIL] == other


@pytest.mark.usefixtures("steward")
def test_it_is_in_the_audit_history_before_and_after(
    as_anna: Client, annas_key: Credential, person: Person, topic: str
) -> None:
    as_anna.post(URL, sure(person, annas_key, topic, "opt-out"))
    before, after = Event.objects.filter(action__startswith="consent.change").order_by("pk")
    assert (before.action, after.action) == ("consent.change_asked", "consent.changed")
    assert before.facts["type"] == after.facts["type"] == "opt-out"
    assert after.facts["outcome"] in ("created", "changed", "already")
    assert before.facts["before"] == "nothing"
    as_anna.post(URL, sure(person, annas_key, topic, "opt-out") | {"shown": "somebody@example.com"})
    forged = Event.objects.latest("pk")
    assert forged.facts["before"] == "unknown", "whatever a form says of how it stood is a word of ours"
    assert "not known" in sentences.sentence(forged)
    written = json.dumps([before.facts, after.facts])
    assert person.email not in written
    assert "asked on the phone" not in written


@pytest.mark.usefixtures("steward")
def test_an_answer_that_was_lost_is_said_and_nothing_is_sent_again(
    as_anna: Client, annas_key: Credential, vendor: Vendor, person: Person, topic: str
) -> None:
    vendor.fault("consent_change", "status", status=504)
    page = as_anna.post(URL, sure(person, annas_key, topic, "opt-out"))
    assert page.context["made"].outcome == "lost"
    assert "We do not know whether APSIS received this." in page.content.decode()
    assert "Ask again" in page.content.decode()
    assert vendor.calls()["consent_change"] == 1


@pytest.mark.usefixtures("steward")
@pytest.mark.parametrize(("status", "says"), [(400, "did not take this change"), (410, "locked"), (404, "nobody")])
def test_a_refusal_says_what_it_means(
    as_anna: Client, annas_key: Credential, vendor: Vendor, person: Person, topic: str, status: int, says: str
) -> None:
    vendor.fault("consent_change", "status", status=status, body={"title": "No", "status": status})
    page = as_anna.post(URL, sure(person, annas_key, topic, "opt-out"))
    assert page.context["made"].outcome == "refused"
    assert says in page.content.decode()
    assert Event.objects.get(action="consent.changed").facts["outcome"] == "refused"


@pytest.mark.usefixtures("steward")
def test_a_reason_is_asked_for(
    as_anna: Client, annas_key: Credential, vendor: Vendor, person: Person, topic: str
) -> None:
    for reason in ("", "   "):
        page = as_anna.post(URL, sure(person, annas_key, topic, "opt-out") | {"reason": reason})
        assert page.status_code == 422
        assert "Say why" in page.content.decode()
    assert "consent_change" not in vendor.calls()


@pytest.mark.seed("S3.8")
@pytest.mark.usefixtures("steward")
@pytest.mark.parametrize(
    "wrong",
    [
        {"section": "com.apsis1.sections.stolen"},
        {"topic": "usercreated.topics.stolen"},
        {"channel": "com.apsis1.channels.letter"},
        {"type": "confirmed-opt-in"},
        {"key": "."},
        {"account": "999999"},
        {"account": "nonsense"},
    ],
)
def test_what_the_vendor_does_not_name_is_never_sent(
    as_anna: Client, annas_key: Credential, vendor: Vendor, person: Person, topic: str, wrong: dict[str, str]
) -> None:
    assert as_anna.post(URL, sure(person, annas_key, topic, "opt-out") | wrong).status_code == 302
    assert "consent_change" not in vendor.calls()
    assert not Event.objects.filter(action="consent.change_asked").exists()


def test_it_needs_a_right_of_its_own(
    as_anna: Client, annas_key: Credential, vendor: Vendor, person: Person, topic: str
) -> None:
    assert as_anna.post(URL, sure(person, annas_key, topic, "opt-out")).status_code == 403
    page = as_anna.post("/look-up/", {"typed": person.email, "account": annas_key.account_id, "sections": [SECTION]})
    assert "Write down an opt" not in page.content.decode()
    assert "consent_change" not in vendor.calls()


@pytest.mark.usefixtures("steward")
def test_it_is_offered_only_where_the_vendor_allows_it(
    as_anna: Client, annas_key: Credential, person: Person, topic: str
) -> None:
    """Through the export keyspace consents can be read, and not managed."""
    said = {"typed": person.export_key, "account": annas_key.account_id, "sections": [SECTION]}
    assert "Write down an opt" not in as_anna.post("/look-up/", said).content.decode()
    said["typed"] = person.email
    assert "Write down an opt" in as_anna.post("/look-up/", said).content.decode()
    forged = sure(person, annas_key, topic, "opt-out") | {"key": person.export_key, "keyspace": EXPORT_KEYSPACE}
    page = as_anna.post(URL, forged)
    assert page.context["made"].outcome == "refused"
    assert "may not change consents by what you looked up" in page.content.decode()


def test_wrong_method_and_strangers(client: Client, as_anna: Client, steward: User) -> None:
    assert as_anna.get(URL).status_code == 405
    assert Client().post(URL).status_code == 302
    assert as_anna.get(reverse("consents:recent_forget")).status_code == 405
