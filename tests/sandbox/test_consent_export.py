"""Every sentence of the vendor's page about the consent export's file, and about what the request may hold."""

import pytest

from sandbox.audience import COLUMNS, draws
from sandbox.consent_export import consents_to, opted_out
from sandbox.definitions import EMAIL, SMS

PEOPLE = 400


@pytest.fixture
def section(caller):
    return caller.account().sections[0]


@pytest.fixture
def states(caller):
    """Tell "in", "out" or "" for a profile, a topic and a channel."""

    def state(number, topic, channel):
        if consents_to(topic, channel, 1)(number):
            return "in"
        return "out" if opted_out(topic, channel, 1)(number) else ""

    return state


def of_everybody(column):
    draw = draws(1)
    return [COLUMNS[column](number, draw(number)) for number in range(PEOPLE)]


def names(*topics):
    return [topic.discriminator for topic in topics]


def women_and_vips(account):
    return {"women": account.segments[0].discriminator, "vips": account.segments[9].discriminator}


def test_there_are_opt_ins_opt_outs_and_neither(section, states):
    seen = {states(number, section.topics[0], EMAIL) for number in range(PEOPLE)}
    assert seen == {"in", "out", ""}


# Columns


def test_the_first_column_is_always_the_export_key(caller):
    rows = caller.file()
    assert next(iter(rows[0])) == "export_key"
    assert all(len(row["export_key"]) == 36 for row in rows)
    assert len({row["export_key"] for row in rows}) == len(rows)


def test_the_title_of_the_export_key_can_be_switched(make):
    assert next(iter(make(export_key_title="profile_key").file()[0])) == "profile_key"


@pytest.mark.parametrize(("channel", "title", "column"), [(EMAIL, "Email", "email"), (SMS, "Mobile", "mobile")])
def test_one_channel_gives_its_attribute_and_blanks_without_consent(caller, section, states, channel, title, column):
    rows = caller.file(channels=None, channel_discriminator=channel)
    assert list(rows[0]) == ["export_key", title]
    # Those who have not consented or have unsubscribed are there, with blanks.
    assert len(rows) == PEOPLE
    for number, address in enumerate(of_everybody(column)):
        consented = states(number, section.topics[0], channel) == "in"
        assert rows[number][title] == (address if consented else "")


def test_one_channel_asks_for_any_topic_or_by_switch_for_all(make, section, states):
    topics = section.topics[:2]
    for switch, asks in ((False, any), (True, all)):
        caller = make(single_channel_needs_all_topics=switch)
        rows = caller.file(channels=None, channel_discriminator=EMAIL, topic_discriminators=names(*topics))
        for number, address in enumerate(of_everybody("email")):
            consented = asks(states(number, topic, EMAIL) == "in" for topic in topics)
            assert rows[number]["Email"] == (address if consented else "")


def test_a_mapped_channel_holds_the_address_with_consent_to_any_topic(caller, section, states):
    topics = section.topics[:3]
    rows = caller.file(topic_discriminators=names(*topics))
    assert list(rows[0]) == ["export_key", "EmailConsent", "SmsConsent"]
    assert len(rows) == PEOPLE
    caller.switch(single_channel_needs_all_topics=True)
    assert caller.file(topic_discriminators=names(*topics)) == rows
    for channel, title, column in ((EMAIL, "EmailConsent", "email"), (SMS, "SmsConsent", "mobile")):
        for number, address in enumerate(of_everybody(column)):
            consented = any(states(number, topic, channel) == "in" for topic in topics)
            assert rows[number][title] == (address if consented else "")
    both = [bool(row["EmailConsent"]) + bool(row["SmsConsent"]) for row in rows]
    assert {0, 1, 2} == set(both)


def test_mapped_channels_alone_and_in_any_order(caller):
    both = caller.file()
    only = caller.file(channels=[{"field_name": "Sms", "channel_discriminator": SMS}])
    assert list(only[0]) == ["export_key", "Sms"]
    assert [row["Sms"] for row in only] == [row["SmsConsent"] for row in both]
    turned = [{"field_name": "M", "channel_discriminator": SMS}, {"field_name": "E", "channel_discriminator": EMAIL}]
    assert list(caller.file(channels=turned)[0]) == ["export_key", "M", "E"]


