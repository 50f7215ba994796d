"""The people who changed between two runs, as a file: with leave, in parts, written down."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.models import Event
from audit.sentences import sentence
from exports.models import Drift, SavedSegment
from tests.exports import drifted, taking

pytestmark = pytest.mark.django_db(transaction=True)  # a download gives its connection back, and a test's with it


@pytest.fixture
def drift(segment: SavedSegment, anna: User, monkeypatch: pytest.MonkeyPatch) -> Drift:
    monkeypatch.setattr("runs.nudges.send", lambda run: True)  # no broker is there
    return drifted.compared(drifted.pair(segment), anna)


def ask(client: Client, drift: Drift, name: str, method: str = "get", **data: Any) -> Any:
    return getattr(client, method)(reverse(f"exports:{name}", args=[drift.pk]), data)


def text(response: Any) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def test_the_people_are_taken_with_leave_and_that_is_written_down(as_anna: Client, drift: Drift) -> None:
    assert ask(as_anna, drift, "drift_download")["Location"].endswith("/take/")
    assert "What is this file for?" in text(ask(as_anna, drift, "drift_take"))
    given = ask(as_anna, drift, "drift_take", "post", preset="check")
    answer = as_anna.get(given["Location"])
    assert answer["Content-Disposition"].endswith(
        f'_changes_since_{timezone.localtime(drift.older.as_of):%Y-%m-%d}.csv"'
    )
    lines = taking.body(answer).decode("utf-8-sig").splitlines()
    assert lines[0] == "what happened;channel;key;address before;address now"
    assert "lost consent;Email;k1;maja@example.com;" in lines
    assert len(lines) == 1 + drift.row_count
    event = Event.objects.get(action="file.downloaded")
    assert event.facts == {"form": "changes", "people": drift.row_count, "purpose": "check"}
    assert "the people who changed" in sentence(event)
    assert "the people who changed" in text(as_anna.get(drift.newer.get_absolute_url()))


def test_a_part_of_it_can_be_had(as_anna: Client, drift: Drift) -> None:
    ask(as_anna, drift, "drift_take", "post")
    answer = as_anna.get(reverse("exports:drift_download", args=[drift.pk]), headers={"Range": "bytes=3-6"})
    assert (answer.status_code, taking.body(answer)) == (206, b"what")
