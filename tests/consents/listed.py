"""Lists of people, looked up step by step as a worker would."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from accounts import clients
from accounts.definitions import Library
from accounts.models import Credential
from consents import checking, list_actions
from consents.keys import Key
from consents.list_actions import Question
from consents.models import Checklist
from consents.pasted import Pasted
from runs.claims import claim
from tests.consents.people import SECTION
from upstream.apsis.builtin import EMAIL_CHANNEL


def question(credential: Credential, *, topic: str = "", channel: str = EMAIL_CHANNEL) -> Question:
    """Return what a list is asked about: a subscription that is open to any channel, or one by its discriminator."""
    library = Library(credential)
    topics = library.read("topics", SECTION).items
    topic = topic or next(one.discriminator for one in topics if one.channel is None)
    found = list_actions.question(library, SECTION, topic, channel)
    assert found is not None
    return found


def started(credential: Credential, people: list[Key], **about: str) -> Checklist:
    """Have people looked up."""
    return list_actions.start(
        Pasted(people=people), question(credential, **about), by=credential.owner, credential=credential
    )


def step(made: Checklist, *, at: datetime | None = None) -> Checklist:
    """Take one step under a claim of its own, whenever it is due."""
    lists = Checklist.objects.select_related("credential", "owner", "account")
    claimed = claim(lists, made.pk, queue="files", now=at or lists.get(pk=made.pk).due_at or timezone.now())
    assert claimed is not None
    with clients.client_for(made.credential_id) as client:
        checking.make(claimed, client, timezone.now, sleep=lambda seconds: None)
    return Checklist.objects.get(pk=made.pk)


def to_the_end(made: Checklist) -> Checklist:
    """Take every step."""
    made = step(made)
    while not made.is_over:
        made = step(made)
    return made
