"""The tick: the one thing that happens by the clock. It finds what is due and calls workers for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import cast

from celery import shared_task
from django.apps import apps
from django.db.models import Model
from django.utils import timezone

from accounts import database
from runs import clock, drain, line, nudges, presence
from runs.models import Run, RunQuerySet

log = logging.getLogger(__name__)

watch = clock.Watch()

HANDS = 8  # messages that short steps are shared out over: as many as a worker takes at a time
AT_ONCE = 200  # nudges one tick sends of a kind at most; what is left over is due at the next tick too


@shared_task
def tick(**kwargs: object) -> None:
    """Call a worker for every run that is due: new, waiting, or left behind by a process that died."""
    try:
        now = timezone.now()
        presence.note_tick(now=now)
        _call_who_is_due(now)
    except database.AWAY as error:
        log.warning("database away", extra={"why": type(error).__name__})


def _call_who_is_due(now: datetime) -> None:
    heads = line.untold if drain.is_on() else line.first
    is_set_back = watch.was_set_back()
    for model in filter(_is_kind, apps.get_models()):
        runs = cast("RunQuerySet[Run]", model._default_manager.all())
        if is_set_back:
            log.warning("clock set back")
            clock.make_good(runs, now=now)
        for together in _shared_out(_called(runs, heads, now)):
            if not nudges.send(*together):
                return  # the broker is away; the next tick comes when it is back


def _is_kind(model: type[Model]) -> bool:
    return issubclass(model, Run)


def _shared_out(runs: Iterable[Run]) -> list[list[Run]]:
    """Return who is called with whom: a long step has a worker to itself, short ones are taken one after the other.

    A message costs as much as a poll does. One that is slow keeps nobody waiting: the next tick calls them anew.
    """
    short: list[Run] = []
    long: list[Run] = []
    for run in runs:
        (short if run.queue == "calls" else long).append(run)
    return [*([run] for run in long), *(short[hand::HANDS] for hand in range(min(HANDS, len(short))))]


def _called(runs: RunQuerySet[Run], heads: Callable[..., RunQuerySet[Run]], now: datetime) -> Iterator[Run]:
    """Return whom the tick calls. Each kind has its own share, so that none holds back the others."""
    due = runs.due(now).exclude(runs.model.unasked()).order_by("due_at")
    on_files = runs.model.on_files()
    return chain(due.exclude(on_files)[:AT_ONCE], due.filter(on_files)[:AT_ONCE], heads(runs, now=now)[:AT_ONCE])
