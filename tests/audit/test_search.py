"""Finding events: by the index, in what is not indexed yet, and on the seam between; always what a plain look finds."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit import index, sealing, search
from audit.models import Block, Event, Posting
from audit.search import Asked

START = datetime(2026, 6, 1, tzinfo=UTC)
PEOPLE = {1: "Anna Berg", 2: "Håkan Öst", None: "Consent Desk"}
ACTIONS = ("run.started", "file.downloaded", "session.signed_in", "access.denied")
NAMES = ("Spring newsletter", "MALMÖ opening", "Ny i Malmö", "50 % off_season")


def made(many: int, *, first: int = 0) -> None:
    """Write events of every mixture, a minute apart."""
    chance = random.Random(first)
    Event.objects.bulk_create(
        Event(
            at=START + timedelta(minutes=number),
            action=chance.choice(ACTIONS),
            actor_id=(who := chance.choice(list(PEOPLE))),
            actor_name=PEOPLE[who],
            target=f"{chance.choice(NAMES)}, run {number % 7}",
            target_key=f"exports.exportrun:{number % 7}" if number % 3 else "",
            facts={"purpose": chance.choice(["summer mailing", "print house"])},
        )
        for number in range(first, first + many)
    )


@pytest.fixture(params=["all indexed", "half indexed", "nothing indexed", "nothing sealed"])
def history(request: pytest.FixtureRequest, db: None, monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """Two hundred events in blocks of sixteen."""
    monkeypatch.setattr(index, "SIZE", 16)
    monkeypatch.setattr(search, "FIRST", 5)
    monkeypatch.setattr(search, "LOOKED_AT", 7)
    monkeypatch.setattr(search, "AT_ONCE", 9)
    monkeypatch.setattr(search, "STRETCHES", (2, 3))
    made(100 if request.param == "half indexed" else 200)
    if request.param != "nothing sealed":
        sealing.seal(now=timezone.now())
    if request.param == "nothing indexed":
        Block.objects.all().delete()
        Posting.objects.all().delete()
    if request.param == "half indexed":
        made(100, first=100)
    return list(Event.objects.order_by("-pk"))


def plainly(asked: Asked, events: list[Event]) -> list[int]:
    """Return the ids that answer, as nobody would look in a large history."""
    needle = search.index.fold(asked.text)
    needle = f" {needle}" if len(needle) == 2 else needle
    return [
        event.pk
        for event in events
        if (asked.actor is None or (event.actor_id or 0) == asked.actor)
        and (not asked.actions or event.action in asked.actions)
        and (not asked.thing or event.target_key == asked.thing or event.target_key.startswith(f"{asked.thing}:"))
        and (asked.since is None or event.at >= asked.since)
        and (asked.until is None or event.at < asked.until)
        and (not asked.text or needle in f" {event.actor_name} {event.target} {event.facts['purpose']} ".casefold())
    ]


QUESTIONS = [
    Asked(),
    Asked(actor=1),
    Asked(actor=0),
    Asked(actor=99),
    Asked(actions=("access.denied",)),
    Asked(actions=("access.denied", "file.downloaded")),
    Asked(thing="exports.exportrun"),
    Asked(thing="exports.exportrun:4"),
    Asked(thing="exports.exportrun:44"),
    Asked(since=START + timedelta(minutes=90)),
    Asked(until=START + timedelta(minutes=90)),
    Asked(since=START + timedelta(minutes=42), until=START + timedelta(minutes=43)),
    Asked(since=START + timedelta(days=90)),
    Asked(text="spring"),
    Asked(text="ÖST"),
    Asked(text="malmö"),
    Asked(text="ring news"),
    Asked(text="an"),
    Asked(text="zebra"),
    Asked(text="50 % off_"),
    Asked(text="print house"),
    Asked(actor=2, actions=("file.downloaded",), text="malmö", since=START + timedelta(minutes=20)),
    Asked(actor=2, thing="exports.exportrun:4", until=START + timedelta(minutes=120)),
]


@pytest.mark.parametrize("asked", QUESTIONS, ids=str)
def test_it_finds_what_a_plain_look_finds(history: list[Event], asked: Asked) -> None:
    expected = plainly(asked, history)
    assert [event.pk for event in search.find(asked)] == expected
    middle = history[len(history) // 2].pk
    assert [event.pk for event in search.find(asked, before=middle)] == [pk for pk in expected if pk < middle]
    newer = [pk for pk in reversed(expected) if pk > middle]
    assert [event.pk for event in search.find(asked, after=middle)] == newer


def test_pages_down_and_up_show_every_event_once(history: list[Event]) -> None:
    asked = Asked(actor=1)
    expected = plainly(asked, history)
    seen: list[int] = []
    before, is_more = None, True
    while is_more:
        shown, is_more = search.page(asked, 6, before=before)
        seen += [event.pk for event in shown]
        before = seen[-1]
    assert seen == expected
    shown, is_more = search.page(asked, 6, after=expected[10])
    assert [event.pk for event in shown] == expected[4:10]
    assert is_more
    shown, is_more = search.page(asked, 6, after=expected[6])
    assert [event.pk for event in shown] == expected[:6]
    assert not is_more


def test_every_block_but_the_last_is_indexed(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "SIZE", 16)
    made(50)
    sealing.seal(now=timezone.now())
    newest = Event.objects.order_by("-pk")[0].pk
    assert index.tail() == newest // 16 * 16
    assert set(Posting.objects.values_list("block", flat=True)) <= set(Block.objects.values_list("pk", flat=True))


def test_an_index_that_lies_can_hide_and_never_invents(history: list[Event]) -> None:
    Posting.objects.filter(term="@1").update(places=b"\xff" * 2)
    assert {event.actor_id for event in search.find(Asked(actor=1))} <= {1}


@pytest.mark.parametrize("places", [[], [0], [4095], list(range(255)), list(range(256)), list(range(0, 4096, 3))])
def test_what_is_packed_comes_out_again(places: list[int]) -> None:
    bits = index.unpack(index.pack(places))
    assert sorted(index.ids(0, bits, newest_first=False)) == places
    assert list(index.ids(2, bits, newest_first=True)) == [8192 + place for place in reversed(places)]
    assert len(index.pack(places)) <= index.WIDTH


def test_the_number_of_queries_does_not_grow(
    db: None, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(index, "SIZE", 16)
    monkeypatch.setattr(search, "STRETCHES", (1, 2))
    made(100)
    sealing.seal(now=timezone.now())
    asked = Asked(actor=1, text="malmö")
    with django_assert_max_num_queries(10) as few:
        assert search.page(asked, 5)[0]
    made(800, first=100)
    for _ in range(3):
        sealing.seal(now=timezone.now())  # some blocks a time
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert search.page(asked, 5)[0]
