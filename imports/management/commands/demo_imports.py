"""The demo's imports, made by running the product: a draft that waits, and an import that went through."""

from __future__ import annotations

import csv
import io
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.definitions import Library
from accounts.models import Credential
from imports import actions, receiving
from imports.draft import Draft, ways
from imports.models import Check, Import, Upload
from imports.models.uploads import Purpose
from runs.models import Status

OWNER = "anna"
PATIENCE = 60.0  # seconds that it may take
FIRST = ("Åsa", "Örjan", "Märta", "Søren", "Päivi")
TOWNS = ("Malmö", "Göteborg", "Tromsø", "Ærø", "Turku")


class Command(BaseCommand):
    help = "Makes a draft and an import for the demo, as a person would; once."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo's people exist only with DEMO=1.")
        if Upload.objects.exists():
            return
        credential = Credential.objects.select_related("account", "owner").get(owner__username=OWNER)
        self._begin(credential, "Store sign-ups May.csv", faulty=True)
        draft = self._begin(credential, "Fair visitors.csv")
        actions.confirm(draft, self._checked(draft), by=credential.owner)
        self._wait(lambda: not Import.objects.filter(finished_at=None).exists())

    def _begin(self, credential: Credential, name: str, *, faulty: bool = False) -> Draft:
        """Bring an upload as far as its check."""
        library = Library(credential)
        section = library.read("sections").items[0]
        way = next(way for way in ways(library) if not way.refused)
        upload = actions.begin(
            by=credential.owner,
            credential=credential,
            purpose=Purpose.PEOPLE,
            section=(section.discriminator, section.name),
            way=way,
        )
        data = signups(name.partition(" ")[0].lower(), faulty=faulty)
        receiving.expect(upload, name=name, length=len(data), now=timezone.now())
        receiving.keep(upload, [data], now=timezone.now())
        actions.read_as(upload, Draft(upload, library).reading)
        draft = Draft(upload, library)
        actions.place(upload, {str(column.index): column.to for column in draft.columns}, erase=False)
        actions.give(upload, [])
        return Draft(upload, library)

    def _checked(self, draft: Draft) -> Check:
        made = actions.check(draft)
        self._wait(lambda: Check.objects.exclude(finished_at=None).filter(pk=made.pk).exists())
        made.refresh_from_db()
        if made.status != Status.SUCCEEDED:
            raise CommandError("The check of the demo's import did not end well; its page says why.")
        return made

    def _wait(self, is_done: Any) -> None:
        until = time.monotonic() + PATIENCE
        while not is_done() and time.monotonic() < until:
            time.sleep(0.3)


def signups(word: str, *, faulty: bool = False, rows: int = 240) -> bytes:
    """Write a file of people who signed up somewhere, as Excel in the Nordic countries would; all are invented."""
    text = io.StringIO(newline="")
    table = csv.writer(text, delimiter=";")
    table.writerow(["Kundnr", "E-post", "Mobil", "Förnamn", "Ort", "Sko"])
    for n in range(rows):
        at = "@@" if faulty and n % 40 == 7 else "@"
        phone = f"+46 000 {n:06}" if faulty and n % 5 == 0 else f"46000{n:06}"
        table.writerow(
            [f"{word[0].upper()}-{n:05}", f"{word}.{n}{at}example.com", phone, FIRST[n % 5], TOWNS[n % 5], 36 + n % 9]
        )
    if faulty:
        table.writerow([f"{word[0].upper()}-00003", f"{word}.3@example.com", "070-0000001", FIRST[0], TOWNS[0], ""])
    return text.getvalue().encode("cp1252")
