"""The page that asks for one person, and its answer."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Credential, Session, User, VendorAccount
from audit import sentences as audit_sentences
from audit.models import Event
from consents import recent
from people import addresses, pseudonyms
from sandbox.definitions import EMAIL, SMS
from tests.conftest import Vendor, key
from tests.consents.people import SECTION, Person, on_both, people
from upstream.apsis.builtin import CRM_KEYSPACE, EMAIL_KEYSPACE, EXPORT_KEYSPACE, MOBILE_KEYSPACE

URL = "/look-up/"


@pytest.fixture(autouse=True)
def _nobody_is_locked(vendor: Vendor) -> None:
    vendor.control("PATCH", "switches", locked_share=0, suppressed_share=0, calls_per_profile=0)


@pytest.fixture
def person(vendor: Vendor) -> Person:
    return next(people(vendor))


@pytest.fixture
def credential(annas_key: Credential) -> Credential:
    return annas_key


def ask(client: Client, typed: str, credential: Credential, **more: Any) -> Any:
    said = {"typed": typed, "account": credential.account_id, "sections": [SECTION], "keyspace": "", "also": ""}
    return client.post(URL, said | more)


def heading(page: Any) -> str:
    found = re.search(r"<h1>(.*?)</div>", page.content.decode(), re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]+>", " ", found.group(1)).split())


# ── It works ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.seed("S3.25")
def test_the_vendors_own_example_reads_as_it_reads_in_the_seed(
    as_anna: Client, credential: Credential, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Subscribed to a topic over two channels, with the number suppressed: only e-mail is received."""
    from sandbox import consents

    person, _topic = on_both(vendor)
    plain = consents._suppressions
    monkeypatch.setattr(consents, "_suppressions", lambda *about: (one for one in _of_the_number(person, plain, about)))
    page = ask(as_anna, person.email, credential)
    assert "may get e-mail about" in heading(page)
    assert f"No SMS: the number {person.mobile} is suppressed, and suppression overrides consent." in heading(page)
    assert "blocked by suppression" in page.content.decode()
    assert "SMS breaks at suppression" in page.content.decode()


def _of_the_number(person: Person, plain: Any, about: Any) -> Any:
    also = about[3]
    if also and also[0] == SMS:
        yield {"channel_discriminator": SMS, "address": person.mobile, "reason": "phone call"}


def test_it_says_how_it_understood_and_the_person_is_called_by_name(
    as_anna: Client, credential: Credential, person: Person
) -> None:
    for typed, said in (
        (person.email.upper(), "Read as an e-mail address"),
        (f"+{person.mobile}", f"Read as the phone number {person.mobile}"),
        (person.export_key, "Read as an export key"),
    ):
        page = ask(as_anna, typed, credential)
        assert page.status_code == 200
        assert said in page.content.decode()
        assert person.email not in heading(page), "by name"


def test_a_keyspace_can_be_chosen(as_anna: Client, credential: Credential, person: Person) -> None:
    page = ask(as_anna, f"C-{person.number:07}", credential, keyspace=CRM_KEYSPACE)
    assert page.context["picture"].found.key.keyspace == CRM_KEYSPACE
    assert page.context["picture"].addresses


@pytest.mark.seed("S3.16")
def test_a_suppressed_address_gets_nothing_at_all(
    as_anna: Client, credential: Credential, person: Person, vendor: Vendor
) -> None:
    vendor.control("PATCH", "switches", suppressed_share=1)
    page = ask(as_anna, person.email, credential)
    assert f"the address {person.email} is suppressed" in heading(page)
    assert f"the number {person.mobile} is suppressed" in heading(page)
    assert "may not be contacted" in heading(page)
    cells = [cell for row in page.context["picture"].sections[0].rows for cell in row.cells]
    assert {cell.answer for cell in cells} == {"no"}


@pytest.mark.seed("S3.9")
def test_whoever_has_yet_to_confirm_is_waited_for(
    as_anna: Client, credential: Credential, person: Person, vendor: Vendor
) -> None:
    rows = ask(as_anna, person.email, credential).context["picture"].sections[0].rows
    topic = next(row.topic.discriminator for row in rows if row.topic.channel is None)
    waiting = {"topic_discriminator": topic, "channel_discriminator": EMAIL, "type": "pending-opt-in"}
    vendor.fault("consents", "status", status=200, body={"items": [waiting], "suppressions": []}, times=9)
    page = ask(as_anna, person.email, credential).content.decode()
    vendor.control("DELETE", "faults")
    assert "Waiting for them" in page
    assert "their own confirmation: the link in the mail" in page


