"""Print environment lines with a new key before the present ones (docs/keys.md)."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any, Literal

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Prints environment lines with a new key, the present one behind it. They are secrets: mind where they go."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("which", choices=["vault", "django"])

    def handle(self, *args: Any, which: Literal["vault", "django"], **options: Any) -> None:
        if which == "vault":
            keys = [Fernet.generate_key().decode(), *settings.VAULT_KEYS]
            self.stdout.write(f"VAULT_KEYS={','.join(keys)}")
            return
        self.stdout.write(f"SECRET_KEY={secrets.token_urlsafe(48)}")
        self.stdout.write(f"SECRET_KEY_FALLBACKS={','.join([settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS])}")
