"""The tick: the one thing that happens by the clock. It finds what is due and calls workers for it."""

from itertools import chain
from typing import cast

from celery import shared_task
from django.utils import timezone

from runs import nudges
from runs.models import Run, RunQuerySet

AT_ONCE = 200  # nudges one tick sends to a queue at most; what is left over is due at the next tick too


@shared_task
def tick(**kwargs: object) -> None:
    """Call a worker for every run that is due: new, waiting, or left behind by a process that died."""
    now = timezone.now()
    for model in Run.__subclasses__():
        due = cast("RunQuerySet[Run]", model._default_manager.all()).due(now).order_by("due_at")
        # Each queue has its own share, so that many files waiting to be fetched do not hold back the polls.
        for run in chain(due.exclude(model.on_files())[:AT_ONCE], due.filter(model.on_files())[:AT_ONCE]):
            if not nudges.send(run):
                return  # the broker is away; the next tick comes when it is back
