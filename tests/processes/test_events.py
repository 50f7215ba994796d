"""Runs of events whose worker dies: between two windows, within one, and while a readable form is made."""

from __future__ import annotations

from django.core.files.storage import default_storage

from accounts.definitions import Library
from accounts.models import Lane
from exports import actions, deriving
from exports.draft import Choices
from exports.events import draft
from exports.events.spec import EventChoice, EventSpec, FieldChoice
from exports.models import DerivedFile, ExportRun, SavedSegment
from exports.offers import Wish
from runs.models import Status
from tests.processes.conftest import MIDDLE, Desk
from tests.processes.rows import expire, until


def start(desk: Desk, *, windows: int = 1) -> ExportRun:
    """Start a run of events at an account of its own."""
    account = desk.segment().account
    library = Library(account.credentials.get())
    section = draft.sections(Choices(library, ""))[0]
    choices = Choices(library, section.id)
    email = draft.email_of(choices)
    assert email
    spec = EventSpec(
        sections=(section,),
        everyone=True,
        attributes=(FieldChoice(email.id, email.name, discriminator=email.discriminator, section=section.id),),
        events=tuple(
            EventChoice(o.id, o.name, section=section.id, versions=o.versions)
            for o in choices.options("event").values()
        ),
    )
    name = f"Events of {account}"
    segment: SavedSegment = actions.save_segment(by=desk.anna, account=account, name=name, spec=spec)
    return actions.start(segment, by=desk.anna, windows=windows)


def pass_a_minute(desk: Desk, run: ExportRun) -> None:
    """Let the minute pass that the vendor wants between two event exports."""
    until(run, lambda run: run.code == "waits_a_minute")
    Lane.objects.filter(account=run.account, name="event_exports").update(level=1)
    desk.later(run, 120)
    run.refresh_from_db()
    desk.nudge(run)


def test_a_worker_killed_within_the_second_window(desk: Desk) -> None:
    # A file is opened by the poll that finds it ready, then fetched: twice for the first window.
    held = desk.hold("download", "during", skip=3, bytes=MIDDLE)
    run = start(desk, windows=2)
    pass_a_minute(desk, run)
    held.reached()
    until(run, lambda run: run.code == "fetching")
    first = run.windows.get(number=1)
    desk.files.kill()
    held.release()
    expire(run)
    desk.files.start()
    run = until(run, lambda run: run.is_over)
    assert (run.status, run.code) == (Status.SUCCEEDED, "ready_events")
    assert run.windows.get(number=1).storage_name == first.storage_name
    assert desk.asked()["event_export"] == 2
    for window in run.windows.all():
        folder, _, name = window.storage_name.rpartition("/")
        assert default_storage.listdir(folder)[1] == [name]


def test_a_worker_killed_while_it_makes_a_workbook(desk: Desk) -> None:
    run = until(start(desk), lambda run: run.is_over)
    assert run.code == "ready_events"
    with desk.hanging_disk():
        derived: DerivedFile = actions.derive(run, Wish(DerivedFile.Form.READABLE), by=desk.anna)
        half = until(derived, lambda derived: derived.status == Status.RUNNING)
        claim_no = half.claim_no
        desk.files.kill()
    expire(half)
    desk.files.start()
    whole = until(derived, lambda derived: derived.is_over)
    assert (whole.status, whole.code) == (Status.SUCCEEDED, "ready")
    assert whole.claim_no > claim_no
    assert default_storage.listdir(deriving.folder(whole))[1] == [str(whole.claim_no)]
    assert whole.row_count == run.facts["events"] + sum(
        one.get("retries", 0)
        for one in run.file.event_figures.found["types"].values()  # type: ignore[union-attr]
    )
