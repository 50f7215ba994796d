"""Runs that nobody works on yet, made as a press on Run makes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Credential, User
from exports import actions
from exports.models import ExportRun, SavedSegment
from exports.spec import EMAIL, Choice, ColumnChoice, ConsentSpec, TopicChoice
from project.celery import app

NOW = datetime(2026, 6, 2, 12, 0, tzinfo=UTC)
SPEC = ConsentSpec(
    section=Choice("com.apsis1.sections.default", "Butik"),
    topics=(TopicChoice("usercreated.topics.news-aaaaaaaaaa", "News"),),
    channels=(ColumnChoice(EMAIL, "Email", column="EmailConsent"),),
    everyone=True,
)

Start = Callable[..., ExportRun]


@pytest.fixture
def save(anna: User, annas_key: Credential) -> Callable[[str], SavedSegment]:
    def one(name: str) -> SavedSegment:
        return actions.save_segment(by=anna, account=annas_key.account, name=name, spec=SPEC, now=NOW)

    return one


@pytest.fixture
def start(save: Callable[[str], SavedSegment], anna: User) -> Start:
    """Start a run of a saved segment of its own."""

    def one(**fields: object) -> ExportRun:
        run = actions.start(save(f"Segment {SavedSegment.objects.count()}"), by=anna, now=NOW)
        if fields:
            ExportRun.objects.filter(pk=run.pk).update(**fields)
            run.refresh_from_db()
        return run

    return one


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What left the process."""
    messages: list[dict[str, Any]] = []

    def send(task: str, **message: Any) -> None:
        messages.append({"task": task, **message})

    monkeypatch.setattr(app, "send_task", send)
    return messages
