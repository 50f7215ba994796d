import json
import tracemalloc

import pytest

from sandbox.columns import Body
from sandbox.definitions import KEYS, accounts_for
from sandbox.event_export import json_blocks, read
from sandbox.events import DAY, Life, milliseconds
from sandbox.settings import Settings

MAY = milliseconds("2024-05-01T00:00:00Z")


def life(start=MAY, days=20, events=None, **changes):
    section = accounts_for(Settings())["Nordlys Handel"].sections[0]
    kinds = [event for event in section.events if event.word in (events or event.word)]
    asked = [(event, version) for event in kinds for version in event.versions]
    given = {"seed": 1, "events_per_day": 1.0, "events_each": 0, "ids_as_numbers": False} | changes
    return Life(section.discriminator, asked, start, start + days * DAY, **given)


def lived(one, people=300):
    return [json.loads(text) for number in range(people) for text in one.texts(number)]


def test_as_many_events_as_were_asked_for():
    many = len(lived(life(), 1_000))
    assert 0.9 < many / (1_000 * 20) / 0.98 < 1.1
    assert 0.9 < many / life().count(1_000) < 1.1
    assert life(events_each=4).count(10) == len(lived(life(events_each=4), 10)) == 40


def test_a_mail_is_sent_before_it_is_opened_and_opened_before_a_link_in_it_is_clicked():
    by_mail = {}
    for event in lived(life(events="sent opened clicked")):
        mail = event["correlationId"].rsplit("-", 1)[0]
        by_mail.setdefault(mail, []).append((event["createdAt"], event["typeId"], event["data"]["campaign"]))
    whole = [sorted(steps) for steps in by_mail.values() if len({kind for _, kind, _ in steps}) == 3]
    assert whole
    for steps in whole:
        assert list(dict.fromkeys(kind for _, kind, _ in steps if kind)) == ["99120", "99121", "99122"]
        assert len({campaign for *_, campaign in steps}) == 1


def test_what_was_asked_for_changes_nothing_about_the_rest():
    alone = {event["correlationId"] for event in lived(life(events="clicked"))}
    among = {event["correlationId"] for event in lived(life()) if event["typeId"] == "99122"}
    assert alone == among


def test_some_live_without_events():
    counts = [len(life().texts(number)) for number in range(200)]
    assert 30 < counts.count(0) < 75


def test_nothing_happens_before_the_account_begins():
    assert not lived(life(milliseconds("2014-01-01T00:00:00Z"), 60))
    assert lived(life(milliseconds("2014-12-01T00:00:00Z"), 60))


@pytest.mark.parametrize("text", ["2024-05-01T00:00:00", "yesterday"])
def test_a_time_has_a_zone(text):
    with pytest.raises(ValueError):  # noqa: PT011
        milliseconds(text)


def test_memory_stays_flat():
    settings = Settings().changed(profiles=20_000, events_per_day=2)
    account = accounts_for(settings)["Nordlys Handel"]
    section = account.sections[0]
    body = {
        "start_at": "2024-05-01T00:00:00Z",
        "attributes": [section.attributes[1].versions[0].id],
        "events": list(section.event_of),
    }
    file = read(Body(body), account, KEYS["demo-anna"], settings, 1_760_000_000)
    blocks = json_blocks(file.opening, file.texts(), file.closing)
    next(blocks)
    tracemalloc.start()
    try:
        size = sum(len(next(blocks)) for _ in range(8))
        assert size > 2_000_000
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
