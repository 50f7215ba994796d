"""Say which keys of INDEX_KEYS are still needed, and until when (docs/keys.md)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from people import rotation
from people.rotation import Hanging


class Command(BaseCommand):
    help = "Says how much hangs on each key of INDEX_KEYS, and when it may be taken out. Changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        found = rotation.census()
        for hanging in found:
            self.stdout.write(_said(hanging, needed=hanging.is_needed(now)))
        missed = [hanging.key_id for hanging in found if not hanging.is_kept and hanging.is_needed(now)]
        if missed:
            raise CommandError(
                f"Taken out too early: {', '.join(missed)}. Put it back into INDEX_KEYS, behind the others, or nobody "
                "finds these events and files by an address."
            )


def _said(hanging: Hanging, *, needed: bool) -> str:
    name = f"Key {hanging.key_id}"
    hangs = f"{hanging.events} events hang on it"
    if hanging.events_until:
        hangs += f", the last of {hanging.last:%Y-%m-%d}; they can be asked for until {hanging.events_until:%Y-%m-%d}"
    if hanging.files_until:
        hangs += f"; so do {hanging.files} indexes of files, kept until {hanging.files_until:%Y-%m-%d}"
    if hanging.is_newest:
        return f"{name}, the newest: {hangs}. New hashes are made with it."
    if not hanging.is_kept:
        return f"{name}, not in INDEX_KEYS: {hangs}." if needed else f"{name}, gone as it may be: {hangs}."
    return f"{name}: {hangs}. Keep it." if needed else f"{name}: {hangs}. It may be taken out."
