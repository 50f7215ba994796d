"""What one look-up asks of the vendor, and what it makes of the answers. Against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accounts import clients
from accounts.models import Credential
from consents import asking, gathered, verdict
from consents.asking import Found
from consents.keys import Key
from consents.verdict import Answer, Reach, chains, together
from sandbox.definitions import EMAIL, SMS
from tests.conftest import Vendor
from tests.consents.people import SECTION, Person, on_both, people, stands
from upstream.apsis.builtin import CRM_KEYSPACE, EMAIL_KEYSPACE, EXPORT_KEYSPACE, MOBILE_KEYSPACE
from upstream.apsis.client import Apsis
from upstream.apsis.consents import Address
from upstream.errors import CredentialRefused, Gone, Missing, NotAllowed


@pytest.fixture
def client(vendor: Vendor, annas_key: Credential) -> Iterator[Apsis]:
    vendor.control("PATCH", "switches", locked_share=0, suppressed_share=0, calls_per_profile=0)
    with clients.client_for(annas_key.pk) as client:
        yield client


@pytest.fixture
def person(vendor: Vendor) -> Person:
    return next(people(vendor))


def look(client: Apsis, person: Person, **more: object) -> Found:
    return asking.ask(client, Key(EMAIL_KEYSPACE, person.email), [SECTION], **more)  # type: ignore[arg-type]


def of_topic(found: Found, topic: str, channel: str) -> Answer:
    return together(chains(found.parts[0].told, found.reaches, topic=topic, only=None, channel=channel))


@pytest.mark.seed("S3.3")
def test_the_verdict_is_the_vendors_word_on_every_topic_and_channel(vendor: Vendor, client: Apsis) -> None:
    seen = set()
    for person in list(people(vendor))[:12]:
        told, found = stands(vendor, person), look(client, person)
        for (topic, channel), type in told.items():
            wanted = Answer.YES if type in ("opt-in", "confirmed-opt-in") else Answer.NO
            assert of_topic(found, topic, channel) == wanted
            seen.add(wanted)
    assert seen == {Answer.YES, Answer.NO}


@pytest.mark.seed("S3.24")
def test_every_address_of_the_profile_is_asked_about(vendor: Vendor, client: Apsis, person: Person) -> None:
    vendor.control("PATCH", "switches", suppressed_share=1)
    found = look(client, person)
    assert {(one.channel, one.text) for one in found.reaches.known} == {(EMAIL, person.email), (SMS, person.mobile)}
    assert [verdict.suppression(one).why for one in found.reaches.known] == [verdict.SUPPRESSED] * 2
    assert found.calls == 3, "the section with the key, the attributes, and the number"


@pytest.mark.seed("S3.12")
@pytest.mark.parametrize("keyspace", [EXPORT_KEYSPACE, CRM_KEYSPACE, MOBILE_KEYSPACE])
def test_whatever_they_are_known_by_the_addresses_are_the_profiles(
    vendor: Vendor, client: Apsis, person: Person, keyspace: str
) -> None:
    key = {EXPORT_KEYSPACE: person.export_key, MOBILE_KEYSPACE: person.mobile, CRM_KEYSPACE: f"C-{person.number:07}"}
    found = asking.ask(client, Key(keyspace, key[keyspace]), [SECTION])
    assert {(one.channel, one.text) for one in found.reaches.known} == {(EMAIL, person.email), (SMS, person.mobile)}
    assert all(one.suppressions == () for one in found.reaches.known)


def test_an_address_that_was_typed_goes_along_with_the_first_call(
    vendor: Vendor, client: Apsis, person: Person
) -> None:
    found = look(client, person, also=Address(SMS, person.mobile))
    assert found.calls == 2
    assert {one.text for one in found.reaches.known} == {person.email, person.mobile}
    assert all(one.suppressions == () for one in found.reaches.known)


def test_one_that_the_profile_does_not_have_is_asked_about_as_well(
    vendor: Vendor, client: Apsis, person: Person
) -> None:
    vendor.control("PATCH", "switches", suppressed_share=1)
    found = look(client, person, also=Address(SMS, "46000999999"))
    assert {one.text for one in found.reaches.known} == {person.email, person.mobile, "46000999999"}
    assert {verdict.suppression(one).why for one in found.reaches.known} == {verdict.SUPPRESSED}


def test_where_the_attributes_are_not_told_the_number_is_not_known_and_no_no(vendor: Vendor, client: Apsis) -> None:
    person, topic = on_both(vendor)
    for status in (403, 404):
        vendor.fault("values", "status", status=status, times=9)
        found = look(client, person)
        vendor.control("DELETE", "faults")
        assert of_topic(found, topic, EMAIL) == Answer.YES
        assert of_topic(found, topic, SMS) == Answer.UNKNOWN
        assert found.name == ""


def test_where_the_second_round_fails_the_number_is_known_and_its_suppression_is_not(
    vendor: Vendor, client: Apsis
) -> None:
    person, topic = on_both(vendor)
    vendor.fault("consents", "status", status=404, skip=1, times=9)
    found = look(client, person)
    assert of_topic(found, topic, EMAIL) == Answer.YES
    assert of_topic(found, topic, SMS) == Answer.UNKNOWN
    assert {one.text for one in found.reaches.known} == {person.email, person.mobile}


@pytest.mark.seed("S3.10")
def test_types_that_were_not_asked_for_stay_unknown(vendor: Vendor, client: Apsis) -> None:
    person, topic = on_both(vendor, "opt-out")
    assert of_topic(look(client, person), topic, EMAIL) == Answer.NO
    some = look(client, person, types=["opt-in", "confirmed-opt-in"])
    assert of_topic(some, topic, EMAIL) == Answer.UNKNOWN
    assert of_topic(look(client, person, types=["opt-out"]), topic, EMAIL) == Answer.NO


@pytest.mark.seed("S3.13")
def test_several_sections_each_answer_for_themselves(vendor: Vendor, client: Apsis, person: Person) -> None:
    sections = [one.discriminator for one in client.sections()]
    assert len(sections) > 1
    vendor.fault("consents", "status", status=403, body={"title": "Forbidden", "status": 403}, times=1)
    found = asking.ask(client, Key(EMAIL_KEYSPACE, person.email), sections)
    assert [part.section for part in found.parts] == sections
    failed = [part for part in found.parts if part.error]
    assert len(failed) == 1
    assert isinstance(failed[0].error, NotAllowed)
    assert failed[0].told.consents is None
    for part in set(found.parts) - set(failed):
        told = {(one.topic, one.channel): one.type for one in part.told.consents or ()}
        assert told == stands(vendor, person, section=part.section)
    assert len({frozenset(part.told.consents or ()) for part in found.parts}) > 1, "they differ"


def test_nobody_and_a_locked_one_are_told_apart(vendor: Vendor, client: Apsis, person: Person) -> None:
    nobody = asking.ask(client, Key(EMAIL_KEYSPACE, "nobody@example.com"), [SECTION])
    assert isinstance(nobody.parts[0].error, Missing)
    vendor.control("PATCH", "switches", locked_share=1)
    assert isinstance(look(client, person).parts[0].error, Gone)


@pytest.mark.django_db(transaction=True)  # a token is renewed in the thread that asks
def test_a_key_that_is_refused_stops_everything(vendor: Vendor, client: Apsis, person: Person) -> None:
    client.sign_in()
    vendor.fault("consents", "status", status=401, times=9)
    with pytest.raises(CredentialRefused):
        look(client, person)


def test_two_answers_about_one_address_are_put_together(person: Person) -> None:
    clear, silent = Reach(EMAIL, person.email, ()), Reach(EMAIL, person.email, None)
    assert gathered.both(silent, clear) == clear
    assert gathered.both(clear, silent) == clear
    assert gathered.both(None, silent) == silent
    unread = Reach(EMAIL, person.email, (), unread=1)
    assert gathered.both(clear, unread).unread == 1
