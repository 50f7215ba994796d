"""A saved segment of events over the sandbox's lists, and runs of it on a clock that a test turns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import stamina

from accounts.models import Credential, User
from exports import actions
from exports.draft import Choices
from exports.events.draft import EMAIL, sections
from exports.events.period import Period
from exports.events.spec import EventChoice, EventSpec, FieldChoice
from exports.models import ExportRun, SavedSegment
from exports.spec import Choice
from tests.conftest import Vendor
from tests.exports.clockwork import Turner, turning


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    """Let no attempt within a step wait for the next."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def event_spec(vendor: Vendor, choices: Choices) -> EventSpec:
    """What happened in the last thirty days to the people of one segment: all types of event, with e-mail and a tag."""
    email = next(o for o in choices.options("attribute").values() if o.discriminator == EMAIL)
    tag = next(iter(choices.options("tag").values()))
    segment = next(iter(choices.options("segment").values()))
    section = choices.section
    return EventSpec(
        sections=tuple(s for s in sections(choices) if s.id == section),
        segment=Choice(segment.id, segment.name),
        period=Period("days", days=30),
        attributes=(FieldChoice(email.id, email.name, discriminator=email.discriminator, section=section),),
        tags=(FieldChoice(tag.id, tag.name, discriminator=tag.discriminator, section=section),),
        events=tuple(
            EventChoice(o.id, o.name, section=section, versions=o.versions) for o in choices.options("event").values()
        ),
    )


@pytest.fixture
def event_segment(anna: User, annas_key: Credential, event_spec: EventSpec) -> SavedSegment:
    return actions.save_segment(by=anna, account=annas_key.account, name="What happened", spec=event_spec)


@pytest.fixture
def turner(vendor: Vendor) -> Iterator[Turner]:
    with turning(vendor) as turner:
        yield turner


@pytest.fixture
def event_run(event_segment: SavedSegment, anna: User, turner: Turner) -> ExportRun:
    """A run that nobody has worked on."""
    return actions.start(event_segment, by=anna, now=turner.now)


@pytest.fixture
def brought(event_run: ExportRun, turner: Turner) -> ExportRun:
    """A run that has brought its file."""
    return turner.to_the_end(event_run)


@pytest.fixture
def long_segment(anna: User, annas_key: Credential, event_spec: EventSpec) -> SavedSegment:
    """The same over seven months: three requests."""
    spec = replace(event_spec, period=Period("days", days=212), is_split=True)
    return actions.save_segment(by=anna, account=annas_key.account, name="Seven months", spec=spec)
