"""Seal every secret anew under the newest key of VAULT_KEYS (docs/keys.md)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import rotation


class Command(BaseCommand):
    help = "Seals every secret anew under the first key of VAULT_KEYS, and says which keys may be taken out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only look, and change nothing")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        old, lost = 0, []
        for count in rotation.rotate(only_look=check):
            done = "to seal anew" if check else "sealed anew"
            self.stdout.write(
                f"{count.place}: {count.old} {done}, {count.fresh} fresh, {count.changed} changed meanwhile"
            )
            old += count.old
            if count.lost:
                lost.append(f"{count.place} {', '.join(map(str, count.lost))}")
        if lost:
            raise CommandError(
                f"No key in VAULT_KEYS opens these values: {'; '.join(lost)}. Put the key back that sealed "
                "them, or have their owners enter them anew. Take no key out."
            )
        if check and old:
            self.stdout.write("Run this without --check before any key is taken out.")
        elif len(settings.VAULT_KEYS) > 1:
            self.stdout.write("Everything is under the first key of VAULT_KEYS; the others may be taken out.")
        else:
            self.stdout.write("Everything is under the only key there is.")
