"""Events to read, readers, and a hand that changes rows behind the model's back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User, VendorAccount
from audit import actions as audit
from audit import sealing
from audit.models import Event

URL = "/admin/audit/event/"


@pytest.fixture(autouse=True)
def heads(settings: Any, tmp_path: Path) -> Path:
    """A file of heads for this test alone."""
    settings.AUDIT_HEADS = str(tmp_path / "audit-heads.log")
    return tmp_path / "audit-heads.log"


@pytest.fixture
def event(anna: User, account: VendorAccount) -> Event:
    return audit.record("run.started", by=anna, target=account, version=3)


@pytest.fixture(params=["maria", "karin"])
def reader(request: pytest.FixtureRequest) -> Client:
    """The auditor, then the admin."""
    client = Client()
    client.force_login(request.getfixturevalue(request.param))
    return client


@pytest.fixture
def as_maria(maria: User) -> Client:
    client = Client()
    client.force_login(maria)
    return client


@pytest.fixture
def chain(anna: User, account: VendorAccount) -> list[Event]:
    """Ten sealed events, a minute apart."""
    for number in range(10):
        now = timezone.now() - timedelta(minutes=30 - number)
        audit.record("run.started", by=anna, target=account, version=number, now=now)
    sealing.seal(now=timezone.now() - timedelta(minutes=20))
    return list(Event.objects.order_by("seq"))


@pytest.fixture
def tamper() -> Callable[..., None]:
    """Run SQL at the table of events, as somebody with the database's password can."""

    def run(sql: str, *values: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)

    return run


def words(response: Any) -> str:
    """Return a page as one line."""
    assert response.status_code == 200, response.status_code
    return " ".join(response.content.decode().split())
