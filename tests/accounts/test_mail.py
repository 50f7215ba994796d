"""What the desk mails: a link to a new password."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client

from accounts.models import User

RESET = "/accounts/password/reset/"


class NobodyListens(BaseEmailBackend):
    """A mail server that is away."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise ConnectionRefusedError


def ask(client: Client, email: str) -> str:
    page = client.post(RESET, {"email": email}, follow=True).content.decode()
    return page.partition("<main")[2].partition("</main>")[0]


def test_the_mail_holds_a_link_that_works_once(client: Client, anna: User) -> None:
    page = ask(client, "anna@example.com")
    assert "Look in your mail" in page
    (sent,) = mail.outbox
    assert sent.subject == "Consent Desk: Choose a new password"
    assert "Your user name is anna." in sent.body
    link = re.search(r"http://testserver(\S+)", sent.body)
    assert link
    form = client.get(link[1], follow=True)
    chosen = {"password1": "seven green bicycles", "password2": "seven green bicycles"}
    client.post(form.redirect_chain[-1][0], chosen)
    assert client.login(username="anna", password="seven green bicycles")
    assert "This link opens nothing" in client.get(link[1], follow=True).content.decode()


def test_an_address_that_nobody_has_is_answered_alike(client: Client, anna: User) -> None:
    assert ask(client, "nobody@example.com") == ask(Client(), "anna@example.com")
    unknown, known = mail.outbox
    assert "no account of this desk has that address" in unknown.body
    assert unknown.subject != known.subject


def test_a_mail_server_that_is_away_is_said_and_no_address_is_logged(
    client: Client, anna: User, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.NobodyListens"
    page = ask(client, "anna@example.com")
    assert "No mail was sent" in page
    assert "Look in your mail" not in page
    assert ask(Client(), "nobody@example.com") == page
    assert "A mail was not sent: ConnectionRefusedError." in caplog.text
    assert "example.com" not in caplog.text
