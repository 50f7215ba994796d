"""What happens to the invented people: each event computed from the seed, the profile and its place in a life.

The same event is in every export whose window and choice hold it, as it would be at the vendor. Source of its
properties and of their oddities: developer.apsis.com, "Request profile in segment event export".
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from sandbox import words
from sandbox.audience import chance, salt_of
from sandbox.definitions import EventType, Version

DAY = 86_400_000
"""Milliseconds, as all times here."""

FIRST = 1_420_070_400_000  # 2015: the account begins, and nothing has happened before
SOURCE_TIMES = 1_577_836_800_000  # 2020: "introduced at the beginning of 2020"

_LOW_32 = 0xFFFFFFFF
_POOL = 256
_ACTIVITY = (0, 0, 1, 2, 2, 2, 3, 6)  # in halves; a quarter of the people have no events at all

Asked = tuple[EventType, Version]
_Pool = tuple[str, tuple[str, ...]]
"""The ID of a version as JSON, and the data of its events to draw from."""


@dataclass(frozen=True)
class _Step:
    """One kind of event in a stream: how many of 256 beginnings come so far, and after how long at most."""

    word: str
    of_256: int = 256
    within: int = 0


@dataclass(frozen=True)
class _Stream:
    """Things that begin so many times a day at one event a day, each a step or several."""

    begins: float
    steps: tuple[_Step, ...]


_STREAMS = (
    _Stream(0.40, (_Step("sent"), _Step("opened", 110, 37 * 3_600_000), _Step("clicked", 34, 180_000))),
    _Stream(0.24, (_Step("page"),)),
    _Stream(0.08, (_Step("order"),)),
    _Stream(0.06, (_Step("booking"),)),
)


class Life:
    """The events of profiles in one section: of the asked versions, received from `start` until before `end`."""

    def __init__(
        self,
        section: str,
        asked: Sequence[Asked],
        start: int,
        end: int,
        *,
        seed: int,
        events_per_day: float,
        events_each: int,
        ids_as_numbers: bool,
    ) -> None:
        self._start, self._end, self._each = max(start, FIRST), end, events_each
        self._salt = salt_of(seed, "life", section)
        self._pools = {
            version.id: (
                version.id if ids_as_numbers else f'"{version.id}"',
                tuple(_data(event.word, version, seed)),
            )
            for event, version in asked
        }
        self._streams = list(self._drawn(asked, events_per_day, seed)) if events_per_day else []

    def count(self, profiles: int) -> float:
        """Return about how many events so many profiles have."""
        if self._each:
            return float(profiles * self._each)
        activity = sum(_ACTIVITY) / len(_ACTIVITY) / 2
        return sum(
            profiles * activity * (self._end - self._start) / gap * of_256 / 256
            for _, gap, _, steps in self._streams
            for of_256, _, _, old, new in steps
            if old or new
        )

    def texts(self, number: int) -> list[str]:
        """Return the events of a profile as JSON, in no order that is promised."""
        return self._evenly(number) if self._each else self._lived(number)

    def _evenly(self, number: int) -> list[str]:
        pools, span, texts = list(self._pools.values()), self._end - self._start, []
        for place in range(self._each if pools else 0):
            kind, data = pools[(number + place) % len(pools)]
            at = self._start + (2 * place + 1) * span // (2 * self._each)
            source = 0 if at < SOURCE_TIMES or (number + place) % 16 == 15 else at - 250
            texts.append(
                f'{{"correlationId":"each-{number}-{place}","sourceEventTime":{source},"typeId":{kind},'
                f'"createdAt":{at},"data":{data[(number * 31 + place) % _POOL]}}}'
            )
        return texts

    def _lived(self, number: int) -> list[str]:
        # This loop makes files of gigabytes: what looks like a function's work is written out, for a call would cost
        # as much as all the rest of an event.
        texts: list[str] = []
        activity = _ACTIVITY[chance(number, self._salt) & 7]
        if not activity:
            return texts
        start, end = self._start, self._end
        for salt, usual, reach, steps in self._streams:
            own = ((number + 1) * 0x9E3779B1 + salt) & _LOW_32
            gap = usual * 2 // activity
            phase, whose = own % gap, f"{own:08x}"
            for place in range((start - reach - phase) // gap - 1, (end - phase) // gap + 1):
                x = (place * 0x9E3779B1 + own) & _LOW_32
                x = (x ^ x >> 15) * 0x85EBCA6B & _LOW_32
                x = (x ^ x >> 13) * 0xC2B2AE35 & _LOW_32
                x ^= x >> 16
                at, lot = phase + place * gap + (x * gap >> 32), x & 255
                for of_256, within, split, old, new in steps:
                    if lot >= of_256:
                        break
                    if within:
                        at += 1_000 + ((x * 0x9E3779B1 & _LOW_32) * within >> 32)
                    pool = old if at < split else new
                    if pool is None or not start <= at < end:
                        continue
                    kind, data = pool
                    source = 0 if at < SOURCE_TIMES or not x & 0xF00 else at - 200 - (x >> 20)
                    opening = (
                        f'{{"correlationId":"{whose}-{x:08x}-{place}-{of_256}","sourceEventTime":{source},'
                        f'"typeId":{kind},"createdAt":'
                    )
                    body = data[place & 255 if reach else x >> 24]
                    texts.append(f'{opening}{at},"data":{body}}}')
                    if not x & 0x3F000 and at + 45_000 < end:  # the source heard no answer and sent it once more
                        texts.append(f'{opening}{at + 45_000},"data":{body}}}')
        return texts

    def _drawn(self, asked: Sequence[Asked], events_per_day: float, seed: int) -> Iterator[tuple[int, int, int, Any]]:
        """Yield of each stream that is asked for: its salt, the usual gap, how late its last step is, its steps."""
        by_word = {event.word: event for event, _ in asked if event.happens}
        for stream in _STREAMS:
            if not any(step.word in by_word for step in stream.steps):
                continue
            steps = tuple((step.of_256, step.within, *self._by_age(by_word.get(step.word))) for step in stream.steps)
            gap = max(1, round(DAY / (stream.begins * events_per_day)))
            reach = sum(step.within + 1_000 for step in stream.steps if step.within)
            yield salt_of(seed, "stream", str(self._salt), stream.steps[0].word), gap, reach, steps

    def _by_age(self, event: EventType | None) -> tuple[int, _Pool | None, _Pool | None]:
        """Return until when events are of the older version, and the data of the older and the newer if asked for."""
        old, new, split = None, None, 0
        for version in event.versions if event else ():
            pool = self._pools.get(version.id)
            if version.deprecated_at:
                old, split = pool, milliseconds(version.deprecated_at)
            else:
                new = pool
        return split, old, new


def milliseconds(text: str) -> int:
    """Read an RFC 3339 date-time as Unix milliseconds. Raises ValueError, also where it names no time zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return round(moment.timestamp() * 1000)