def test_a_topic_of_one_channel_has_no_consent_through_the_other(caller, section):
    sms_only = next(topic for topic in section.topics if topic.channel == SMS)
    rows = caller.file(topic_discriminators=names(sms_only))
    assert not any(row["EmailConsent"] for row in rows)
    assert any(row["SmsConsent"] for row in rows)


def test_attributes_do_not_depend_on_consent(caller, section):
    asked = [
        {"field_name": "Email", "attribute_version_id": caller.version(section, "email")},
        {"field_name": "Mobile", "attribute_version_id": caller.version(section, "mobile")},
        {"field_name": "Om kunden", "attribute_version_id": caller.version(section, "notes")},
    ]
    rows = caller.file(attributes=asked)
    assert list(rows[0]) == ["export_key", "EmailConsent", "SmsConsent", "Email", "Mobile", "Om kunden"]
    assert [row["Email"] for row in rows] == of_everybody("email")
    assert [row["Mobile"] for row in rows] == of_everybody("mobile")
    assert [row["Om kunden"] for row in rows] == of_everybody("notes")


def test_tags_are_columns(make):
    caller = make(tag_present="yes", tag_absent="no", profiles=2000)
    tag = caller.account().sections[0].tags[1]
    rows = caller.file(tags=[{"field_name": "Klagat", "tag_version_id": tag.versions[0].id}])
    cells = [row["Klagat"] for row in rows]
    assert set(cells) == {"yes", "no"}
    assert 0.03 < cells.count("yes") / 2000 < 0.07


def test_each_segment_is_a_column_named_by_the_request_with_1_or_0(caller):
    chosen = women_and_vips(caller.account())
    rows = caller.file(segments={"timezone": "Europe/Stockholm", "segment_discriminators": chosen})
    assert list(rows[0])[-2:] == ["women", "vips"]
    assert {(row["women"], row["vips"]) for row in rows} == {("1", "0"), ("0", "1"), ("1", "1")}


def test_the_order_of_columns_can_be_switched(make):
    caller = make(column_order="segments attributes tags channels")
    chosen = {"women": caller.account().segments[0].discriminator}
    rows = caller.file(segments={"segment_discriminators": chosen})
    assert list(rows[0]) == ["export_key", "women", "EmailConsent", "SmsConsent"]


# Rows


def test_only_members_of_a_named_segment_come(caller):
    chosen = women_and_vips(caller.account())
    rows = caller.file(segments={"segment_discriminators": chosen})
    assert 150 < len(rows) < 270
    women = caller.file(segments={"segment_discriminators": {"women": chosen["women"]}})
    assert {row["women"] for row in women} == {"1"}
    assert {row["export_key"] for row in women} < {row["export_key"] for row in rows}


def test_by_switch_the_others_come_with_noughts(make):
    caller = make(rows_outside_segments=True)
    rows = caller.file(segments={"segment_discriminators": women_and_vips(caller.account())})
    assert len(rows) == PEOPLE
    assert ("0", "0") in {(row["women"], row["vips"]) for row in rows}


def test_without_segments_everybody_comes(caller):
    assert len(caller.file()) == PEOPLE


def test_an_empty_segment_gives_a_header_alone(caller):
    empty = next(segment for segment in caller.account().segments if segment.share == 0)
    url = caller.poll_url(segments={"segment_discriminators": {"none": empty.discriminator}})
    assert caller.get(url).text == "export_key,EmailConsent,SmsConsent,none\n"


def test_query_texts_work_like_segments(caller):
    rows = caller.file(segments={"segment_definitions": {"q": "profile.attribute('points') > 3"}})
    assert 0 < len(rows) < PEOPLE
    assert list(rows[0])[-1] == "q"


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("women & !vips", {("1", "0")}),
        ("women | vips", {("1", "0"), ("0", "1"), ("1", "1")}),
        ("!(women | vips)", {("0", "0")}),
        ("women&vips", {("1", "1")}),
        ("vips | women & vips", {("0", "1"), ("1", "1")}),
    ],
)
def test_a_filter_over_the_names_decides_instead(caller, rule, kept):
    chosen = women_and_vips(caller.account())
    rows = caller.file(segments={"segment_discriminators": chosen, "filter": rule})
    assert {(row["women"], row["vips"]) for row in rows} == kept


