"""A run as its page shows it: pace, journey, gauge, figures, attempts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.utils.html import strip_tags

from exports import attempts, figures, gauge, journey, progress, remedies
from exports.models import ExportRun, SavedSegment
from runs.models import Status
from tests.exports import made

NOW = datetime(2026, 6, 2, 12, 0, tzinfo=UTC)


def brief(seconds: float, **more: object) -> dict[str, object]:
    """What decides the pace of a run that changed so many seconds ago."""
    changed = NOW - timedelta(seconds=seconds)
    known = {"version": 7, "status": "running", "code": "preparing", "changed_at": changed, "cancel_asked_at": None}
    return known | more


@pytest.mark.parametrize(("seconds", "pace"), [(0, 2), (29, 2), (30, 5), (299, 5), (300, 15), (9000, 15)])
def test_the_page_asks_less_often_while_nothing_changes(seconds: int, pace: int) -> None:
    assert progress.pace(brief(seconds), now=NOW) == pace


def test_a_file_on_its_way_changes_all_the_time() -> None:
    assert progress.pace(brief(9000, code="fetching"), now=NOW) == 2


def test_a_wish_to_stop_is_a_change() -> None:
    assert progress.pace(brief(9000, cancel_asked_at=NOW), now=NOW) == 2


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_a_page_whose_run_is_over_asks_no_more(status: str) -> None:
    assert progress.pace(brief(1, status=status), now=NOW) == 0


def test_what_is_shown_holds_while_version_and_pace_do_and_it_is_not_a_minute_old() -> None:
    def holds(**shown: str) -> bool:
        return progress.is_current(brief(0), {"shown": "7", "pace": "2"} | shown, now=NOW)

    assert holds()
    assert not holds(shown="6")
    assert not holds(pace="5")
    assert holds(at=str(int(NOW.timestamp()) - 59))
    assert not holds(at=str(int(NOW.timestamp()) - 60))
    assert holds(at="yesterday")
    assert holds(at="9" * 400)


def _line(run: ExportRun, *, now: datetime | None = None) -> list[tuple[str, str]]:
    at = journey.times(run, list(run.lines.all()))
    return [(s.state, strip_tags(s.at)) for s in journey.stations(run, at, now=now or datetime.now(tz=UTC))]


def _states(run: ExportRun) -> list[str]:
    return [state for state, _at in _line(run)]


def test_the_journey_of_a_run_that_nobody_has_taken_up(segment: SavedSegment) -> None:
    assert _states(made.run(segment, "asked", Status.QUEUED)) == ["wait", "off", "off", "off", "off", "off"]


def test_the_journey_of_a_run_in_line(segment: SavedSegment) -> None:
    refused = made.run(segment, "waiting_in_line", started_at=1)
    assert _states(refused) == ["done", "wait", "off", "off", "off", "off"]
    joined = made.run(segment, "waiting_in_line", "queued", lines=[(0, "asked", {}), (2, "joined", {"place": 3})])
    assert _states(joined) == ["done", "wait", "off", "off", "off", "off"]


def test_the_journey_stands_in_line_once_whatever_a_later_request_of_the_run_does(segment: SavedSegment) -> None:
    run = made.preparing(
        segment, lines=[(0, "asked", {}), (3, "requested", {}), (62, "joined", {}), (64, "requested", {})]
    )
    times = journey.times(run, list(run.lines.all()))
    assert times["in_line"] == run.started_at
    assert times["in_line"] < times["preparing"]


def test_the_journey_of_a_run_at_the_vendor(segment: SavedSegment) -> None:
    assert _states(made.preparing(segment)) == ["done", "done", "now", "off", "off", "off"]
    assert _states(made.preparing(segment, code="trouble"))[2] == "wait"


def test_the_journey_goes_on_from_the_first_request_when_a_new_one_is_needed(segment: SavedSegment) -> None:
    lines = [(10, "requested", {}, "info", 1), (80, "gave_up", {"say": "A. B."}, "bad", 1)]
    run = made.run(segment, "retrying", lines=lines, started_at=1, requested_at=10, changed_at=80)
    assert _states(run) == ["done", "done", "wait", "off", "off", "off"]
    assert journey.times(run, list(run.lines.all()))["preparing"] == run.requested_at


def test_the_journey_of_a_file_on_its_way(segment: SavedSegment) -> None:
    assert _states(made.preparing(segment, code="fetching", ready_at=60))[3:] == ["now", "off", "off"]
    verifying = made.preparing(segment, code="verifying", ready_at=60, changed_at=90)
    assert _states(verifying)[3:] == ["done", "now", "off"]


def test_the_journey_of_a_ready_run_and_its_tape(segment: SavedSegment) -> None:
    lines = [(3, "requested", {}), (68, "fetched", {"bytes": 5}), (70, "verified", {"rows": 5})]
    run = made.ready(segment, lines=lines)
    assert _states(run) == ["done", "done", "done", "done", "done", "goal"]
    tape = journey.tape(journey.times(run, list(run.lines.all())))
    assert [stretch.took for stretch in tape] == ["1 s", "2 s", "57 s", "8 s", "2 s"]
    assert sum(stretch.width + journey.TAPE_GAP for stretch in tape) == pytest.approx(1000, abs=0.5)
    assert tape[-1].x < 1000


def test_a_time_that_nobody_wrote_down_is_left_out(segment: SavedSegment) -> None:
    run = made.ready(segment)  # without the line that says when its bytes were here
    assert _line(run)[4] == ("done", "")
    assert journey.tape(journey.times(run, list(run.lines.all()))) == []


def test_the_journey_ends_where_it_broke(segment: SavedSegment) -> None:
    assert _states(made.failed(segment)) == ["done", "done", "fail", "off", "off", "off"]
    assert _line(made.failed(segment))[5][1] == "not reached"
    broken = made.failed(segment, "column_missing", facts={"columns": ["Email"]}, ready_at=60)
    assert _states(broken)[3:] == ["done", "fail", "off"]
    cut = made.failed(segment, "cut_short", ready_at=60)
    assert _states(cut)[3:] == ["fail", "off", "off"]
    assert _states(made.failed(segment, "key_refused", requested_at=None))[:3] == ["done", "fail", "off"]


def test_the_journey_ends_where_it_was_stopped(segment: SavedSegment) -> None:
    run = made.run(segment, "cancelled", Status.CANCELLED, started_at=1, requested_at=3, sealed_poll_url="x")
    assert _states(run)[2] == "stop"


def test_the_journey_of_a_removed_file_ends_at_nothing(segment: SavedSegment) -> None:
    run = made.ready(segment)
    at = journey.times(run, [])
    stations = journey.stations(run, at, now=datetime.now(tz=UTC), is_gone=True)
    assert (stations[-1].state, stations[-1].name) == ("gone", "Removed")


# ── The gauge ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_run_of_a_segment_has_no_gauge(segment: SavedSegment) -> None:
    made.failed(segment)
    assert gauge.past(made.preparing(segment)) is None


def test_the_gauge_knows_the_last_five_successful_runs_before_this_one(segment: SavedSegment) -> None:
    for seconds in (400, 60, 70, 80, 90, 100):
        made.ready(segment, ready_at=3 + seconds, finished_at=10 + seconds)
    run = made.preparing(segment)
    made.ready(segment, ready_at=2000, finished_at=2001)
    past = gauge.past(run)
    assert past is not None
    assert sorted(int(length.total_seconds()) for length in past.at_vendor) == [60, 70, 80, 90, 100]


def _past(*seconds: float) -> gauge.Past:
    lengths = tuple(timedelta(seconds=length) for length in seconds)
    return gauge.Past(lengths, lengths)


@pytest.mark.parametrize(
    ("least", "most", "words"),
    [
        (6.2, 7.1, "6 to 8 seconds"),
        (0.2, 0.3, "up to 1 second"),
        (6, 6, "6 seconds"),
        (246, 540, "4 to 9 minutes"),
        (30, 540, "up to 9 minutes"),
        (7300, 20000, "2 to 6 hours"),
    ],
)
def test_a_span_of_time_holds_what_it_names(least: float, most: float, words: str) -> None:
    assert gauge.between(timedelta(seconds=least), timedelta(seconds=most)) == words


@pytest.mark.parametrize("now", [0, 3, 192, 300, 540, 4000, 90000])
@pytest.mark.parametrize("past", [(6,), (6, 7, 8), (6, 11, 60), (246, 330, 402, 420, 540), (80000,)])
def test_the_gauge_stays_inside_its_drawing_and_its_words_apart(now: float, past: tuple[float, ...]) -> None:
    drawn = gauge.draw(_past(*past), timedelta(seconds=now))
    for x in (*drawn.past, drawn.now, *(tick.x for tick in drawn.ticks)):
        assert gauge.LEFT <= x <= gauge.RIGHT
    assert drawn.band_x >= 0
    assert drawn.ticks[-1].x == pytest.approx(gauge.RIGHT, abs=0.5)
    labelled = [tick for tick in drawn.ticks if tick.label]
    for one, other in pairwise(labelled):
        ends = one.x + gauge.LETTER * len(one.label) * {"start": 1, "middle": 0.5, "end": 0}[one.anchor]
        begins = other.x - gauge.LETTER * len(other.label) * {"start": 0, "middle": 0.5, "end": 1}[other.anchor]
        assert ends < begins, f"“{one.label}” and “{other.label}” touch"
    assert 1 < len([tick for tick in drawn.ticks if tick.label]) <= gauge.MOST_LABELS + 1
    assert abs(drawn.past_x - drawn.now) >= (gauge.PAST_WIDTH + gauge.NOW_WIDTH) / 2
    assert drawn.is_late == (now > max(past))
    assert "%" not in drawn.text


def test_a_guess_is_made_only_where_it_is_honest(segment: SavedSegment) -> None:
    run = made.preparing(segment)
    assert run.requested_at is not None
    now = run.requested_at + timedelta(seconds=100)
    assert gauge.guess(run, None, now=now) is None
    assert gauge.guess(run, _past(300), now=now) is None, "one run is no custom"
    assert gauge.guess(run, _past(60, 90), now=now) is None, "it takes longer than any"
    assert gauge.guess(run, _past(60, 300), now=now) == (now, run.requested_at + timedelta(seconds=300))


# ── Figures, attempts, remedies ──────────────────────────────────────────────────────────────────────────────


def test_the_figures_of_a_file(segment: SavedSegment) -> None:
    found = figures.of(made.ready(segment))
    assert found is not None
    assert (found.rows, found.contactable, found.silent, found.members, found.both) == (1000, 710, 290, 900, 200)
    assert [(c.name, c.value, c.width, c.percent) for c in found.channels] == [
        ("Email", 650, 65.0, "65 %"),
        ("SMS", 260, 26.0, "26 %"),
    ]
    assert found.channel_sentence == "Email 650, SMS 260, both 200"


def test_a_share_is_never_rounded_to_nobody_or_everybody() -> None:
    assert figures.Share("x", 1, 100_000).percent == "under 1 %"
    assert figures.Share("x", 99_999, 100_000).percent == "over 99 %"
    assert figures.Share("x", 1, 100_000).width > 0
    assert figures.Share("x", 0, 0).percent == ""
    assert figures.Share("x", 0, 0).width == 0.0


def test_columns_are_named_in_the_files_own_order(segment: SavedSegment) -> None:
    run = made.ready(segment)
    assert run.file is not None
    run.file.header = ["Key", "Email", "MobileConsent", "Surprise", "EmailConsent"]
    found = figures.of(run)
    assert found is not None
    assert [(c.title, c.kind) for c in found.columns] == [
        ("Key", "key"),
        ("Email", "attribute"),
        ("MobileConsent", "consent"),
        ("Surprise", ""),
        ("EmailConsent", "consent"),
    ]
    assert found.addresses == ["Email"]
    assert [c.filled.value if c.filled else None for c in found.columns] == [None, None, 260, None, 650]


def test_one_attempt_needs_no_table(segment: SavedSegment) -> None:
    run = made.failed(segment)
    assert attempts.of(run, list(run.lines.all()), now=NOW) == []


def test_attempts_say_when_how_long_and_how_they_ended(segment: SavedSegment) -> None:
    say = {"say": "APSIS One could not make this file. Asking for the same file will not help."}
    lines = [
        (3, "requested", {}, "info", 1),
        (60, "gave_up", say, "bad", 1),
        (70, "requested", {}, "info", 2),
        (90, "export_failed", say, "bad", 2),
    ]
    run = made.failed(segment, lines=lines, attempt=2)
    first, second = attempts.of(run, list(run.lines.all()), now=NOW)
    assert (first.number, first.state, first.lasted) == (1, "failed", timedelta(seconds=57))
    assert (second.number, second.state, second.lasted) == (2, "failed", timedelta(seconds=20))


def test_a_request_without_an_answer_is_an_attempt_of_unknown_length(segment: SavedSegment) -> None:
    lines = [(3, "answer_lost", {}, "warn", 1), (130, "requested", {}, "info", 2)]
    run = made.preparing(segment, lines=lines, attempt=2)
    first, second = attempts.of(run, list(run.lines.all()), now=datetime.now(tz=UTC))
    assert (first.requested_at, first.lasted, first.state) == (None, None, "waiting")
    assert second.state == "working"


def test_a_refused_key_leads_to_the_keys_first() -> None:
    assert [remedy.way for remedy in remedies.of("key_refused")] == ["key", "again", "tell"]
    assert remedies.of("too_much")[0].way == "edit"
    assert remedies.of("never heard of")[0].way == "again"
