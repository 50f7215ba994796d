"""The broker gone, and the broker empty: a nudge is never the truth."""

from __future__ import annotations

import time

from exports.models import ExportRun
from tests.processes.conftest import Desk, codes


def test_run_pressed_while_the_broker_is_gone(desk: Desk) -> None:
    segment = desk.segment()
    desk.web.start()
    with desk.browser() as browser:
        assert browser.get(f"/segments/{segment.pk}/").status_code == 200
        desk.broker.kill()

        began = time.monotonic()
        pressed = browser.post(f"/segments/{segment.pk}/run/")
        assert pressed.status_code == 302, pressed.text[:2_000]
        page = browser.get(pressed.headers["Location"])
        took = time.monotonic() - began

        assert page.status_code == 200, desk.web.tail()
        assert took < 3, f"the page took {took:.1f} s"
        run = ExportRun.objects.get(segment=segment)
        assert codes(run) == ["asked"]
        desk.broker.start()
        desk.until_ready(run)


def test_broker_emptied_in_the_middle_of_a_run(desk: Desk) -> None:
    polling = desk.hold("poll", "before")
    run = desk.run()
    polling.reached()
    desk.empty_broker()
    polling.release()
    desk.until_ready(run)
    assert desk.asked()["consent_export"] == 1


def test_broker_killed_in_the_middle_of_a_run(desk: Desk) -> None:
    """Workers and beat come back to it by themselves, though it comes back with nothing in its memory."""
    polling = desk.hold("poll", "before")
    run = desk.run()
    polling.reached()
    desk.broker.kill()
    for file in desk.folder.glob("appendonlydir/*"):
        file.unlink()
    polling.release()
    desk.broker.start()
    desk.until_ready(run)
    assert desk.asked()["consent_export"] == 1


def test_beat_killed_and_started_again(desk: Desk) -> None:
    desk.beat.kill()
    run = desk.run()
    time.sleep(1)  # several ticks, had there been any
    run.refresh_from_db()
    desk.beat.start()
    desk.until_ready(run)
