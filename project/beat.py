"""Beat's schedule: one static tick, so there is nothing to remember between two starts."""

from celery.beat import Scheduler


class ForgetfulScheduler(Scheduler):
    """Keep the schedule in memory: no schedule file that a kill can leave half written."""

    def setup_schedule(self) -> None:
        self.merge_inplace(self.app.conf.beat_schedule)
