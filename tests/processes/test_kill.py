"""Workers killed -9 in the middle of every kind of step: each run ends right, and nobody clicks."""

from __future__ import annotations

from django.utils import timezone

from tests.processes.conftest import ASK_AGAIN, Desk, codes, stored, story


def test_workers_killed_in_five_places(desk: Desk) -> None:
    """One power cut, five runs: before APSIS worked, after it worked, in a poll, in a file, while verifying."""
    # Two runs get as far as their file while nobody fetches it.
    desk.files.kill()
    two = [desk.run(), desk.run()]
    for run in two:
        desk.until(run, lambda run: run.queue == "files")
    with desk.hanging_disk():
        # Of the two files one is held on its way; the other is read back from a disk that hangs.
        body = desk.hold_body()
        desk.files.start()
        body.reached()
        desk.until_any(two, lambda run: run.code == "verifying")
        # A third one is asked for, and its first poll comes two seconds later: meanwhile there is time for the others.
        polling = desk.hold("poll", "before")
        polled = desk.run()
        desk.until(polled, lambda run: run.poll_ends_at)
        before = desk.hold("consent_export", "before")
        unasked = desk.run()
        before.reached()
        after = desk.hold("consent_export", "after")
        asked = desk.run()
        after.reached()
        polling.reached()

        desk.calls.kill()
        desk.files.kill()
    # APSIS never saw the first request, and its end knows nothing of our workers' death.
    before.release(drop=True)
    for hold in (after, polling, body):
        hold.release()
    runs = [unasked, asked, polled, *two]
    for run in runs:
        run.refresh_from_db()
        is_held = run.lease_until and run.lease_until > timezone.now()
        assert is_held, f"this took longer than a lease, so the test says nothing: {story(run)}"
    assert [run.code for run in runs[:3]] == ["asking", "asking", "preparing"]
    assert {run.code for run in two} == {"fetching", "verifying"}
    assert [len(stored(run)) for run in two] == [1, 1], "each left a file behind"

    desk.calls.start()
    desk.files.start()
    for run in runs:
        desk.until_ready(run)

    for run in (unasked, asked):
        # Asked again once, after the pause, and the log says that a second copy may exist at the vendor.
        assert codes(run)[:4] == ["asked", "answer_lost", "asked_twice", "requested"]
        assert (run.attempt, run.is_asked_twice) == (2, True)
        again = run.lines.get(code="asked_twice")
        assert (again.at - run.created_at).total_seconds() >= ASK_AGAIN
    for run in (polled, *two):
        assert codes(run) == ["asked", "requested", "ready_upstream", "fetched", "verified"]
        assert (run.attempt, run.is_asked_twice) == (1, False)
    # Nothing was asked that the rows do not tell of; the two files were fetched again, from their beginning.
    counts = desk.asked()
    assert counts["consent_export"] == sum(run.attempt for run in runs) == 7
    found_ready, fetched = len(runs) + 1, len(runs) + 2  # one poll was answered when nobody listened any more
    assert counts["download"] == found_ready + fetched
