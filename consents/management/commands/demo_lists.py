"""The demo's list of people, made by running the product."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.definitions import Library
from accounts.models import Credential
from consents import list_actions, pasted
from consents.models import Checklist
from upstream.apsis.builtin import SMS_CHANNEL

OWNER = "anna"
PATIENCE = 60.0  # seconds that it may take
# Numbers as the sandbox's invented people have them: no country dials 46000, and not everybody has one.
PEOPLE = "Mobil\n" + "\n".join(f"+46 000 {number:06}" for number in range(60))


class Command(BaseCommand):
    help = "Has a list of people looked up for the demo, as a person would; once."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo's people exist only with DEMO=1.")
        if Checklist.objects.exists():
            return
        credential = Credential.objects.select_related("account", "owner").get(owner__username=OWNER)
        library = Library(credential)
        section = library.read("sections").items[0]
        topics = library.read("topics", section.discriminator).items
        topic = next(topic for topic in topics if topic.channel is None)
        question = list_actions.question(library, section.discriminator, topic.discriminator, SMS_CHANNEL)
        assert question is not None
        read = pasted.read(PEOPLE, library.read("keyspaces").items)
        list_actions.start(read, question, by=credential.owner, credential=credential)
        until = time.monotonic() + PATIENCE
        while Checklist.objects.unfinished().exists() and time.monotonic() < until:
            time.sleep(0.3)
