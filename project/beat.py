"""Beat's schedule: what happens every so many seconds. There is nothing to remember between two starts."""

from __future__ import annotations

import time
from typing import Any, cast

from celery.beat import Scheduler


class ForgetfulScheduler(Scheduler):
    """Keep the schedule in memory: no schedule file that a kill can leave half written.

    It goes by the machine's own time. Celery's goes by the clock on the wall: set back by an hour, that one would say
    nothing for an hour, and no run would go on.
    """

    def setup_schedule(self) -> None:
        self._due: dict[str, float] = {}
        self.merge_inplace(self.app.conf.beat_schedule)

    def tick(self, *_args: Any, **_more: Any) -> float:
        """Send what is due; return the seconds until something is."""
        for name, entry in self.schedule.items():
            if time.monotonic() >= self._due.get(name, 0.0):
                every = cast(Any, entry.schedule).run_every  # ours are all of so many seconds
                self._due[name] = time.monotonic() + every.total_seconds()
                self.apply_entry(entry, producer=self.producer)
        return max(0.0, min(self._due.values()) - time.monotonic())
