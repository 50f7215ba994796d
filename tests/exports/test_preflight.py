"""The pre-flight: pure functions, so a spec and a reach go in and findings come out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exports import preflight
from exports.preflight import Finding, Reach, Seen
from exports.spec import EMAIL, SMS, Choice, ColumnChoice, ConsentSpec, TopicChoice

NEWS = TopicChoice("t.news", "News", folder="f.general", folder_name="General")
OFFERS = TopicChoice("t.offers", "Offers", folder="f.shop", folder_name="Shop")
SMS_CLUB = TopicChoice("t.club", "SMS club", folder="f.general", folder_name="General", channel=SMS)
BY_MAIL = ColumnChoice(EMAIL, "Email", column="EmailConsent")
BY_SMS = ColumnChoice(SMS, "SMS", column="MobileConsent")
EMAIL_ATTRIBUTE = ColumnChoice("1852749", "Email", column="Email", discriminator="com.apsis1.attributes.email")
CITY = ColumnChoice("1852751", "City", column="City", discriminator="usercreated.attributes.city-aaaaaaaaaa")
WOMEN = ColumnChoice("s.women", "Women", column="Women", discriminator="s.women")

GOOD = ConsentSpec(
    section=Choice("sec.nordic", "Nordic"), topics=(NEWS,), channels=(BY_MAIL, BY_SMS), segments=(WOMEN,)
)
EVERYTHING = Reach(
    sections={"sec.nordic"},
    topics={"t.news", "t.offers", "t.club"},
    attributes={"1852749", "1852751"},
    tags=set(),
    segments={"s.women"},
)


def check(
    spec: ConsentSpec, reach: Reach = EVERYTHING, *, consent_version: int = 2, seen: Seen | None = None
) -> dict[str, Finding]:
    found = preflight.check(spec, reach, consent_version=consent_version, seen=seen or Seen())
    return {finding.code: finding for finding in found}


def blocked(**changes: object) -> dict[str, Finding]:
    return {code: f for code, f in check(replace(GOOD, **changes)).items() if f.level == "block"}  # type: ignore[arg-type]


def test_a_whole_spec_is_not_blocked() -> None:
    found = check(GOOD)
    assert {f.code for f in found.values() if f.level == "block"} == set()
    assert {"segment_chosen", "channels_mapped", "titles_unique", "key_serves"} <= found.keys()


def test_blocks_come_first() -> None:
    found = preflight.check(replace(GOOD, topics=()), EVERYTHING, consent_version=2)
    assert found[0].level == "block"
    assert [f.level for f in found] == sorted((f.level for f in found), key=["block", "know", "fine"].index)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"segments": ()}, "no_segment"),
        ({"section": Choice("", "")}, "no_section"),
        ({"topics": ()}, "no_topic"),
        ({"channels": ()}, "no_channel"),
        ({"method": "single"}, "no_channel"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"channels": (BY_MAIL, replace(BY_SMS, column="emailconsent"))}, "titles_twice"),
        ({"segments": (replace(WOMEN, column="export_key"),)}, "titles_twice"),
        ({"attributes": (replace(CITY, column="  "),)}, "title_empty"),
    ],
)
def test_what_blocks(changes: dict[str, object], code: str) -> None:
    assert code in blocked(**changes)


def test_no_segment_offers_to_mean_everyone() -> None:
    assert blocked(segments=())["no_segment"].cure == "everyone"


def test_everyone_on_purpose_is_said_and_does_not_block() -> None:
    found = check(replace(GOOD, segments=(), everyone=True))
    assert found["everyone"].level == "know"
    assert "no_segment" not in found


def test_what_is_not_chosen_yet_is_said_once() -> None:
    assert set(blocked(method="single")) == {"no_channel"}


def test_single_channel_titles_clash_with_the_attribute_of_the_same_name() -> None:
    spec = replace(GOOD, method="single", channel=Choice(EMAIL, "Email"), attributes=(EMAIL_ATTRIBUTE,))
    assert "“Email”" in check(spec)["titles_twice"].title


def test_folders_matter_on_consent_1_only() -> None:
    spec = replace(GOOD, topics=(NEWS, OFFERS))
    assert "several_folders" not in check(spec, consent_version=2)
    finding = check(spec, consent_version=1)["several_folders"]
    assert finding.level == "block"
    assert "General" in finding.title
    assert "Shop" in finding.title


def test_an_address_is_said_not_to_be_consent() -> None:
    finding = check(replace(GOOD, attributes=(EMAIL_ATTRIBUTE, CITY)))["address_is_not_consent"]
    assert finding.level == "know"
    assert "“Email”" in finding.title
    assert "City" not in finding.title


def test_an_address_under_another_title_is_still_an_address() -> None:
    renamed = replace(EMAIL_ATTRIBUTE, column="Kontakt")
    assert "“Kontakt”" in check(replace(GOOD, attributes=(renamed,)))["address_is_not_consent"].title


def test_blanks_are_said_unless_left_out() -> None:
    assert check(GOOD)["blanks_stay"].cure == "exclude_unsubscribed"
    found = check(replace(GOOD, exclude_unsubscribed=True))
    assert "blanks_stay" not in found
    assert found["unsubscribed_left_out"].level == "fine"


def test_a_topic_of_another_channel_is_said() -> None:
    found = check(replace(GOOD, topics=(NEWS, SMS_CLUB), channels=(BY_MAIL,)))
    assert "SMS club" in found["topic_of_other_channel"].title
    assert "topic_of_other_channel" not in check(replace(GOOD, topics=(NEWS, SMS_CLUB)))


def test_figures_stand_beside_what_once_passed_and_what_was_refused() -> None:
    spec = replace(GOOD, topics=(NEWS, OFFERS))
    assert check(spec, seen=Seen(passed={"topics": 9}))["figure_topics"].limit == 9
    finding = check(spec, seen=Seen(passed={"topics": 1}, refused={"topics": 2}))["many_topics"]
    assert (finding.level, finding.figure, finding.limit) == ("know", 2, 2)


@pytest.mark.parametrize(
    ("reach", "code"),
    [
        (replace(EVERYTHING, sections=set()), "beyond_section"),
        (replace(EVERYTHING, topics=set()), "beyond_topic"),
        (replace(EVERYTHING, attributes=set()), "beyond_attribute"),
        (replace(EVERYTHING, segments=set()), "beyond_segment"),
        (Reach(credential="none"), "no_credential"),
        (Reach(credential="refused"), "credential_refused"),
    ],
)
def test_what_the_key_cannot_serve_blocks(reach: Reach, code: str) -> None:
    found = check(replace(GOOD, attributes=(CITY,)), reach)
    assert found[code].level == "block"
    assert "key_serves" not in found


def test_a_vendor_that_cannot_be_asked_does_not_block() -> None:
    found = check(GOOD, Reach())
    assert found["not_all_known"].level == "know"
    assert not preflight.blocks(list(found.values()))
