"""Telling that the desk is there: the first answer, and what is printed then."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable

from supervisor.children import LONGEST_PAUSE
from supervisor.desk import Desk


class FirstAnswer(threading.Thread):
    """Asks for the sign-in page until it comes, and wakes the supervisor when it does."""

    def __init__(self, desk: Desk, wake: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._desk, self._wake = desk, wake
        self.status: int | None = None  # the last one seen

    @property
    def is_there(self) -> bool:
        return self.status is not None and self.status < 500

    def run(self) -> None:
        pause = 0.1
        while not self.is_there:
            # The socket is ours and listens already, so the question simply waits until the web takes it up.
            connection = http.client.HTTPConnection(self._desk.reachable_host, self._desk.port, timeout=5)
            try:
                connection.request("GET", "/accounts/login/")
                self.status = connection.getresponse().status
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            self._wake()
            if not self.is_there:
                time.sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 2)


def announcement(desk: Desk) -> str:
    """Return what to print when the web answers: where it is, who may sign in, how it ends."""
    lines = ["", f"  Consent Desk is ready: {desk.address}"]
    if desk.demo:
        lines += [f"  The sandbox, which plays the vendor: http://127.0.0.1:{desk.sandbox_port}/", *_sign_ins()]
        lines += ["", f"  The mails it would send, as files: {desk.shown_dir}/mail"]
    lines += ["", f"  Everything it keeps, and its logs: {desk.shown_dir}", "  Ctrl-C stops everything.", ""]
    return "\n".join(lines)


def _sign_ins() -> list[str]:
    """Return the table of the demo people: the one thing of the house that is read here, and in a demo alone."""
    from accounts.demo_people import PASSWORD, PEOPLE

    rows = [(person[0], person[1], person[-1]) for person in PEOPLE]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    table = [f"    {user:<{first}}  {name:<{second}}  {purpose}" for user, name, purpose in rows]
    return ["", f"  Sign in as one of these, with the password {PASSWORD}:", "", *table]
