"""Make a person and print the link with which they set their password: how the first admin comes in."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from accounts import admission, groups, links
from accounts.models import User


class Command(BaseCommand):
    help = "Makes a person and prints the link with which they set their password. The first admin comes in this way."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("name", help="as colleagues know the person, in quotation marks")
        parser.add_argument("email")
        parser.add_argument("--group", choices=list(groups.PERMISSIONS), default=groups.ADMIN)

    def handle(self, *args: Any, username: str, name: str, email: str, group: str, **options: Any) -> None:
        # Whoever let the link grow old gets another.
        person = User.objects.filter(username=username, email=email, is_active=True).first()
        if person is None or person.has_usable_password():
            try:
                person = admission.invite(
                    username=username, name=name, email=email, group=Group.objects.get(name=group), by=None
                )
            except ValidationError as error:
                raise CommandError(" ".join(error.messages)) from None
        days = settings.PASSWORD_RESET_TIMEOUT // (24 * 60 * 60)
        self.stdout.write(f"With this link {person} sets a password, once, within {days} days:")
        self.stdout.write(_link(person))


def _link(person: User) -> str:
    """Return the address at which a person sets their password; allauth's own, as in its mails."""
    words = {"uidb36": user_pk_to_url_str(person), "key": default_token_generator.make_token(person)}
    return links.absolute(reverse("account_reset_password_from_key", kwargs=words))
