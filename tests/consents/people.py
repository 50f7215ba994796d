"""People of the sandbox, found by how they stand: invented, each computed from a seed and a number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from sandbox.audience import draws, email, export_key, mobile
from sandbox.definitions import EMAIL, SMS
from sandbox.settings import Settings
from tests.conftest import Vendor
from upstream.apsis.builtin import EMAIL_KEYSPACE

SECTION = "com.apsis1.sections.default"


@dataclass(frozen=True)
class Person:
    """Somebody of the sandbox."""

    number: int
    email: str
    mobile: str
    export_key: str


def people(vendor: Vendor, many: int = 120) -> Iterator[Person]:
    """Yield those who have both an e-mail address and a phone number."""
    draw = draws(Settings().seed)
    for number in range(many):
        lots = draw(number)
        if (mail := email(number, lots)) and (phone := mobile(number, lots)):
            yield Person(number, mail, phone, export_key(number, lots))


def stands(vendor: Vendor, person: Person, *, section: str = SECTION) -> dict[tuple[str, str], str]:
    """Return how somebody stands by the vendor's own word: (topic, channel) → type."""
    token = _ask(vendor, "POST", "/oauth/token", json={
        "grant_type": "client_credentials", "client_id": "demo-anna", "client_secret": "demo-anna-secret",
    })["access_token"]  # fmt: skip
    vendor.clock.now += 1  # ten calls a second about one person
    path = f"/v2/audience/keyspaces/{EMAIL_KEYSPACE}/profiles/{person.email}/sections/{section}/consents"
    items = _ask(vendor, "GET", path, headers={"Authorization": f"Bearer {token}"})["items"]
    vendor.clock.now += 1
    return {(one["topic_discriminator"], one["channel_discriminator"]): one["type"] for one in items}


def on_both(vendor: Vendor, type: str = "opt-in") -> tuple[Person, str]:
    """Return somebody with this type over both channels, and the topic it is about."""
    for person in people(vendor):
        found = stands(vendor, person)
        for topic, channel in found:
            if channel == EMAIL and found[topic, EMAIL] == found.get((topic, SMS)) == type:
                return person, topic
    raise AssertionError("nobody stands so")


def _ask(vendor: Vendor, method: str, path: str, **more: Any) -> Any:
    with httpx.Client(transport=vendor.transport, base_url="http://vendor.test") as http:
        answer = http.request(method, path, **more)
        answer.raise_for_status()
        return answer.json()
