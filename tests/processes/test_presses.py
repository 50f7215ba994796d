"""Ten people's worth of clicks: the same press on Run, ten times at the same moment, through the real web."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from audit.models import Event
from exports.models import ExportRun
from tests.processes.conftest import Desk, codes

PRESSES = 10


def test_ten_identical_presses_at_once_make_one_run(desk: Desk) -> None:
    segment = desk.segment()
    desk.web.start()
    desk.until_web_answers()
    ready = Barrier(PRESSES)
    with desk.browser() as browser, ThreadPoolExecutor(PRESSES) as hands:

        def press(_number: int) -> tuple[int, str]:
            ready.wait()
            answer = browser.post(f"/segments/{segment.pk}/run/")
            return answer.status_code, answer.headers.get("Location", "")

        answers = list(hands.map(press, range(PRESSES)))
    run = ExportRun.objects.get(segment=segment)
    assert answers == [(302, f"/runs/{run.pk}/")] * PRESSES, desk.web.tail()
    assert Event.objects.filter(action="run.started", target_key=f"exports.exportrun:{run.pk}").count() == 1
    run = desk.until_ready(run)
    assert codes(run) == ["asked", "requested", "ready_upstream", "fetched", "verified"]
    assert desk.asked_for(run)["consent_export"] == 1
