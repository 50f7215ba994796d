"""Workers that are restarted, doubled, or frozen beyond their lease: one file, one owner."""

from __future__ import annotations

from tests.processes.conftest import LEASE, PATIENCE, Desk, codes, stored


def test_workers_restarted_in_the_middle_of_a_file(desk: Desk) -> None:
    """A worker that is asked to stop brings its file home first."""
    body = desk.hold_body(skip=1)
    run = desk.run()
    body.reached()
    claim = desk.until(run, lambda run: run.code == "fetching").claim_no
    for worker in (desk.calls, desk.files):
        worker.terminate()
    desk.calls.wait(10)
    body.release()
    desk.files.wait(20)
    run.refresh_from_db()
    assert run.claim_no == claim
    desk.calls.start()
    desk.files.start()
    desk.until_ready(run)
    assert desk.asked()["download"] == 2, "found ready once, fetched once"


def test_a_file_that_takes_longer_than_the_stop_is_handed_on_at_once(desk: Desk) -> None:
    """The supervisor kills after nine seconds: whoever cannot be home by then lets the next one begin."""
    key = desk.new_key()
    desk.control(
        "POST", "faults", endpoint="download", answer="trickle", bytes=3_000, seconds=0.3, skip=1, client_id=key
    )
    run = desk.run(key)
    desk.until(run, lambda run: run.facts.get("bytes"))
    claim = run.claim_no
    desk.files.terminate()
    desk.more_files.start()
    desk.until(run, lambda run: run.claim_no > claim)
    desk.files.wait(PATIENCE)
    run = desk.until_ready(run)
    assert codes(run) == ["asked", "requested", "ready_upstream", "handed_on", "fetched", "verified"]
    assert (run.claim_no, run.trouble_count) == (claim + 1, 0), "the next one did not wait for a lease to end"


def test_two_workers_for_files_make_one_file(desk: Desk) -> None:
    """Twenty nudges for one file, and four processes that race for it: one fetches, the others leave it alone."""
    for worker in (desk.files, desk.more_files):
        worker.kill()
    run = desk.run()
    desk.until(run, lambda run: run.queue == "files")
    for _ in range(20):
        desk.nudge(run)
    claim = run.claim_no
    desk.files.start()
    desk.more_files.start()
    run = desk.until_ready(run)
    assert run.claim_no == claim + 1
    assert desk.asked()["download"] == 2, "found ready once, fetched once"
    assert codes(run).count("fetched") == codes(run).count("verified") == 1


def test_worker_frozen_beyond_its_lease_changes_nothing(desk: Desk) -> None:
    """It wakes up in the middle of a file that another has brought home meanwhile."""
    body = desk.hold_body(skip=1)
    run = desk.run()
    body.reached()
    first = desk.until(run, lambda run: len(stored(run)) == 1).claim_no
    desk.suspend(desk.files)
    desk.later(run, LEASE)
    body.release()
    desk.more_files.start()
    run = desk.until_over(run)
    assert run.claim_no > first
    assert len(stored(run)) == 1, "what the frozen one had was swept away"
    version, lines = run.version, codes(run)

    desk.files.resume()
    desk.files.until_it_says("claim ended", f"run={run.pk}", f"claim={first}")
    run = desk.until_ready(run)
    assert (run.version, codes(run)) == (version, lines)
    assert len(stored(run)) == 1
