"""What composed pages are tested with: the segment and the stepper of exports, and a desk at which nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from project.celery import app
from runs import presence
from tests.conftest import sign_in
from tests.exports.conftest import choices, segment, spec, steps

__all__ = ["choices", "segment", "spec", "steps"]


@pytest.fixture
def as_karin(karin: User) -> Client:
    return sign_in(Client(), karin)


@pytest.fixture
def memory_broker() -> Iterator[None]:
    """A broker in this process's memory."""
    before = app.conf.broker_url, app.conf.broker_read_url, app.conf.broker_write_url
    app.conf.broker_url = app.conf.broker_read_url = app.conf.broker_write_url = "memory://"
    app._pool = app.amqp._producer_pool = None
    yield
    app.conf.broker_url, app.conf.broker_read_url, app.conf.broker_write_url = before
    app._pool = app.amqp._producer_pool = None


@pytest.fixture
def staffed(db: None, memory_broker: None) -> None:
    """A worker for each queue, beat, a tick just now, and a broker."""
    for role in ("calls", "files", presence.BEAT, presence.TICK):
        presence.begin(role, now=timezone.now())
