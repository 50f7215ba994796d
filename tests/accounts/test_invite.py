"""The first admin comes in by a link that the operator reads off a terminal."""

from __future__ import annotations

import re
from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from audit.models import Event

PASSWORD = "a password of her own"


def invite(*words: str) -> str:
    out = StringIO()
    call_command("invite", *words, stdout=out)
    return out.getvalue()


def test_the_link_sets_a_password_once(client: Client, db: None) -> None:
    said = invite("karin", "Karin Holm", "karin@example.com")
    path = urlsplit(re.search(r"https?://\S+", said)[0]).path  # type: ignore[index]
    form = client.get(path, follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": PASSWORD, "password2": PASSWORD})
    assert client.post("/accounts/login/", {"login": "karin", "password": PASSWORD}).status_code == 302
    assert b"password1" not in Client().get(path, follow=True).content, "a link works once"


def test_a_person_without_a_password_cannot_sign_in(client: Client, db: None) -> None:
    invite("karin", "Karin Holm", "karin@example.com")
    for typed in ("", "!", PASSWORD):
        assert client.post("/accounts/login/", {"login": "karin", "password": typed}).status_code == 200


@pytest.mark.parametrize(("group", "is_staff"), [("Admin", True), ("Auditor", True), ("Marketer", False)])
def test_the_person_stands_in_one_group_and_is_no_superuser(db: None, group: str, is_staff: bool) -> None:
    invite("karin", "Karin Holm", "karin@example.com", "--group", group)
    karin = User.objects.get()
    assert (str(karin), [g.name for g in karin.groups.all()]) == ("Karin Holm", [group])
    assert (karin.is_staff, karin.is_superuser) == (is_staff, False)
    event = Event.objects.get(action="person.added")
    assert (event.actor, event.target, event.facts) == (None, "Karin Holm", {"group": group})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("karin", "Karin Holm", "no address"), "valid email"),
        (("anna", "Another Anna", "other@example.com"), "already exists"),
        (("karin", "Karin Holm", "anna@example.com"), "already exists"),
    ],
)
def test_what_is_wrong_is_said_and_nobody_is_made(anna: User, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        invite(*words)
    assert list(User.objects.all()) == [anna]


def test_a_link_that_grew_old_is_replaced(db: None) -> None:
    links = [re.search(r"https?://\S+", invite("karin", "Karin Holm", "karin@example.com"))[0] for _ in range(2)]  # type: ignore[index]
    assert User.objects.count() == 1
    assert Event.objects.filter(action="person.added").count() == 1
    assert b"password1" in Client().get(urlsplit(links[1]).path, follow=True).content
