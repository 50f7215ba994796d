"""The walk over every address by forms that some other site made: they do nothing, whoever is signed in."""

from __future__ import annotations

import gc

import pytest
from django.test import Client

from accounts.models import User
from tests.project.test_roles import Numbers, address, desk, done, names

__all__ = ["desk"]


@pytest.mark.processes  # as the walk of test_roles.py
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_a_form_without_its_token_does_nothing_anywhere(desk: tuple[Numbers, dict[str, User]]) -> None:
    numbers, people = desk
    passed = []
    before = done()
    for role in (None, "own", "auditor", "admin"):
        client = Client(enforce_csrf_checks=True)
        if role:
            client.force_login(people[role])
        for name in set(names()) - {"healthz", "readyz"}:  # which ask nobody who they are, and change nothing
            if client.post(address(name, numbers)).status_code != 403:
                passed.append(f"{name}, by {role or 'anonymous'}")
    assert not passed, "\n".join(passed)
    assert done() == before
    gc.collect()  # the broker's library leaves sockets open, and no other test shall be told of them
