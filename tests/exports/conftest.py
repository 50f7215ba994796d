"""A saved segment over the sandbox's lists, and runs that go step by step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts import clients
from accounts.definitions import Library
from accounts.models import Credential, User
from exports import actions, runner
from exports.draft import Choices
from exports.models import ExportRun, SavedSegment
from exports.spec import EMAIL, SMS, ColumnChoice, ConsentSpec, TopicChoice
from runs.claims import claim
from tests.conftest import Vendor


@pytest.fixture
def choices(vendor: Vendor, annas_key: Credential) -> Choices:
    """What Anna can choose, in the first section."""
    library = Library(annas_key)
    return Choices(library, Choices(library, "").sections()[0].id)


@pytest.fixture
def spec(choices: Choices) -> ConsentSpec:
    """Consent to two subscriptions over both channels, with an attribute, for one segment."""
    topics = [o for o in choices.options("topic").values() if not o.channel][:2]
    segment = next(iter(choices.options("segment").values()))
    email = next(o for o in choices.options("attribute").values() if o.discriminator == "com.apsis1.attributes.email")
    return ConsentSpec(
        section=next(s for s in choices.sections() if s.id == choices.section),
        topics=tuple(TopicChoice(o.id, o.name, folder=o.folder, folder_name=o.group) for o in topics),
        channels=(
            ColumnChoice(EMAIL, "Email", column="EmailConsent"),
            ColumnChoice(SMS, "SMS", column="MobileConsent"),
        ),
        attributes=(ColumnChoice(email.id, email.name, column="Email", discriminator=email.discriminator),),
        segments=(ColumnChoice(segment.id, segment.name, column=segment.name, discriminator=segment.id),),
    )


@pytest.fixture
def segment(anna: User, annas_key: Credential, spec: ConsentSpec) -> SavedSegment:
    return actions.save_segment(by=anna, account=annas_key.account, name="Spring newsletter", spec=spec)


class Stepper:
    """Takes a run through its steps as the workers would, on a clock that a test turns."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.now = datetime.now(tz=UTC)

    def clock(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.vendor.clock.now += seconds

    def step(self, run: ExportRun) -> ExportRun:
        """Take the run's next step, once it is due."""
        run.refresh_from_db()
        assert run.due_at is not None, f"the run is over: {run.code}"
        self.forward(max(0.0, (run.due_at - self.now).total_seconds()))
        claimed = claim(ExportRun.objects.all(), run.pk, queue=run.queue, now=self.now)
        assert claimed is not None, "the run was due and could not be claimed"
        with clients.client_for(claimed.credential_id) as client:
            runner.advance(claimed, client, clock=self.clock)
        claimed.refresh_from_db()
        return claimed

    def to_the_end(
        self, run: ExportRun, *, until: Callable[[ExportRun], Any] | None = None, most: int = 60
    ) -> ExportRun:
        """Take steps until the run is over, or `until` holds."""
        for _ in range(most):
            run = self.step(run)
            if run.is_over or (until and until(run)):
                return run
        raise AssertionError(f"the run did not end in {most} steps: {run.status} {run.code}")


@pytest.fixture
def steps(vendor: Vendor) -> Stepper:
    return Stepper(vendor)
