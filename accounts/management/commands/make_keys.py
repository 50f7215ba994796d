"""Print environment lines with a new key before the present ones (docs/keys.md)."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management.base import BaseCommand

LISTS = {"vault": "VAULT_KEYS", "audit": "AUDIT_KEYS", "index": "INDEX_KEYS"}


class Command(BaseCommand):
    help = "Prints environment lines with a new key, the present one behind it. They are secrets: mind where they go."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("which", choices=[*LISTS, "django"])

    def handle(self, *args: Any, which: str, **options: Any) -> None:
        if which == "django":
            former = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
            self.stdout.write(f"SECRET_KEY={secrets.token_urlsafe(48)}")
            self.stdout.write(f"SECRET_KEY_FALLBACKS={','.join(former)}")
            return
        new = Fernet.generate_key().decode() if which == "vault" else secrets.token_urlsafe(48)
        self.stdout.write(f"{LISTS[which]}={','.join([new, *getattr(settings, LISTS[which])])}")
