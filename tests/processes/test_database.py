"""The database restarted under a desk that people look at."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.processes.blows import cut_off, on_postgresql
from tests.processes.conftest import Desk

AT_ONCE = 10  # as many threads as the web has here, so that its pools hold several connections


@on_postgresql
def test_no_page_is_lost_to_connections_that_were_cut_off(desk: Desk) -> None:
    desk.web.start()
    with desk.browser() as browser, ThreadPoolExecutor(AT_ONCE) as pages:

        def ask(_number: int) -> int:
            return browser.get("/runs/").status_code

        assert set(pages.map(ask, range(3 * AT_ONCE))) == {200}
        cut_off(desk)
        assert set(pages.map(ask, range(3 * AT_ONCE))) == {200}, desk.web.tail()