@pytest.mark.parametrize("rule", ["", "men", "women &", "(women", "women)", "women vips", "!" * 300, 1])
def test_a_filter_that_makes_no_sense_is_refused(caller, rule):
    chosen = women_and_vips(caller.account())
    answer = caller.ask(segments={"segment_discriminators": chosen, "filter": rule})
    assert answer.status_code == 400
    assert "segments.filter" in answer.json()["detail"]


def test_excluding_drops_those_without_consent_to_any_topic(caller, section, states):
    topics = section.topics[:2]
    everybody = caller.file(topic_discriminators=names(*topics))
    kept = caller.file(topic_discriminators=names(*topics), exclude_unsubscribed_profiles=True)
    expected = [
        row["export_key"]
        for number, row in enumerate(everybody)
        if any(states(number, topic, channel) == "in" for topic in topics for channel in (EMAIL, SMS))
    ]
    assert [row["export_key"] for row in kept] == expected
    # One topic out, the other in: not unsubscribed from all of them.
    assert any(
        {states(number, topics[0], EMAIL), states(number, topics[1], EMAIL)} == {"in", "out"}
        and everybody[number]["export_key"] in expected
        for number in range(PEOPLE)
    )


def test_a_consent_without_an_address_is_kept_and_blank(caller):
    rows = caller.file(exclude_unsubscribed_profiles=True)
    assert any(not row["EmailConsent"] and not row["SmsConsent"] for row in rows)


def test_excluding_looks_at_the_asked_channel_alone(caller, section, states):
    kept = caller.file(channels=None, channel_discriminator=SMS, exclude_unsubscribed_profiles=True)
    assert len(kept) == sum(states(number, section.topics[0], SMS) == "in" for number in range(PEOPLE))


def test_by_switch_one_channel_is_enough_to_be_unsubscribed(make, section, states):
    kept = make(unsubscribed_by_any_channel=True).file(exclude_unsubscribed_profiles=True)
    expected = 0
    for number in range(PEOPLE):
        ways = {states(number, section.topics[0], channel) for channel in (EMAIL, SMS)}
        expected += "in" in ways and "out" not in ways
    assert len(kept) == expected < len(make().file(exclude_unsubscribed_profiles=True))


def test_excluding_is_off_by_default_and_when_false(caller):
    assert len(caller.file(exclude_unsubscribed_profiles=False)) == PEOPLE


# The request


@pytest.mark.parametrize(
    ("changes", "property"),
    [
        ({"section_discriminator": None}, "section_discriminator"),
        ({"section_discriminator": "x"}, "section_discriminator"),
        ({"topic_discriminators": None}, "topic_discriminators"),
        ({"topic_discriminators": []}, "topic_discriminators"),
        ({"topic_discriminators": ["x"]}, "topic_discriminators[0]"),
        ({"topic_discriminators": "x"}, "topic_discriminators"),
        ({"channels": None}, "channel"),
        ({"channel_discriminator": EMAIL}, "channel"),
        ({"channels": None, "channel_discriminator": ""}, "channel_discriminator"),
        ({"channels": []}, "channels"),
        ({"channels": [{"field_name": "A", "channel_discriminator": "x"}]}, "channels[0].channel_discriminator"),
        ({"channels": [{"channel_discriminator": EMAIL}]}, "channels[0].field_name"),
        ({"attributes": [{"field_name": "A", "attribute_version_id": "1"}]}, "attributes[0].attribute_version_id"),
        ({"attributes": [{"field_name": "A", "attribute_version_id": 1}]}, "attributes[0].attribute_version_id"),
        ({"attributes": {}}, "attributes"),
        ({"tags": [{"field_name": "A", "tag_version_id": "1"}]}, "tags[0].tag_version_id"),
        ({"segments": []}, "segments"),
        ({"segments": {}}, "segments"),
        ({"segments": {"segment_discriminators": {"a": "x"}}}, "segments.segment_discriminators.a"),
        ({"segments": {"segment_discriminators": {"a": "x"}, "segment_definitions": {"b": "y"}}}, "segments"),
        ({"segments": {"timezone": "över allt", "segment_definitions": {"b": "y"}}}, "segments.timezone"),
        ({"exclude_unsubscribed_profiles": "yes"}, "exclude_unsubscribed_profiles"),
    ],
)
def test_what_is_wrong_is_named_in_a_problem(caller, changes, property):
    answer = caller.ask(**changes)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "Bad Request"
    assert property in answer.json()["detail"]


