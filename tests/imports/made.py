"""Uploads and imports as a person would make them, without the browser."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from accounts.definitions import Library
from accounts.models import Credential
from imports import actions, checking, receiving, tasks
from imports.draft import Consent, Draft, ways
from imports.models import Check, Comparison, Import
from imports.models.uploads import Purpose
from runs.claims import claim
from sandbox.audience import draws, email
from sandbox.consent_export import state_of
from sandbox.definitions import EMAIL, accounts

SECTION = accounts(0, 0, False)["Nordlys Handel"].sections[0]
TOPIC = next(topic for topic in SECTION.topics if topic.channel is None and topic.share_out > 0)
TABLE = """email;mobile;first name;shoe
new.a@example.com;46000000001;Åsa;38
new.b@example.com;+46 000 000 002;Bodil;44
"""


def draft(credential: Credential, text: str = TABLE, *, consents: tuple[Consent, ...] = (), **decisions: Any) -> Draft:
    """Bring an upload as far as its check."""
    library = Library(credential)
    section = library.read("sections").items[0]
    upload = actions.begin(
        by=credential.owner,
        credential=credential,
        purpose=Purpose.PEOPLE,
        section=(section.discriminator, section.name),
        way=ways(library)[0],
    )
    data = text.encode()
    receiving.expect(upload, name="people.csv", length=len(data), now=timezone.now())
    receiving.keep(upload, [data], now=timezone.now())
    actions.read_as(upload, Draft(upload, library).reading)
    columns = {str(column.index): column.to for column in Draft(upload, library).columns}
    actions.place(upload, columns, erase=decisions.pop("erase", False))
    actions.give(upload, consents)
    actions.decide(upload, duplicates=decisions.pop("duplicates", ""), choices=decisions.pop("choices", {}))
    assert not decisions
    return Draft(upload, library)


def checked(drawn: Draft) -> Check:
    """Let a worker check an upload."""
    found = actions.check(drawn)
    if not found.is_over:
        mine = claim(Check.objects.select_related("owner", "upload"), found.pk, queue="files", now=timezone.now())
        assert mine
        checking.make(mine, timezone.now)
        found.refresh_from_db()
    return found


def confirmed(drawn: Draft) -> Import:
    """Have an upload checked, and confirm it."""
    return actions.confirm(drawn, checked(drawn), by=drawn.upload.owner)


# ── How people stand ─────────────────────────────────────────────────────────────────────────────────────────


def rule(**more: Any) -> Consent:
    said: dict[str, Any] = {
        "topic": TOPIC.discriminator,
        "topic_name": TOPIC.name,
        "channel": EMAIL,
        "channel_name": "Email",
    }
    return Consent(**said | more)


def people(state: str, count: int = 3) -> list[str]:
    """Return addresses of the sandbox's people who stand so to the topic, by e-mail."""
    draw, stands = draws(1), state_of(TOPIC, EMAIL, 1)
    found = (email(number, draw(number)) for number in range(200) if stands(number) == state)
    return [address for address in found if address][:count]


def table(keys: list[str], **columns: str) -> str:
    head = ",".join(["email", *columns])
    return "\n".join([head, *(",".join([key, *columns.values()]) for key in keys), ""])


def compared(key: Credential, keys: list[str], *rules: Consent, **columns: str) -> tuple[Draft, Comparison]:
    """Check a file of these people, and let a worker ask about them to the end."""
    drawn = draft(key, table(keys, **columns), consents=rules or (rule(),))
    found = actions.compare(drawn, checked(drawn))
    assert found is not None
    return drawn, to_the_end(found)


def to_the_end(found: Comparison, most: int = 20) -> Comparison:
    for _ in range(most):
        tasks.compare(pk=found.pk)
        found.refresh_from_db()
        if found.is_over:
            return found
        Comparison.objects.filter(pk=found.pk).update(due_at=timezone.now())
    raise AssertionError(f"it did not end: {found.code} {found.facts}")
