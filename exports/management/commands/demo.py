"""The demo: invented people with their keys, saved segments, and history made by running the product."""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import actions as accounts
from accounts.definitions import Library
from accounts.demo_people import PASSWORD, PEOPLE, STEWARDS
from accounts.groups import ADMIN, AUDITOR, STEWARD
from accounts.models import Credential, User, VendorAccount
from exports import actions
from exports.draft import Choices
from exports.events import draft as event_draft
from exports.events.period import Period
from exports.events.spec import EventChoice, EventSpec, FieldChoice
from exports.models import ExportRun, SavedSegment
from exports.spec import EMAIL, SMS, Choice, ColumnChoice, ConsentSpec, TopicChoice
from runs.models import Status

ACCOUNT = "Nordlys Handel"
KEYS = {"anna": "demo-anna", "jonas": "demo-jonas"}
EMAIL_ATTRIBUTE = "com.apsis1.attributes.email"
PATIENCE = 60.0  # seconds that the history may take


@dataclass(frozen=True)
class Recipe:
    """A demo segment: how many of what, picked from the sandbox's own lists."""

    owner: str
    name: str
    segments: int = 1
    topics: int = 2
    tags: int = 0
    attributes: tuple[str, ...] = (EMAIL_ATTRIBUTE,)
    only: str = ""
    exclude: bool = False
    runs: int = 1


RECIPES = (
    Recipe("anna", "Spring newsletter", attributes=(EMAIL_ATTRIBUTE, "com.apsis1.attributes.mobile"), runs=2),
    Recipe("anna", "Winter sale, SMS", topics=1, only=SMS, attributes=()),
    Recipe("anna", "Loyalty club by segment", segments=3, tags=2, exclude=True),
    Recipe("jonas", "Monthly round-up", topics=3, exclude=True),
)


class Command(BaseCommand):
    help = "Makes the demo's people (“people”) and a history by running the product (“history”)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["people", "history"])

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo's people have printed passwords, so they exist only with DEMO=1.")
        self.people() if what == "people" else self.history()

    @transaction.atomic
    def people(self) -> None:
        """Make the four people and the account at the sandbox; what exists is left as it is."""
        port = int(os.environ.get("SANDBOX_PORT", settings.PORT + 100))
        account, _ = VendorAccount.objects.update_or_create(
            name=ACCOUNT,
            defaults={
                "region": VendorAccount.Region.OTHER,
                "other_url": f"http://127.0.0.1:{port}",
                "upload_hosts": f"http://localhost:{port}",
            },
        )
        have = set(User.objects.values_list("username", flat=True))
        missing = [person for person in PEOPLE if person[0] not in have]
        if not missing:
            return
        password = make_password(PASSWORD)
        for username, name, group, _what in missing:
            first, _, last = name.partition(" ")
            user = User.objects.create(
                username=username, first_name=first, last_name=last, email=f"{username}@example.com", password=password,
                is_staff=group in (ADMIN, AUDITOR),
            )  # fmt: skip
            user.groups.add(Group.objects.get(name=group))
            if username in STEWARDS:
                user.groups.add(Group.objects.get(name=STEWARD))
            if key := KEYS.get(username):
                accounts.save_credential(by=user, account=account, client_id=key, secret=f"{key}-secret")

    def history(self) -> None:
        """Test the keys, save the segments and run them, as a person would; once."""
        if SavedSegment.objects.exists():
            self.stdout.write("The history of the demo is there.")
            return
        for credential in Credential.objects.select_related("owner", "account"):
            accounts.test_credential(credential, by=credential.owner)
        for recipe in RECIPES:
            self._cook(recipe)
        self._cook_events("anna", "What the club did last month")
        self._wait()
        if lost := ExportRun.objects.exclude(status=Status.SUCCEEDED).count():
            raise CommandError(f"{lost} of the demo's runs did not end well; their pages say why.")
        call_command("demo_imports")  # by their names: exports know neither
        call_command("demo_lists")
        self.stdout.write("The history of the demo is there.")

    def _cook(self, recipe: Recipe) -> None:
        owner = User.objects.get(username=recipe.owner)
        credential = Credential.objects.select_related("account").get(owner=owner)
        segment = actions.save_segment(
            by=owner, account=credential.account, name=recipe.name, spec=_spec(recipe, credential)
        )
        for _ in range(recipe.runs):
            actions.start(segment, by=owner)
            self._wait()

    def _cook_events(self, username: str, name: str) -> None:
        owner = User.objects.get(username=username)
        credential = Credential.objects.select_related("account").get(owner=owner)
        segment = actions.save_segment(by=owner, account=credential.account, name=name, spec=_event_spec(credential))
        actions.start(segment, by=owner)

    def _wait(self) -> None:
        """Let the workers bring every run to its end."""
        until = time.monotonic() + PATIENCE
        while ExportRun.objects.unfinished().exists() and time.monotonic() < until:
            time.sleep(0.3)


def _spec(recipe: Recipe, credential: Credential) -> ConsentSpec:
    library = Library(credential)
    section = Choices(library, "").sections()[0]
    choices = Choices(library, section.id)
    attributes = {option.discriminator: option for option in choices.options("attribute").values()}
    # Those that any channel may use, of one folder, so that the demo works on both generations of consent.
    topics = [option for option in choices.options("topic").values() if not option.channel]
    topics = [option for option in topics if option.folder == topics[0].folder][: recipe.topics]
    channels = [ColumnChoice(EMAIL, "Email", column="EmailConsent"), ColumnChoice(SMS, "SMS", column="MobileConsent")]
    return ConsentSpec(
        section=section,
        topics=tuple(TopicChoice(o.id, o.name, folder=o.folder, folder_name=o.group) for o in topics),
        method="single" if recipe.only else "mapped",
        channel=Choice(recipe.only, "SMS" if recipe.only == SMS else "Email") if recipe.only else Choice("", ""),
        channels=() if recipe.only else tuple(channels),
        attributes=tuple(
            ColumnChoice(attributes[d].id, attributes[d].name, column=attributes[d].name, discriminator=d)
            for d in recipe.attributes
            if d in attributes
        ),
        tags=_columns(choices, "tag", recipe.tags),
        segments=_columns(choices, "segment", recipe.segments),
        exclude_unsubscribed=recipe.exclude,
    )


def _event_spec(credential: Credential) -> EventSpec:
    library = Library(credential)
    section = event_draft.sections(Choices(library, ""))[0]
    choices = Choices(library, section.id)
    email = event_draft.email_of(choices)
    segment = next(iter(choices.options("segment").values()))
    return EventSpec(
        sections=(section,),
        segment=Choice(segment.id, segment.name),
        period=Period("days", days=30),
        attributes=(FieldChoice(email.id, email.name, discriminator=email.discriminator, section=section.id),)
        if email
        else (),
        tags=tuple(FieldChoice(o.id, o.name, section=section.id) for o in list(choices.options("tag").values())[:1]),
        events=tuple(
            EventChoice(o.id, o.name, section=section.id, versions=o.versions)
            for o in choices.options("event").values()
        ),
    )


def _columns(choices: Choices, kind: str, many: int) -> tuple[ColumnChoice, ...]:
    options = list(choices.options(kind).values())[:many]
    return tuple(ColumnChoice(o.id, o.name, column=o.name, discriminator=o.discriminator) for o in options)