# ── Data ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_SEASONS = ("Vårnytt", "Sommarrea", "Høstkatalogen", "Julerea", "Talvimyynti", "Medlemskväll", "Nyhet", "Sista chansen")
_SUBJECTS = (
    "Nu är våren här!",
    '"Lillan" rekommenderar: tält & kök',
    "50 % på allt i Åre 🎿",
    "Siste sjanse – i dag",
    "Kiitos käynnistä",
    "Din faktura\tfinns här",
    "<b>Rea</b> på fjället",
    "Hej från C:\\butik",
)
_DEVICES = ("iPhone", "Android", None, "Outlook", "Gmail-proxy", None)
_PATHS = ("/", "/tält", "/skor?storlek=42&färg=blå", "/kassa", "/om-oss", "/kök/stekpannor", "/en/tents#reviews")
_REFERRERS = ("https://www.example.org/search?q=tält", None, "https://news.example.com/", None, "android-app://test")


def _campaign(place: int) -> dict[str, Any]:
    name = _SEASONS[place % len(_SEASONS)]
    return {
        "campaign": f"{name} {words.PLACES[place % len(words.PLACES)]} {1 + place // 24}",
        "subject": _SUBJECTS[place * 5 % len(_SUBJECTS)],
        "activity_id": str(310_000 + place),
    }


def _booking(place: int, lots: Random) -> dict[str, Any]:
    return {
        "amount": round(lots.uniform(40, 9_000), 2),
        "place": lots.choice(words.CITIES),
        "guests": lots.randint(1, 8),
        "is_paid": lots.random() < 0.7,
        "note": lots.choice(words.NOTES) if lots.random() < 0.3 else None,
        "extras": {"frukost": True, "rum": {"typ": "dubbel", "våning": 2}} if place % 32 == 7 else None,
    }


def _page(place: int, lots: Random) -> dict[str, Any]:
    path = lots.choice(_PATHS)
    return {
        "url": f"https://www.example.com{path}",
        "page": path,
        "title": f"{lots.choice(words.CITIES)} – {lots.choice(_SEASONS)}",
        "seconds": lots.randint(1, 900),
        "is_mobile": lots.random() < 0.6,
        "referrer": lots.choice(_REFERRERS),
        "path": ["/", path, "/kassa"] if place % 64 == 9 else None,
    }


def _order(place: int, lots: Random) -> dict[str, Any]:
    return {
        "order_number": f"{place:08}",
        "total": lots.choice((0, round(lots.uniform(10, 400)), round(lots.uniform(10, 20_000), 2))),
        "currency": lots.choice(("SEK", "NOK", "EUR")),
        "items": lots.randint(1, 12),
        "coupon": lots.choice(("VÅR10", "00123", None, None)),
    }


def _clicked(place: int, lots: Random) -> dict[str, Any]:
    link = f"https://www.example.com{lots.choice(_PATHS)}"
    return _campaign(place) | {"link": link, "link_number": lots.randint(1, 9)}


_MADE: Mapping[str, Callable[[int, Random], dict[str, Any]]] = {
    "booking": _booking,
    "sent": lambda place, lots: _campaign(place),
    "opened": lambda place, lots: _campaign(place) | {"device": lots.choice(_DEVICES)},
    "clicked": _clicked,
    "page": _page,
    "order": _order,
}


def _data(word: str, version: Version, seed: int) -> Iterator[str]:
    """Yield the data of events as JSON, with the fields of their version."""
    lots = Random(f"{seed} {word}")
    for place in range(_POOL):
        made = _MADE[word](place, lots)
        data = {name: str(made[name]) if kind == "string" else made[name] for name, kind in version.fields}
        yield json.dumps(data, ensure_ascii=False, separators=(",", ":"))
