import time as clock

from sandbox.definitions import KEYS, accounts, accounts_for, discriminator
from sandbox.settings import Settings


def test_version_ids_are_digits_and_unique():
    ids = [
        version.id
        for account in accounts_for(Settings()).values()
        for section in account.sections
        for thing in (*section.attributes, *section.tags, *section.events)
        for version in thing.versions
    ]
    assert all(text.isdigit() for text in ids)
    assert len(set(ids)) == len(ids)


def test_one_attribute_has_a_deprecated_version_first_and_one_nothing_else():
    by_column = {a.column: a for a in accounts_for(Settings())["Nordlys Handel"].sections[0].attributes}
    assert [v.deprecated_at is None for v in by_column["email"].versions] == [False, True]
    assert [v.deprecated_at is None for v in by_column["nothing"].versions] == [False]


def test_names_repeat_across_folders_and_some_topics_have_one_channel():
    topics = accounts_for(Settings())["Nordlys Handel"].sections[0].topics
    assert len({topic.name for topic in topics}) < len(topics)
    assert {topic.channel for topic in topics} == {None, "com.apsis1.channels.email", "com.apsis1.channels.sms"}


def test_five_thousand_segments_and_two_thousand_attributes_are_made_quickly():
    start = clock.perf_counter()
    big = accounts(5000, 2000, True)["Nordlys Handel"]
    assert clock.perf_counter() - start < 2
    assert len(big.segments) == 5000
    assert len(big.sections[0].attributes) == 2000
    assert len(big.segment_of) == 5000


def test_hostile_names_are_there_on_request_alone():
    names = {segment.name for segment in accounts(0, 0, True)["Nordlys Handel"].segments}
    assert any("<script>" in name for name in names)
    assert any(len(name) >= 300 for name in names)
    assert not any("<script>" in s.name for s in accounts(0, 0, False)["Nordlys Handel"].segments)


def test_discriminators_are_ascii_and_steady():
    text = discriminator("topics", "Nyhetsbrev på fjället", "x")
    assert text.isascii()
    assert text == discriminator("topics", "Nyhetsbrev på fjället", "x") != discriminator("topics", "Nyhetsbrev", "x")


def test_keys_differ_in_reach():
    account = accounts_for(Settings())["Nordlys Handel"]
    assert len(KEYS["demo-anna"].sections(account)) == 3
    assert [section.name for section in KEYS["demo-jonas"].sections(account)] == ["Norge"]
