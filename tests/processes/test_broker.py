"""The broker gone while somebody presses Run: a nudge is never the truth. (test_kill has it gone in every state.)"""

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
