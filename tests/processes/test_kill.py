"""Who dies × where the runs stand × what each run's log says afterwards: nobody clicks, and nothing is asked twice.

The table of places is in `places.py`, that of deaths in `blows.py`; what is allowed is in docs/run-states.md.
"""

from __future__ import annotations

from typing import Any

import pytest

from exports.models import ExportRun
from runs.models import Status
from tests.processes.blows import BLOWS, Blow
from tests.processes.conftest import ASK_AGAIN, LEASE, Desk, codes, story
from tests.processes.places import WAIT, Place, Standing


@pytest.mark.parametrize("blow", BLOWS)
def test_every_run_ends_as_the_table_says(desk: Desk, blow: Blow) -> None:
    with Standing(desk) as standing:
        standing.take_places()
        standing.check()
        with blow.falls(desk):
            desk.calls.resume()
            standing.release(is_orphaned=blow.orphans)
    if blow.orphans:
        _let_leases_end(desk, standing)
    for place, run in standing.runs.items():
        if place.code == "waiting_in_line":
            desk.later(run, WAIT)
        if place.code == "answer_lost":
            desk.later(run, ASK_AGAIN)
    for run in standing.runs.values():
        desk.until_over(run)
    found = {place.name: _found(desk, place, run) for place, run in standing.runs.items()}
    assert found == {place.name: _wanted(place, blow) for place in standing.runs}
    counted = sum(run.attempt + place.refused for place, run in standing.runs.items())
    assert desk.asked()["consent_export"] == counted


def _let_leases_end(desk: Desk, standing: Standing) -> None:
    """Let the dead workers' leases end; then the two minutes of those whose question may have been lost."""
    for place, run in standing.runs.items():
        if place.is_claimed:
            desk.later(run, LEASE)
    for place, run in standing.runs.items():
        if place.is_question:
            desk.until(run, lambda run: run.code == "answer_lost")
            assert desk.asked_for(run)["consent_export"] == 1, story(run)
            desk.later(run, ASK_AGAIN)


def _wanted(place: Place, blow: Blow) -> tuple[Any, ...]:
    log = place.orphaned if blow.orphans and place.orphaned else place.spared
    asked = 2 if "asked_twice" in log else 1
    return (Status.CANCELLED if place.is_cancelled else Status.SUCCEEDED, log, asked, asked + place.refused)


def _found(desk: Desk, place: Place, run: ExportRun) -> tuple[Any, ...]:
    if not place.is_cancelled:
        desk.until_ready(run)
    return (run.status, " ".join(codes(run)), run.attempt, desk.asked_for(run)["consent_export"])
