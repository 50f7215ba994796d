"""The audit history in the admin site: to read, for auditors and admins."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User, VendorAccount
from audit import actions as audit
from audit.models import Event

URL = "/admin/audit/event/"


@pytest.fixture
def event(anna: User, account: VendorAccount) -> Event:
    return audit.record("run.started", by=anna, target=account, version=3)


@pytest.fixture(params=["maria", "karin"])
def reader(request: pytest.FixtureRequest) -> Client:
    client = Client()
    client.force_login(request.getfixturevalue(request.param))
    return client


def test_auditor_and_admin_read_it_as_sentences(reader: Client, event: Event) -> None:
    assert "anna started Nordlys Handel, from version 3" in reader.get(URL).content.decode()
    assert "anna started Nordlys Handel, from version 3" in reader.get(f"{URL}{event.pk}/change/").content.decode()


def test_it_can_be_searched_and_filtered(reader: Client, event: Event, anna: User, account: VendorAccount) -> None:
    audit.record("run.failed", by=None, target=account)
    assert "anna started" in reader.get(f"{URL}?q=anna").content.decode()
    assert "anna started" not in reader.get(f"{URL}?action=run.failed").content.decode()


def test_anonymous_and_marketers_stay_out(client: Client, as_jonas: Client, event: Event) -> None:
    for url in (URL, f"{URL}{event.pk}/change/"):
        assert client.get(url)["Location"].startswith("/accounts/login/")
        assert as_jonas.get(url, follow=True).status_code == 403


def test_nobody_adds_changes_or_deletes(reader: Client, event: Event) -> None:
    changed = {"action": "run.never_started", "actor_name": "nobody"}
    assert reader.post(f"{URL}add/", changed).status_code == 403
    assert reader.post(f"{URL}{event.pk}/change/", changed).status_code == 403
    assert reader.post(f"{URL}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    reader.post(URL, {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"})
    assert Event.objects.get().action == "run.started"