def test_a_deprecated_version_is_refused_or_by_switch_taken(make):
    caller = make()
    old = caller.account().sections[0].attributes[0].versions[0]
    asked = [{"field_name": "Email", "attribute_version_id": old.id}]
    answer = caller.ask(attributes=asked)
    assert (answer.status_code, answer.json()["detail"]) == (400, "attributes[0].attribute_version_id is deprecated")
    caller.switch(accept_deprecated_versions=True)
    assert caller.ask(attributes=asked).status_code == 202


def test_an_empty_channel_is_email_by_switch(make):
    caller = make(empty_channel_is_email=True)
    rows = caller.file(channels=[{"field_name": "EmailConsent", "channel_discriminator": ""}])
    assert any("@" in row["EmailConsent"] for row in rows)


def test_two_columns_may_share_a_name_or_by_switch_not(make):
    caller = make()
    twice = [{"field_name": "A", "channel_discriminator": EMAIL}, {"field_name": "A", "channel_discriminator": SMS}]
    assert caller.get(caller.poll_url(channels=twice)).text.startswith("export_key,A,A\n")
    caller.switch(refuse_duplicate_field_names=True)
    assert caller.ask(channels=twice).status_code == 400


@pytest.mark.parametrize("name", ["topics", "attributes", "tags"])
def test_too_much_is_413(make, name):
    caller = make(**{f"{name}_at_most": 1})
    section = caller.account().sections[0]
    two = {
        "topics": {"topic_discriminators": names(*section.topics[:2])},
        "attributes": {"attributes": [{"field_name": "A", "attribute_version_id": "1"}] * 2},
        "tags": {"tags": [{"field_name": "A", "tag_version_id": "1"}] * 2},
    }
    answer = caller.ask(**two[name])
    assert answer.status_code == answer.json()["status"] == 413


def test_a_section_or_attribute_out_of_reach_is_a_403_problem(make):
    caller = make("demo-jonas")
    butik, norge, _ = caller.account().sections
    answer = caller.ask()
    assert (answer.status_code, answer.json()["status"]) == (403, 403)
    within = {"section_discriminator": norge.discriminator, "topic_discriminators": names(norge.topics[0])}
    assert caller.ask(**within).status_code == 202
    hidden = [{"field_name": "Född", "attribute_version_id": caller.version(norge, "birth_date")}]
    answer = caller.ask(**within, attributes=hidden)
    assert answer.status_code == 403
    assert "attributes[0]" in answer.json()["detail"]
    # Another section's version does not exist here.
    foreign = [{"field_name": "Ort", "attribute_version_id": caller.version(butik, "city")}]
    assert caller.ask(**within, attributes=foreign).status_code == 400


def test_consent_1_needs_one_folder_and_its_topics(make):
    caller = make("demo-ingrid")
    section = caller.account("Fjordsport").sections[0]
    news, offers, club = section.topics[0], section.topics[1], section.topics[4]
    asked = {"section_discriminator": section.discriminator, "topic_discriminators": names(news, offers)}
    assert "consent_list_discriminator" in caller.ask(**asked).json()["detail"]
    assert caller.ask(**asked, consent_list_discriminator="x").status_code == 400
    assert caller.ask(**asked, consent_list_discriminator=club.folder).status_code == 400
    assert caller.ask(**asked, consent_list_discriminator=news.folder).status_code == 202
    mixed = asked | {"topic_discriminators": names(news, club)}
    answer = caller.ask(**mixed, consent_list_discriminator=news.folder)
    assert answer.status_code == 400
    assert "topic_discriminators[1]" in answer.json()["detail"]


def test_consent_2_ignores_the_folder(caller, section):
    mixed = names(section.topics[0], section.topics[4])
    assert caller.ask(topic_discriminators=mixed, consent_list_discriminator="x").status_code == 202


def test_a_body_that_is_no_object_is_refused(caller):
    assert caller.post("/audience/profiles/reports/consents", []).status_code == 400
