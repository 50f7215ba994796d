"""What people do with lists: have one looked up, stop it, remove its people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.definitions import Library
from accounts.models import Credential, User
from audit import actions as audit
from consents import kept, retention
from consents.models import Checklist
from consents.pasted import Pasted
from runs import nudges
from upstream.apsis.definitions import Channel, Section, Topic


@dataclass(frozen=True)
class Question:
    """What a list is asked about."""

    section: Section
    topic: Topic
    channel: Channel


def question(library: Library, section: str, topic: str, channel: str) -> Question | None:
    """Return what a list is asked about, as the vendor names it today; None where it does not."""
    found = (
        library.read("sections").named(section),
        library.read("topics", section).named(topic),
        library.read("channels").named(channel),
    )
    return Question(*found) if all(found) else None


def start(
    read: Pasted, question: Question, *, by: User, credential: Credential, now: datetime | None = None
) -> Checklist:
    """Have the people of a list looked up in the background. Who they are is sealed before the row can be seen.

    Raises OSError where there is no room.
    """
    now = now or timezone.now()
    with transaction.atomic():
        made = Checklist(
            owner=by,
            account=credential.account,
            credential=credential,
            section=question.section.discriminator,
            section_name=question.section.name,
            topic=question.topic.discriminator,
            topic_name=question.topic.name,
            own_channel=question.topic.channel or "",
            channel=question.channel.discriminator,
            channel_name=question.channel.name,
            total=len(read.people),
            created_at=now,
            changed_at=now,
            due_at=now,
            expires_at=now + timedelta(days=settings.FILE_KEPT_DAYS),
        )
        made.save(force_insert=True)
        kept.keep_people(made, read.people)
        audit.record(
            "list.started",
            by=by,
            target=made,
            now=now,
            people=made.total,
            account=str(credential.account),
            topic=made.topic_name,
            channel=made.channel_name,
        )
        nudges.poke(made)
    return made


def cancel(made: Checklist, *, by: User, now: datetime | None = None) -> None:
    """Ask a list to stop; what was found until then stays."""
    now = now or timezone.now()
    asked = Checklist.objects.unfinished().filter(pk=made.pk, cancel_asked_at=None)
    if asked.update(cancel_asked_at=now, cancel_asked_by=by):
        nudges.poke(made)


def remove(made: Checklist, *, by: User, now: datetime | None = None) -> bool:
    """Remove the people of a list that is over; its numbers stay. Says whether they are gone."""
    now = now or timezone.now()
    if not made.is_over or made.gone_at is not None or not retention.remove(made, now=now):
        return False
    audit.record("list.removed", by=by, target=made, now=now)
    return True
