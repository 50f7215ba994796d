"""A consent changed over the wire: what is sent, what each answer means, and that it is sent once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.upstream.test_consents import SMS_CHANNEL, any_topic
from tests.upstream.test_import_wire import EMAIL_CHANNEL, EMAIL_KEYSPACE, Sandbox
from upstream import errors
from upstream.apsis.client import Apsis
from upstream.tokens import MemoryTokens


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox(locked_share=0, suppressed_share=0, calls_per_profile=0)
    yield made
    made.apsis.close()


def somebody(sandbox: Sandbox) -> dict[str, str]:
    rows = sandbox.export(any_topic(sandbox), attributes=("Email", "Mobile"))
    return next(row for row in rows if row["Email"] and row["Mobile"])


def change(sandbox: Sandbox, key: str, type: str, **more: Any) -> str:
    topic = next(topic for topic in sandbox.topics.values() if topic.channel is None)
    said = {"topic": topic.discriminator, "channel": EMAIL_CHANNEL, "type": type, "reason": "said so", "source": "Desk"}
    where = {"section": sandbox.section, "keyspace": EMAIL_KEYSPACE, "key": key}
    return sandbox.apsis.change_consent(**(where | said | more))


def test_what_was_changed_is_told_from_then_on(sandbox: Sandbox) -> None:
    key = somebody(sandbox)["Email"]
    topic = next(topic for topic in sandbox.topics.values() if topic.channel is None).discriminator
    assert change(sandbox, key, "opt-in") in ("created", "changed", "already")
    assert change(sandbox, key, "opt-in") == "already"
    assert change(sandbox, key, "opt-out") == "changed"
    found = sandbox.apsis.consents(sandbox.section, EMAIL_KEYSPACE, key).of(topic, EMAIL_CHANNEL)
    assert found is not None
    assert found.type == "opt-out"
    exported = {row["Email"]: row["consented"] for row in sandbox.export(topic, attributes=("Email",))}
    assert exported[key] == "", "an export says the same"


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"reason": " "}, errors.BadRequest),
        ({"type": "confirmed-opt-in"}, errors.BadRequest),
        ({"channel": "com.apsis1.channels.letter"}, errors.BadRequest),
        ({"topic": "usercreated.topics.none"}, errors.Missing),
        ({"key": "nobody@example.com"}, errors.Missing),
        ({"section": "usercreated.sections.none"}, errors.Missing),
    ],
)
def test_what_is_refused_changes_nothing(sandbox: Sandbox, more: dict[str, str], kind: type[Exception]) -> None:
    key = somebody(sandbox)["Email"]
    before = sandbox.apsis.consents(sandbox.section, EMAIL_KEYSPACE, key)
    with pytest.raises(kind):
        change(sandbox, more.pop("key", key), more.pop("type", "opt-out"), **more)
    assert sandbox.apsis.consents(sandbox.section, EMAIL_KEYSPACE, key) == before


def test_a_keyspace_without_the_right_is_refused(sandbox: Sandbox) -> None:
    row = somebody(sandbox)
    with pytest.raises(errors.NotAllowed) as caught:
        change(sandbox, next(iter(row.values())), "opt-out", keyspace="com.apsis1.keyspaces.export")
    assert caught.value.meaning.word == "not_allowed"


def test_a_topic_of_another_channel_is_refused(sandbox: Sandbox) -> None:
    own = next(topic for topic in sandbox.topics.values() if topic.channel == EMAIL_CHANNEL)
    with pytest.raises(errors.BadRequest):
        change(sandbox, somebody(sandbox)["Email"], "opt-in", topic=own.discriminator, channel=SMS_CHANNEL)


def test_a_locked_profile_is_gone() -> None:
    sandbox = Sandbox(locked_share=1, calls_per_profile=0)
    with pytest.raises(errors.Gone):
        change(sandbox, somebody(sandbox)["Email"], "opt-in")
    sandbox.apsis.close()


class Wire(httpx.BaseTransport):
    """Answers every change alike, and keeps what was asked."""

    def __init__(self, status: int, body: Any = None) -> None:
        self.status, self.body = status, body
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/oauth/token"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
        self.asked.append(request)
        if self.status == 0:
            raise httpx.ReadTimeout("silence")
        return httpx.Response(self.status, json=self.body) if self.body is not None else httpx.Response(self.status)


def asked_of(wire: Wire) -> str:
    apsis = Apsis("https://vendor.test", "id", "secret", tokens=MemoryTokens(), http=wire)
    return apsis.change_consent(
        "s", EMAIL_KEYSPACE, "a+b@example.com", topic="t", channel="c", type="opt-out", reason="r", source="Desk"
    )


@pytest.mark.parametrize(
    ("status", "outcome"), [(201, "created"), (204, "changed"), (200, "changed"), (409, "already")]
)
def test_each_answer_has_its_word(status: int, outcome: str) -> None:
    wire = Wire(status, {"title": "Conflict", "status": 409} if status == 409 else None)
    assert asked_of(wire) == outcome
    (request,) = wire.asked
    assert request.method == "POST"
    assert request.url.raw_path.decode() == (
        f"/v2/audience/keyspaces/{EMAIL_KEYSPACE}/profiles/a%2Bb%40example.com/sections/s/consents"
    )
    assert json.loads(request.content) == {
        "topic_discriminator": "t",
        "channel_discriminator": "c",
        "type": "opt-out",
        "reason": "r",
        "source": "Desk",
    }


@pytest.mark.parametrize("status", [0, 500, 502, 503, 504, 408])
def test_an_answer_that_was_lost_is_not_asked_for_twice(status: int) -> None:
    wire = Wire(status)
    with pytest.raises(errors.UpstreamError) as caught:
        asked_of(wire)
    assert caught.value.maybe_received
    assert len(wire.asked) == 1


def test_a_throttled_change_was_not_received() -> None:
    wire = Wire(429)
    with pytest.raises(errors.Throttled) as caught:
        asked_of(wire)
    assert not caught.value.maybe_received
    assert len(wire.asked) == 1


# ── The attributes of one person ─────────────────────────────────────────────────────────────────────────────


def test_the_attributes_are_those_of_an_export(sandbox: Sandbox) -> None:
    row = somebody(sandbox)
    values = sandbox.apsis.values(sandbox.section, EMAIL_KEYSPACE, row["Email"])
    assert values["com.apsis1.attributes.email"] == row["Email"]
    assert values["com.apsis1.attributes.mobile"] == row["Mobile"]


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ({"items": []}, {}),
        ({"items": [{"discriminator": "a", "value": "x"}, {"discriminator": "b", "value": 7}]}, {"a": "x", "b": "7"}),
        ({"items": [None, 3, {"value": "x"}, {"discriminator": "a", "value": None}]}, {}),
        ({"items": [{"discriminator": "a", "value": True}, {"discriminator": "b", "value": ["x"]}]}, {}),
    ],
)
def test_only_what_can_be_read_is_told(body: Any, values: dict[str, str]) -> None:
    apsis = Apsis("https://vendor.test", "id", "secret", tokens=MemoryTokens(), http=Wire(200, body))
    assert apsis.values("s", EMAIL_KEYSPACE, "a@example.com") == values


@pytest.mark.seed("S3.1")
def test_the_second_version_is_asked_whatever_the_account_is_on() -> None:
    for version in (1, 2):
        wire = Wire(200, {"items": []})
        apsis = Apsis("https://vendor.test", "id", "secret", tokens=MemoryTokens(), http=wire, consent_version=version)
        apsis.consents("s", EMAIL_KEYSPACE, "a@example.com")
        (request,) = wire.asked
        assert request.url.path.startswith("/v2/audience/keyspaces/")


def test_an_answer_without_a_list_is_broken() -> None:
    apsis = Apsis("https://vendor.test", "id", "secret", tokens=MemoryTokens(), http=Wire(200, {"nothing": 1}))
    with pytest.raises(errors.BrokenAnswer):
        apsis.values("s", EMAIL_KEYSPACE, "a@example.com")


def test_a_twin_is_signed_in_and_shares_the_connections() -> None:
    wire = Wire(200, {"items": []})
    apsis = Apsis("https://vendor.test", "id", "secret", tokens=MemoryTokens(), http=wire)
    one, two = apsis.twin(), apsis.twin()
    assert one.values("s", EMAIL_KEYSPACE, "a@example.com") == two.values("s", EMAIL_KEYSPACE, "b@example.com") == {}
    assert {request.headers["Authorization"] for request in wire.asked} == {"Bearer t"}
