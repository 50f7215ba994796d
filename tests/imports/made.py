"""Uploads and imports as a person would make them, without the browser."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from accounts.definitions import Library
from accounts.models import Credential
from imports import actions, checking, receiving
from imports.draft import Consent, Draft, ways
from imports.models import Check, Import
from imports.models.uploads import Purpose
from runs.claims import claim

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