def test_nobody_is_no_yes(as_anna: Client, credential: Credential) -> None:
    page = ask(as_anna, "nobody@example.com", credential)
    assert heading(page) == "APSIS knows nobody by this. Nothing is recorded, so there is no consent either."


def test_a_locked_one_is_no_no(as_anna: Client, credential: Credential, person: Person, vendor: Vendor) -> None:
    vendor.control("PATCH", "switches", locked_share=1)
    assert heading(ask(as_anna, person.email, credential)).startswith("This profile is locked at APSIS.")


def test_a_section_that_gives_no_answer_is_said(
    as_anna: Client, credential: Credential, person: Person, vendor: Vendor
) -> None:
    sections = [str(one) for one, _name in as_anna.get(URL).context["form"].fields["sections"].choices]
    vendor.fault("consents", "status", status=403, body={"title": "Forbidden", "status": 403}, times=1)
    page = ask(as_anna, person.email, credential, sections=sections)
    assert "Not every section has answered." in heading(page)
    vendor.fault("consents", "status", status=403, body={"title": "Forbidden", "status": 403}, times=99)
    page = ask(as_anna, person.email, credential, sections=sections)
    vendor.control("DELETE", "faults")
    assert heading(page).startswith("It is not known whether")


@pytest.mark.seed("S3.14")
def test_consent_1_says_that_source_reason_and_time_are_not_told(
    as_anna: Client, anna: User, person: Person, credential: Credential
) -> None:
    account = VendorAccount.objects.create(
        name="Old", region="other", other_url="http://127.0.0.1:8100", consent_version=1
    )
    own = key(anna, account, "demo-ingrid")
    form = as_anna.post(URL, {"account": account.pk, "redraw": 1}).context["form"]
    sections = [one for one, _name in form.fields["sections"].choices]
    page = ask(as_anna, person.email, own, sections=sections)
    told = [one for part in page.context["picture"].found.parts for one in part.told.consents or ()]
    assert told
    assert all((one.source, one.reason, one.modified_at) == (None, None, None) for one in told)
    assert "source, reason and time are not told under Consent 1.0" in page.content.decode()
    assert "Consent 1.0: APSIS does not tell when" in page.content.decode()


@pytest.mark.seed("S3.15")
def test_consent_2_tells_source_reason_and_time_of_each(
    as_anna: Client, credential: Credential, person: Person
) -> None:
    page = ask(as_anna, person.email, credential)
    told = [one for part in page.context["picture"].found.parts for one in part.told.consents or ()]
    assert told
    assert all(one.source and one.reason and one.modified_at for one in told)
    assert "web form, One API" in page.content.decode()
    assert len(page.context["picture"].history) == len(told)


@pytest.mark.seed("S3.11")
@pytest.mark.seed("S3.26")
def test_the_grid_has_every_subscription_and_channel_and_an_unknown_is_no_no(
    as_anna: Client, credential: Credential, person: Person
) -> None:
    page = ask(as_anna, person.email, credential, types=["opt-out"])
    section = page.context["picture"].sections[0]
    assert len(section.rows) > 3
    assert {len(row.cells) for row in section.rows} == {2}
    assert "Not checked" in page.content.decode()
    assert "No consent recorded" not in page.content.decode()


def test_a_topic_that_the_list_does_not_name_is_shown(as_anna: Client, credential: Credential, vendor: Vendor) -> None:
    """A consent to a subscription that the desk does not know by name may be a yes all the same."""
    from accounts.models import Definitions

    person, topic = on_both(vendor)
    ask(as_anna, person.email, credential)
    kept = Definitions.objects.get(credential=credential, kind="topics", section=SECTION)
    kept.items = [one for one in kept.items if one["discriminator"] != topic]
    kept.save()
    page = ask(as_anna, person.email, credential)
    assert topic in {row.topic.name for row in page.context["picture"].sections[0].rows}


@pytest.mark.seed("S3.18")
def test_the_answer_can_be_copied_as_sentences(as_anna: Client, credential: Credential, vendor: Vendor) -> None:
    person, _topic = on_both(vendor)
    page = ask(as_anna, person.email, credential)
    assert page.context["copy"].startswith("As of ")
    assert "by what APSIS One has recorded" in page.context["copy"]
    assert "subscriptions" not in page.context["copy"], "a customer is told which"
    assert page.context["copy"] in page.content.decode().replace("&#x27;", "'")


