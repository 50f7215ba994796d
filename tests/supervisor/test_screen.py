"""What a line looks like on the terminal."""

from __future__ import annotations

import io
from pathlib import Path

from supervisor.screen import LONGEST_LINE, Screen


def test_names_stand_in_one_column_and_a_long_line_is_cut() -> None:
    out = io.StringIO()
    screen = Screen(out, Path("/logs"))
    screen.make_room("undertaker")
    screen.say("here")
    screen.say("x" * (LONGEST_LINE + 1), who="web")
    assert out.getvalue().splitlines() == [
        "desk       │ here",
        f"web        │ {'x' * LONGEST_LINE} … (in full: /logs/web.log)",
    ]


def test_a_terminal_that_has_gone_away_is_no_reason_to_fall_over() -> None:
    out = io.StringIO()
    out.close()
    Screen(out, Path("/logs")).say("is anybody there?")
