"""A forgotten password."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.models import User

RESET = "/accounts/password/reset/"


def test_a_link_comes_by_mail_and_sets_the_password(client: Client, anna: User, settings: Any) -> None:
    client.post(RESET, {"email": "anna@example.com"})
    (letter,) = mail.outbox
    assert letter.to == ["anna@example.com"]
    assert letter.from_email == settings.DEFAULT_FROM_EMAIL
    assert letter.subject == "A new password for Consent Desk"
    path = re.search(r"http://testserver(/\S+)", letter.body)[1]  # type: ignore[index]
    page = client.get(path, follow=True)
    words = {"password1": "another password for tests", "password2": "another password for tests"}
    client.post(page.redirect_chain[-1][0], words)
    anna.refresh_from_db()
    assert anna.check_password("another password for tests")


def test_an_address_that_nobody_has_gets_the_same_answer(client: Client, anna: User) -> None:
    known, unknown = (client.post(RESET, {"email": f"{name}@example.com"}, follow=True) for name in ("anna", "nobody"))
    assert known.redirect_chain == unknown.redirect_chain
    assert [letter.to for letter in mail.outbox] == [["anna@example.com"], ["nobody@example.com"]]
    assert mail.outbox[1].subject == "No account at Consent Desk has this address"


@pytest.mark.parametrize("address", ["anna@example.com", "nobody@example.com"])
def test_a_mail_that_cannot_be_sent_is_said(client: Client, anna: User, settings: Any, address: str) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "mail.invalid"
    answer = client.post(RESET, {"email": address})
    assert answer.status_code == 200
    assert "The mail could not be sent, so there is no link." in answer.content.decode()