# ── Nothing of it stays ──────────────────────────────────────────────────────────────────────────────────────


def test_every_look_up_is_in_the_audit_history_and_no_address_is(
    as_anna: Client, credential: Credential, person: Person, anna: User
) -> None:
    ask(as_anna, person.email, credential)
    ask(as_anna, "nobody@example.com", credential)
    events = list(Event.objects.filter(action="consent.looked_up").order_by("pk"))
    assert [event.actor_name for event in events] == [str(anna)] * 2
    assert [event.facts["answered"] for event in events] == [True, False]
    assert pseudonyms.newest(addresses.email(person.email)) in events[0].facts["subjects"]
    assert pseudonyms.newest(addresses.phone(person.mobile)) in events[0].facts["subjects"]
    assert pseudonyms.newest(addresses.email("nobody@example.com")) in events[1].facts["subjects"]
    written = json.dumps([[event.facts, event.target, audit_sentences.sentence(event)] for event in events])
    for text in (person.email, person.mobile, "nobody@example.com"):
        assert text not in written


def test_the_last_ten_are_sealed_and_ones_own(
    as_anna: Client, as_jonas: Client, credential: Credential, jonas_key: Credential, person: Person
) -> None:
    for number in range(12):
        ask(as_anna, f"nobody{number}@example.com", credential)
    ask(as_anna, person.email, credential)
    page = as_anna.get(URL)
    assert len(page.context["recent"]) == recent.KEPT
    assert page.context["recent"][0].typed == person.email
    assert person.email in page.content.decode()
    kept = "".join(Session.objects.values_list("session_data", flat=True))
    assert person.email not in kept
    assert person.email not in json.dumps([str(one.get_decoded()) for one in Session.objects.all()])
    assert as_jonas.get(URL).context["recent"] == []
    again = as_anna.post(URL, {"typed": person.email, "keyspace": "", "account": credential.account_id, "again": "1"})
    assert len(again.context["picture"].sections) > 1, "asked about everywhere"
    assert as_anna.post(reverse("consents:recent_forget")).status_code == 302
    assert as_anna.get(URL).context["recent"] == []


def test_last_ten_that_no_key_opens_any_more_are_none(as_anna: Client, credential: Credential) -> None:
    session = as_anna.session
    session["looked_up"] = "not sealed"
    session.save()
    assert as_anna.get(URL).context["recent"] == []


def test_an_address_is_never_asked_for_by_get(as_anna: Client, credential: Credential, person: Person) -> None:
    page = as_anna.get(URL, {"typed": person.email})
    assert person.email not in page.content.decode()
    assert not Event.objects.filter(action="consent.looked_up").exists()
    assert "no-store" in page.headers["Cache-Control"]


def test_it_says_which_downloaded_files_hold_the_person(
    as_anna: Client, anna: User, credential: Credential, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ask(as_anna, person.export_key, credential)
    assert "In no file downloaded in the last 30 days." in page.content.decode()
    asked: list[Any] = []

    def held(about: Any, keys: Any, **more: Any) -> Any:
        asked.append(({one.text for one in about}, list(keys), more["to"]))
        return {"sentence": "In 2 files.", "limits": "", "files": []}

    monkeypatch.setattr("exports.whereabouts.of", held)
    assert "In 2 files." in ask(as_anna, person.export_key, credential).content.decode()
    assert asked == [({person.email, person.mobile}, [person.export_key], anna)]


# ── Who may, and what is wrong ───────────────────────────────────────────────────────────────────────────────


def test_a_stranger_is_led_to_the_gate(client: Client) -> None:
    assert client.get(URL).status_code == client.post(URL, {"typed": "a@example.com"}).status_code == 302


def test_without_a_key_of_ones_own_nobody_is_looked_up(as_anna: Client, vendor: Vendor) -> None:
    page = as_anna.post(URL, {"typed": "a@example.com"})
    assert "needs your key" in page.content.decode()
    assert vendor.calls() == {}


def test_anothers_account_is_not_asked(as_jonas: Client, jonas_key: Credential, person: Person) -> None:
    """Whoever names an account that they have no key for is asked with their own."""
    other = VendorAccount.objects.create(name="Other", region="other", other_url="http://127.0.0.1:8100")
    page = as_jonas.post(URL, {"typed": person.email, "account": other.pk, "sections": [SECTION]})
    assert page.status_code == 422


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Type an e-mail address, a phone number"),
        ("a@example.com b@example.com", "This does not read as an e-mail address"),
        ("a@example.com\nb@example.com", "This looks like several people"),
        ("a@example.com\u200b", "nobody can see"),
        ("x" * 321, "longer than any key"),
        ("070 000 00 01", "begins with a single 0"),
        ("<script>alert(1)</script>@", "This does not read as an e-mail address"),
    ],
)
def test_what_is_no_key_says_what_to_do(
    as_anna: Client, credential: Credential, vendor: Vendor, typed: str, says: str
) -> None:
    page = ask(as_anna, typed, credential)
    assert page.status_code == 422
    assert says in page.content.decode()
    assert "<script>alert" not in page.content.decode()
    assert not Event.objects.filter(action="consent.looked_up").exists()
    assert "consents" not in vendor.calls()


