"""The history of a saved segment: what each version changed, and bringing an old one back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client

from accounts.models import Credential
from audit.models import Event
from exports import actions, changes
from exports.models import SavedSegment
from exports.spec import EMAIL, SMS, Choice, ColumnChoice, ConsentSpec, TopicChoice

BASE = ConsentSpec(
    section=Choice("se", "Sverige"),
    topics=(TopicChoice("t1", "Red shoes"),),
    channels=(ColumnChoice(EMAIL, "Email", column="EmailConsent"),),
    attributes=(ColumnChoice("a.1", "Email", column="Email", discriminator="a"),),
    tags=(ColumnChoice("g.1", "Vip", column="Vip", discriminator="g"),),
    segments=(ColumnChoice("s1", "Members", column="Members", discriminator="s1"),),
)
JEANS = TopicChoice("t2", "Blue jeans")
MOBILE = ColumnChoice("m.1", "Mobile", column="Mobile", discriminator="m")


def save(key: Credential, spec: ConsentSpec, segment: SavedSegment | None = None, name: str = "Spring") -> SavedSegment:
    return actions.save_segment(by=key.owner, account=key.account, name=name, spec=spec, segment=segment)


@pytest.fixture
def three(annas_key: Credential) -> SavedSegment:
    segment = save(annas_key, BASE)
    save(annas_key, replace(BASE, topics=(*BASE.topics, JEANS)), segment)
    return save(annas_key, replace(BASE, topics=(JEANS,), exclude_unsubscribed=True), segment, "Summer")


def url(segment: SavedSegment) -> str:
    return f"/segments/{segment.pk}/history/"


# ── What changed ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("newer", "said"),
    [
        ({}, []),
        ({"topics": (*BASE.topics, JEANS)}, ["added subscription Blue jeans"]),
        ({"topics": (JEANS,)}, ["added subscription Blue jeans", "took out subscription Red shoes"]),
        ({"attributes": (replace(BASE.attributes[0], column="Mail"),)}, ["column Email renamed to Mail"]),
        ({"attributes": (*BASE.attributes, MOBILE)}, ["added attribute Mobile"]),
        ({"attributes": ()}, ["took out attribute Email"]),
        (
            {"attributes": (replace(BASE.attributes[0], id="a.2"),)},
            ["attribute Email in a newer version of APSIS's own"],
        ),
        ({"tags": ()}, ["took out tag Vip"]),
        ({"segments": (), "everyone": True}, ["took out segment Members", "everyone on the account, said on purpose"]),
        ({"section": Choice("no", "Norge")}, ["section Sverige became Norge"]),
        ({"time_zone": "Europe/Oslo"}, ["time zone Europe/Stockholm became Europe/Oslo"]),
        ({"exclude_unsubscribed": True}, ["people without any of these consents are left out"]),
        ({"method": "single", "channel": Choice(SMS, "SMS")}, ["one channel only, SMS"]),
        (
            {"channels": (replace(BASE.channels[0], column="MailOk"), ColumnChoice(SMS, "SMS", column="SmsOk"))},
            ["added channel SMS", "column EmailConsent renamed to MailOk"],
        ),
    ],
)
def test_a_difference_is_a_sentence(newer: dict[str, object], said: list[str]) -> None:
    assert changes.between(BASE, replace(BASE, **newer)) == said  # type: ignore[arg-type]


def test_another_order_is_a_change_too() -> None:
    two = replace(BASE, attributes=(*BASE.attributes, MOBILE))
    assert changes.between(two, replace(two, attributes=two.attributes[::-1])) == ["the order of columns"]


def test_any_other_spec_is_said_to_differ() -> None:
    """Whatever field a spec has or is given one day, a change of it is not passed over in silence."""
    others = {
        "section": Choice("no", "Norge"), "topics": (), "method": "single", "channels": (), "attributes": (),
        "tags": (), "segments": (), "time_zone": "UTC", "exclude_unsubscribed": True, "everyone": True,
        "apsis_excel": True,
    }  # fmt: skip
    for name, value in others.items():
        assert changes.between(BASE, replace(BASE, **{name: value})), name  # type: ignore[arg-type]
    alone = replace(BASE, method="single", channel=Choice(SMS, "SMS"))
    assert changes.between(alone, replace(alone, channel=Choice(EMAIL, "Email"))) == ["channel SMS became Email"]
    assert {*others, "channel"} == set(ConsentSpec.__dataclass_fields__)


# ── The page ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_says_who_when_and_what(as_anna: Client, three: SavedSegment) -> None:
    page = " ".join(as_anna.get(url(three)).content.decode().split())
    assert "has 3 versions." in page
    assert "The first version" in page
    assert "Added subscription Blue jeans" in page
    assert "Renamed from Spring to Summer" in page
    assert "In use" in page
    assert page.count("/restore/") == 2


def test_anonymous_is_sent_to_sign_in(client: Client, three: SavedSegment) -> None:
    for address in (url(three), f"{url(three)}1/restore/"):
        assert client.get(address)["Location"].startswith("/accounts/login/")


def test_anothers_segment_is_404(as_jonas: Client, three: SavedSegment) -> None:
    assert as_jonas.get(url(three)).status_code == 404
    assert as_jonas.post(f"{url(three)}1/restore/").status_code == 404
    three.refresh_from_db()
    assert three.version_no == 3


def test_wrong_method(as_anna: Client, three: SavedSegment) -> None:
    assert as_anna.post(url(three)).status_code == 405
    assert as_anna.get(f"{url(three)}1/restore/").status_code == 405


def test_a_version_that_is_not_there_is_404(as_anna: Client, three: SavedSegment) -> None:
    assert as_anna.post(f"{url(three)}4711/restore/").status_code == 404


def test_restoring_adds_a_version_under_the_present_name(as_anna: Client, three: SavedSegment) -> None:
    response = as_anna.post(f"{url(three)}1/restore/", follow=True)
    assert "Version 1 is back, as version 4." in response.content.decode()
    segment = SavedSegment.objects.get()
    assert (segment.version_no, segment.name, segment.consent_spec) == (4, "Summer", BASE)
    assert list(segment.versions.values_list("number", flat=True)) == [4, 3, 2, 1]
    event = Event.objects.first()
    assert event is not None
    assert (event.action, event.facts) == ("segment.restored", {"version": 4, "restored": 1})


def test_restoring_what_is_there_already_changes_nothing(as_anna: Client, three: SavedSegment) -> None:
    response = as_anna.post(f"{url(three)}3/restore/", follow=True)
    assert "nothing was changed" in response.content.decode()
    three.refresh_from_db()
    assert three.version_no == 3


def test_a_long_history_has_pages_and_says_every_change(as_anna: Client, annas_key: Credential) -> None:
    segment = save(annas_key, BASE)
    for number in range(27):
        save(annas_key, replace(BASE, time_zone="UTC" if number % 2 else "Europe/Oslo"), segment)
    last_of_the_page = as_anna.get(url(segment)).context["versions"][-1]
    assert last_of_the_page["changes"]
    assert as_anna.get(f"{url(segment)}?page=2").context["versions"][-1]["changes"] is None
