"""One person's consents: what is asked, what is understood, and that nothing unreadable is ever taken for a yes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.upstream.test_import_wire import EMAIL_CHANNEL, EMAIL_KEYSPACE, Sandbox
from upstream import errors
from upstream.apsis.client import Apsis
from upstream.apsis.consents import OPT_IN, OPT_OUT, PERMITS, Address, Consent, Standing, Suppression, read
from upstream.apsis.imports import ConsentMapped

SMS_CHANNEL = "com.apsis1.channels.sms"
TOPIC = "usercreated.topics.news-aaaaaaaaaa"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox(locked_share=0, suppressed_share=0.2)
    yield made
    made.apsis.close()


def ask(sandbox: Sandbox, key: str, **more: Any) -> Standing:
    sandbox.clock.now += 1
    return sandbox.apsis.consents(sandbox.section, EMAIL_KEYSPACE, key, **more)


def any_topic(sandbox: Sandbox) -> str:
    return next(iter(sandbox.topics.values())).discriminator


def item(**more: Any) -> dict[str, Any]:
    return {"topic_discriminator": TOPIC, "channel_discriminator": EMAIL_CHANNEL, "type": "opt-in"} | more


# ── Against the sandbox ──────────────────────────────────────────────────────────────────────────────────────


def test_they_agree_with_the_export_person_by_person(sandbox: Sandbox) -> None:
    topic = next(topic for topic in sandbox.topics.values() if topic.channel is None)
    rows = [row for row in sandbox.export(topic.discriminator, attributes=("Email",)) if row["Email"]]
    stand = {row["Email"]: ask(sandbox, row["Email"]).of(topic.discriminator, EMAIL_CHANNEL) for row in rows}
    consented = {row["Email"] for row in rows if row["consented"]}
    assert consented
    assert {key for key, consent in stand.items() if consent and consent.type in PERMITS} == consented
    rest = {consent.type for key, consent in stand.items() if consent and key not in consented}
    assert rest == {OPT_OUT}, "of the others, some have opted out, and most did neither"
    assert any(consent is None for consent in stand.values())


def test_what_an_import_changes_is_seen(sandbox: Sandbox) -> None:
    topic = next(topic for topic in sandbox.topics.values() if topic.channel is None)
    by = ConsentMapped("news", topic.discriminator, EMAIL_CHANNEL, "opt-out")
    sandbox.run(sandbox.wanted(consents=(by,)), "email,news\nnew@example.com,1\n")
    consent = ask(sandbox, "new@example.com").of(topic.discriminator, EMAIL_CHANNEL)
    assert consent is not None
    assert consent.type == OPT_OUT
    assert (consent.source, consent.reason) == ("One API", "web form")
    assert consent.modified_at is not None


def test_types_are_asked_for(sandbox: Sandbox) -> None:
    keys = [row["Email"] for row in sandbox.export(any_topic(sandbox), attributes=("Email",)) if row["Email"]]
    seen = {one.type for key in keys[:40] for one in ask(sandbox, key, types=[OPT_OUT]).consents}
    assert seen == {OPT_OUT}


@pytest.mark.seed("S3.22")
@pytest.mark.seed("S3.23")
def test_suppression_is_told_of_the_key_and_of_one_address_more(sandbox: Sandbox) -> None:
    rows = sandbox.export(any_topic(sandbox), attributes=("Email", "Mobile"))
    people = [(row["Email"], row["Mobile"]) for row in rows if row["Email"] and row["Mobile"]]
    of_key = {mail: ask(sandbox, mail).suppressions for mail, _ in people}
    assert any(of_key.values())
    assert {one.channel for told in of_key.values() for one in told or ()} == {EMAIL_CHANNEL}
    more = [ask(sandbox, mail, also=Address(SMS_CHANNEL, mobile)).suppressions or () for mail, mobile in people]
    assert {one.channel for told in more for one in told} == {EMAIL_CHANNEL, SMS_CHANNEL}


@pytest.mark.parametrize("key", ["nobody@example.com", "a/b@example.com", "å ä+%2F?#@example.com", "x" * 300])
def test_nobody_has_this_key(sandbox: Sandbox, key: str) -> None:
    with pytest.raises(errors.Missing) as caught:
        ask(sandbox, key)
    assert caught.value.meaning.word == "nobody"
    assert key not in f"{caught.value!r} {caught.value} {caught.value.detail}"


def test_a_locked_profile_is_none_without_consents() -> None:
    sandbox = Sandbox(locked_share=1)
    row = next(row for row in sandbox.export(any_topic(sandbox), attributes=("Email",)) if row["Email"])
    with pytest.raises(errors.Gone) as caught:
        ask(sandbox, row["Email"])
    assert caught.value.meaning.word == "locked"
    sandbox.apsis.close()


def test_by_the_key_of_an_export(sandbox: Sandbox) -> None:
    row = next(row for row in sandbox.export(any_topic(sandbox), attributes=("Email",)) if row["Email"])
    key = next(iter(row.values()))
    found = sandbox.apsis.consents(sandbox.section, "com.apsis1.keyspaces.export", key)
    assert found.consents == ask(sandbox, row["Email"]).consents


@pytest.mark.parametrize("key", ["", ".", ".."])
def test_what_cannot_be_a_key_is_never_sent(sandbox: Sandbox, key: str) -> None:
    with pytest.raises(ValueError, match="names nothing"):
        ask(sandbox, key)


def test_an_unknown_type_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(errors.BadRequest):
        ask(sandbox, "nobody@example.com", types=["maybe"])


def test_without_source_reason_and_time_on_consent_1() -> None:
    sandbox = Sandbox("demo-ingrid", locked_share=0)
    topics = sandbox.apsis.topics(sandbox.section)
    by = ConsentMapped(
        "news", topics[0].discriminator, topics[0].channel or EMAIL_CHANNEL, "opt-in", address_field="email"
    )
    sandbox.run(sandbox.wanted(consents=(by,)), "email,news\nnew@example.com,1\n")
    given = ask(sandbox, "new@example.com").consents
    assert [(one.type, one.source, one.reason, one.modified_at) for one in given] == [(OPT_IN, None, None, None)]
    sandbox.apsis.close()


# ── What cannot be read ──────────────────────────────────────────────────────────────────────────────────────


def test_a_word_that_is_not_known_permits_nothing() -> None:
    standing = read({"items": [item(type="maybe")]})
    assert standing is not None
    consent = standing.of(TOPIC, EMAIL_CHANNEL)
    assert consent is not None
    assert consent.type not in PERMITS


@pytest.mark.parametrize(
    "broken",
    [
        None,
        1,
        "opt-in",
        [],
        {},
        item(type=None),
        item(type=True),
        item(channel_discriminator={}),
        item(topic_discriminator=""),
    ],
)
def test_what_cannot_be_read_is_counted(broken: Any) -> None:
    standing = read({"items": [item(), broken], "suppressions": [broken]})
    assert standing is not None
    assert standing.consents == (Consent(TOPIC, EMAIL_CHANNEL, OPT_IN),)
    assert standing.unread == 2


@pytest.mark.parametrize(
    ("told", "suppressions"),
    [
        ({}, None),
        ({"suppressions": None}, None),
        ({"suppressions": "none"}, None),
        ({"suppressions": []}, ()),
        (
            {"suppression": {"channel_discriminator": SMS_CHANNEL, "address": "46000000001"}},
            (Suppression(SMS_CHANNEL, "46000000001"),),
        ),
    ],
)
def test_suppression_that_is_not_told_is_not_none(told: dict[str, Any], suppressions: Any) -> None:
    standing = read({"items": []} | told)
    assert standing is not None
    assert standing.suppressions == suppressions


@pytest.mark.parametrize("body", [None, {}, {"items": {}}, "<html>", 7, {"data": {"items": None}}])
def test_an_answer_without_a_list_is_no_answer(body: Any) -> None:
    assert read(body) is None


def test_a_person_is_in_no_text_of_ours() -> None:
    told = read({"items": [], "suppressions": [{"channel_discriminator": SMS_CHANNEL, "address": "46000000001"}]})
    assert "46000000001" not in repr(told)
    assert "46000000001" not in repr(Address(SMS_CHANNEL, "46000000001"))


def test_a_broken_answer_is_an_error(apsis: Apsis, vendor: Any) -> None:
    vendor.says(httpx.Response(200, json={"count": 0}))
    with pytest.raises(errors.BrokenAnswer):
        apsis.consents("s", "k", "p")