def test_another_address_is_asked_about_and_a_wrong_one_says_so(
    as_anna: Client, credential: Credential, person: Person
) -> None:
    page = ask(as_anna, person.email, credential, also="+46 000 99 99 99")
    assert "46000999999" in {one.reach.text for one in page.context["picture"].addresses}
    assert ask(as_anna, person.email, credential, also="nonsense").status_code == 422


@pytest.mark.parametrize("sections", [[], ["com.apsis1.sections.stolen"]])
def test_sections_that_are_not_ones_own_are_not_asked(
    as_anna: Client, credential: Credential, person: Person, sections: list[str]
) -> None:
    assert ask(as_anna, person.email, credential, sections=sections).status_code == 422


def test_a_refused_key_is_said_and_marked(
    as_anna: Client, credential: Credential, person: Person, vendor: Vendor
) -> None:
    as_anna.get(URL)
    Credential.objects.update(sealed_token="", token_expires_at=0)
    vendor.fault("token", "status", status=401, times=9)
    page = ask(as_anna, person.email, credential)
    vendor.control("DELETE", "faults")
    assert heading(page).startswith("APSIS was not asked.")
    credential.refresh_from_db()
    assert credential.state == Credential.State.REFUSED
    assert Event.objects.get(action="consent.looked_up").facts["answered"] is False


HOSTILE: list[Any] = [
    None,
    [],
    "nonsense",
    {"items": None},
    {"items": [None, 7, {}, {"type": "opt-in"}], "suppressions": "yes"},
    {"items": [{"topic_discriminator": "<b>x</b>", "channel_discriminator": EMAIL, "type": "<script>1</script>"}]},
    {"items": [{"topic_discriminator": "t", "channel_discriminator": EMAIL, "type": ["opt-in"]}], "suppressions": [{}]},
    {"items": [], "suppressions": [{"channel_discriminator": EMAIL, "address": 46000000001}]},
    {"items": [{"topic_discriminator": "t", "channel_discriminator": EMAIL, "type": "opt-in", "modified_at": "soon"}]},
]


@pytest.mark.parametrize("body", HOSTILE)
def test_whatever_cannot_be_read_is_never_a_yes(
    as_anna: Client, credential: Credential, person: Person, vendor: Vendor, body: Any
) -> None:
    vendor.fault("consents", "status", status=200, body=body, times=99)
    page = ask(as_anna, person.email, credential)
    vendor.control("DELETE", "faults")
    assert page.status_code == 200
    cells = [cell for section in page.context["picture"].sections for row in section.rows for cell in row.cells]
    assert "yes" not in {cell.answer for cell in cells}
    if body != []:  # a list with nothing in it, told in another shape
        assert heading(page).startswith("It is not known whether")
    assert "<script>1" not in page.content.decode()
    assert "<b>x</b>" not in page.content.decode()


@pytest.mark.parametrize("keyspace", [EMAIL_KEYSPACE, MOBILE_KEYSPACE, EXPORT_KEYSPACE])
def test_it_costs_as_many_queries_however_much_is_told(
    as_anna: Client, credential: Credential, person: Person, django_assert_max_num_queries: Any, keyspace: str
) -> None:
    typed = {EMAIL_KEYSPACE: person.email, MOBILE_KEYSPACE: person.mobile, EXPORT_KEYSPACE: person.export_key}
    sections = [one for one, _name in as_anna.get(URL).context["form"].fields["sections"].choices]
    ask(as_anna, typed[keyspace], credential, sections=sections)
    with django_assert_max_num_queries(40):
        ask(as_anna, typed[keyspace], credential, sections=sections)
