"""Where a run can stand when somebody dies: every state, and both sides of every call to the vendor."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

from django.utils import timezone

from exports import actions
from exports.models import ExportRun
from tests.processes.conftest import MIDDLE, Desk, Hold, story

WAIT = 120  # seconds that the vendor asks a run to wait: nobody does, the tests let them pass (`Desk.later`)

# What the log of a run says at its end.
SMOOTH = "asked requested ready_upstream fetched verified"
ASKED_AGAIN = "asked answer_lost asked_twice requested ready_upstream fetched verified"
IN_LINE = "asked in_line requested ready_upstream fetched verified"


@dataclass(frozen=True, eq=False)
class Place:
    """One place: what keeps a run there, by which code its row shows it, and what its log says at its end.

    `spared` is the log where the claim lives on, `orphaned` where its process was killed; by default the same.
    `is_question` says that the vendor may have counted what is on its way: it is that which must not be asked twice
    in the dark.
    """

    name: str
    code: str
    fault: dict[str, Any] = field(default_factory=dict)
    spared: str = SMOOTH
    orphaned: str = ""
    is_cancelled: bool = False
    is_question: bool = False
    refused: int = 0  # questions to which the vendor said no, so that they were taken back

    @property
    def is_held(self) -> bool:
        """Whether the vendor holds a call of the run back."""
        return self.fault.get("answer") == "hold"

    @property
    def is_claimed(self) -> bool:
        """Whether a process works on the run while it stands there."""
        return self is VERIFYING or (self.is_held and self is not TO_FETCH)


def _held(endpoint: str, when: str, **more: Any) -> dict[str, Any]:
    return {"answer": "hold", "endpoint": endpoint, "when": when, **more}


def _answers(status: int, **headers: str) -> dict[str, Any]:
    return {"answer": "status", "endpoint": "consent_export", "status": status, "headers": headers}


# A file is opened twice: by the poll that finds it ready, and to fetch it.
_FETCHED = {"skip": 1}

VERIFYING = Place("verifying", "verifying")
PLACES = (
    Place("waiting in line", "waiting_in_line", _answers(429, **{"Retry-After": f"{WAIT}"}), spared=IN_LINE, refused=1),
    Place("before the token", "asked", _held("token", "before")),
    Place("after the token", "asked", _held("token", "after")),
    Place("before the question", "asking", _held("consent_export", "before"), orphaned=ASKED_AGAIN, is_question=True),
    Place("after the question", "asking", _held("consent_export", "after"), orphaned=ASKED_AGAIN, is_question=True),
    Place("the answer lost", "answer_lost", _answers(504), spared=ASKED_AGAIN),
    Place("before a poll", "preparing", _held("poll", "before")),
    Place("after a poll", "preparing", _held("poll", "after")),
    Place("before the file", "fetching", _held("download", "before", **_FETCHED)),
    Place("after the file", "fetching", _held("download", "after", **_FETCHED)),
    Place("within the file", "fetching", _held("download", "during", bytes=MIDDLE, **_FETCHED)),
    VERIFYING,
    Place(
        "cancelled while asking",
        "asking",
        _held("consent_export", "after"),
        spared="asked requested cancelled",
        orphaned="asked cancelled",
        is_cancelled=True,
    ),
    Place(
        "cancelled while fetching",
        "fetching",
        _held("download", "during", bytes=MIDDLE, **_FETCHED),
        spared="asked requested ready_upstream cancelled",
        is_cancelled=True,
    ),
    # The poll that finds it ready is let go once every process for files is busy with those above.
    Place("to be fetched", "to_fetch", _held("poll", "before")),
)
TO_FETCH = PLACES[-1]
QUEUED = Place("queued", "asked")


class Standing:
    """Runs that stand in their places, one in each."""

    def __init__(self, desk: Desk) -> None:
        self.runs: dict[Place, ExportRun] = {}
        self._desk = desk
        self._holds: dict[Place, Hold] = {}
        self._disk = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._disk.close()

    def take_places(self) -> None:
        """Bring one run to each place, and leave the workers for `calls` frozen with one more in their queue."""
        desk = self._desk
        self._disk.enter_context(desk.hanging_disk())
        for place in PLACES:
            key = desk.new_key()
            if place.is_held:
                self._holds[place] = Hold(desk, **place.fault, client_id=key)
            elif place.fault:
                desk.control("POST", "faults", client_id=key, **place.fault)
            self.runs[place] = desk.run(key)
        for place, hold in self._holds.items():
            hold.reached()
            if place.is_cancelled:
                actions.cancel(self.runs[place], by=desk.anna)
        self._until_there(*self.runs.keys() - {TO_FETCH})
        self._holds.pop(TO_FETCH).release()
        self._until_there(TO_FETCH)
        # Its nudge lies in the broker, and nobody has read it.
        desk.suspend(desk.calls)
        self.runs[QUEUED] = desk.run()
        desk.nudge(self.runs[QUEUED])

    def _until_there(self, *places: Place) -> None:
        for place in places:
            self._desk.until(self.runs[place], lambda run, code=place.code: run.code == code)

    def check(self) -> None:
        """Check that every run stands where it should, and that each that is being worked on has a living claim."""
        now = timezone.now()
        for place, run in self.runs.items():
            run.refresh_from_db()
            assert run.code == place.code, f"{place.name}: {story(run)}"
            is_claimed = run.lease_until is not None and run.lease_until > now
            assert is_claimed == place.is_claimed, f"{place.name}: {story(run)}"

    def release(self, *, is_orphaned: bool) -> None:
        """Let the vendor go on, and the disk work again."""
        for place, hold in self._holds.items():
            # Half of the questions that lost their asker never came to the vendor; it did the other half for nobody.
            hold.release(drop=is_orphaned and place.is_question and place.fault["when"] == "before")
        self._disk.close()
