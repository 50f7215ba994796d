"""Who is in a file, drawn: to scale, adding up to everybody, and said in words."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from exports import figures, shares
from exports.models import ExportRun, SavedSegment
from exports.shares import Part
from tests.exports import made


def drawn(run: ExportRun) -> shares.Drawing:
    found = shares.of(figures.of(run))
    assert found
    return found


def page(client: Client, run: ExportRun) -> str:
    return " ".join(client.get(run.get_absolute_url()).content.decode().split())


def test_two_channels_part_everybody(segment: SavedSegment) -> None:
    drawing = drawn(made.ready(segment))  # 650 by e-mail, 260 by SMS, 710 in all, of 1,000
    assert [(p.css, p.name, p.value) for p in drawing.overlap] == [
        ("one", "Email alone", 450),
        ("both", "both", 200),
        ("other", "SMS alone", 60),
        ("none", "neither", 290),
    ]
    assert sum(part.value for part in drawing.overlap) == 1000
    assert [part.x for part in drawing.overlap] == [0, 45, 65, 71]
    assert drawing.text == (
        "Of 1,000 people in the file, who may be contacted how: 450 Email alone, 200 both, 60 SMS alone, 290 neither."
    )


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=6).filter(any))
def test_parts_fill_the_bar_and_each_is_seen(values: list[int]) -> None:
    laid = shares.scaled(*(Part(f"p{n}", "", value) for n, value in enumerate(values)))
    assert [part.value for part in laid] == [value for value in values if value]
    assert sum(part.width for part in laid) == pytest.approx(100, abs=0.1)
    assert all(part.width > 0.5 for part in laid)
    ends = [part.x + part.width for part in laid]
    assert all(after.x == pytest.approx(end, abs=0.02) for end, after in zip(ends, laid[1:], strict=False))


@pytest.mark.parametrize("channels", [1, 3])
def test_another_number_of_channels_has_bars_and_no_overlap(segment: SavedSegment, channels: int) -> None:
    two = segment.spec["channels"]
    more = [*two, {**two[0], "name": "Push", "column": "PushConsent"}][:channels]
    drawing = drawn(made.ready(segment, spec={**segment.spec, "channels": more}))
    assert not drawing.overlap
    assert len(drawing.channels) == channels
    assert drawing.text == "Of 1,000 people in the file, 710 may be contacted on at least one channel."


def test_each_channel_and_segment_says_what_the_others_are(as_anna: Client, segment: SavedSegment) -> None:
    run = made.ready(segment)
    [email, sms], [member] = drawn(run).channels, drawn(run).segments
    assert (email.share.value, email.rest) == (650, "350 are blank: no consent")
    assert (sms.share.value, sms.rest) == (260, "740 are blank: no consent")
    assert (member.share.value, member.rest) == (900, "100 are no members")
    shown = page(as_anna, run)
    for words in ("<b>650</b> of 1,000 people, 65 %", "350 are blank: no consent", "100 are no members"):
        assert words in shown


def test_it_is_drawn_without_a_script_and_said_to_those_who_do_not_see_it(
    as_anna: Client, segment: SavedSegment
) -> None:
    figure = page(as_anna, made.ready(segment)).partition('<figure class="shares">')[2].partition("</figure>")[0]
    assert 'role="img" aria-labelledby="shares-text"' in figure
    assert 'id="shares-text">Of 1,000 people' in figure
    assert figure.count('<rect class="both"') == 2  # on the bar, and beside its name
    assert "style=" not in figure
    assert "<script" not in figure


@pytest.mark.parametrize("language", ["en", "sv"])
def test_numbers_of_the_drawing_have_points_in_every_language(
    as_anna: Client, segment: SavedSegment, settings: Any, language: str
) -> None:
    settings.LANGUAGE_CODE = language
    run = made.ready(segment, rows=997)
    figure = as_anna.get(run.get_absolute_url(), HTTP_ACCEPT_LANGUAGE=language).content.decode()
    figure = figure.partition('<figure class="shares">')[2].partition("</figure>")[0]
    drawn = [part.partition('"')[0] for part in figure.split('width="')[1:]]
    assert drawn
    assert all(float(width) >= 0 for width in drawn)


def test_many_segments_are_folded(segment: SavedSegment) -> None:
    some = [{"id": f"s{n}", "name": f"S{n}", "column": f"S{n}", "discriminator": f"s{n}"} for n in range(12)]
    drawing = drawn(made.ready(segment, spec={**segment.spec, "segments": some}))
    assert (len(drawing.segments), len(drawing.more_segments)) == (shares.OPEN, 4)


def test_nobody_is_not_drawn(as_anna: Client, segment: SavedSegment) -> None:
    run = made.ready(segment, rows=0)
    assert shares.of(figures.of(run)) is None
    assert '<figure class="shares">' not in page(as_anna, run)
