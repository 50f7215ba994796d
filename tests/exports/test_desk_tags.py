"""How moments, lengths, figures and marks are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template import Context, TemplateSyntaxError, engines
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone, translation

from exports.templatetags import desk
from wording import amounts, icons, moments

NOW = datetime(2026, 6, 2, 12, 6, 2, tzinfo=UTC)  # 14:06:02 in Stockholm


@pytest.fixture(autouse=True)
def _in_stockholm(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    with timezone.override(ZoneInfo("Europe/Stockholm")), translation.override("en"):
        yield


def words(html: str) -> str:
    """What stands between the tags."""
    return html.partition(">")[2].partition("<")[0]


def render(source: str, **context: object) -> str:
    return engines["django"].from_string(source).template.render(Context(context))


# ── Moments ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=20), "14:05, just now"),
        (timedelta(minutes=1), "14:05, 1 minute ago"),
        (timedelta(minutes=3), "14:03, 3 minutes ago"),
        (timedelta(hours=2), "12:06, 2 hours ago"),
        (timedelta(hours=22, minutes=4), "yesterday, 16:02"),
        (timedelta(days=4), "29 May, 14:06"),
        (timedelta(days=200), "14 November 2025, 13:06"),
        (-timedelta(seconds=32), "14:06, in less than a minute"),
        (-timedelta(minutes=12), "14:18, in 12 minutes"),
        (-timedelta(hours=1), "15:06, in 1 hour"),
        (-timedelta(hours=20), "tomorrow, 10:06"),
    ],
)
def test_moment_says_how_long_ago_today_and_the_day_otherwise(ago: timedelta, said: str) -> None:
    assert words(moments.moment(NOW - ago)) == said


def test_moment_keeps_the_exact_time_and_its_zone_for_machines_and_for_the_tooltip() -> None:
    assert moments.moment(NOW - timedelta(minutes=3)) == (
        '<time datetime="2026-06-02T14:03:02+02:00" title="2 June 2026, 14:03:02 CEST">14:03, 3 minutes ago</time>'
    )


def test_moment_follows_the_time_zone_of_the_person() -> None:
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert words(moments.moment(NOW)).startswith("21:06")
        assert "JST" in moments.moment(NOW)


def test_stamp_leaves_the_distance_out() -> None:
    assert words(moments.stamp(NOW)) == "14:06"
    assert words(moments.stamp(NOW + timedelta(days=7))) == "9 June, 14:06"


def test_among_other_days_today_says_that_it_is_today() -> None:
    assert words(moments.dated(NOW)) == "today, 14:06"
    assert words(moments.dated(NOW - timedelta(days=1))) == "yesterday, 14:06"
    assert words(moments.dated(NOW + timedelta(days=7))) == "9 June, 14:06"


def test_clock_shows_seconds_and_the_day_only_beside_another_day() -> None:
    assert words(moments.clock(NOW)) == "14:06:02"
    assert words(moments.clock(NOW, NOW - timedelta(hours=1))) == "14:06:02"
    assert words(moments.clock(NOW, NOW - timedelta(days=1))) == "2 Jun 14:06:02"


@pytest.mark.parametrize(
    "write", [moments.moment, moments.stamp, moments.dated, moments.clock, moments.duration, moments.milliseconds]
)
def test_no_time_is_written_as_nothing(write) -> None:
    assert write(None) == ""


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Europe/Stockholm", "All times are Stockholm time (CEST, UTC+2)."),
        ("America/New_York", "All times are New York time (EDT, UTC-4)."),
        ("Asia/Kolkata", "All times are Kolkata time (IST, UTC+5:30)."),
        ("UTC", "All times are UTC."),
    ],
)
def test_the_foot_names_the_zone(zone: str, said: str) -> None:
    with timezone.override(ZoneInfo(zone)):
        assert moments.zone_sentence() == said


# ── Lengths and figures ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.02, "0.1 s"),
        (0.34, "0.3 s"),
        (0.97, "0.9 s"),
        (1, "1 s"),
        (49.9, "49 s"),
        (60, "1 min"),
        (384, "6 min 24 s"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
        (86_400, "1 day"),
        (2 * 86_400 + 3 * 3600 + 59, "2 days 3 h"),
        (-5, "0 s"),
        (timedelta(minutes=7, seconds=30), "7 min 30 s"),
    ],
)
def test_duration(seconds: float | timedelta, said: str) -> None:
    assert moments.duration(seconds) == said


def test_milliseconds() -> None:
    assert moments.milliseconds(312) == "0.3 s"
    assert moments.milliseconds(0) == "0 s"


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1.0\u00a0kB"),
        (1_312_440, "1.3\u00a0MB"),
        (99_949_999, "99.9\u00a0MB"),
        (131_000_000, "131\u00a0MB"),
        (999_499_999, "999\u00a0MB"),
        (999_500_000, "1.0\u00a0GB"),
        (5_000_000_000, "5.0\u00a0GB"),
        (5_300_000_000_000_000, "5,300\u00a0TB"),
    ],
)
def test_size_in_decimal_units(count: int, said: str) -> None:
    assert amounts.size(count) == said


def test_figures_take_the_separators_of_the_language() -> None:
    assert amounts.count(48310) == "48,310"
    assert amounts.count(0) == "0"
    assert amounts.count(None) == amounts.size(None) == ""
    with translation.override("sv"):
        assert amounts.count(48310) == "48\u00a0310"
        assert amounts.size(1_312_440) == "1,3\u00a0MB"


def test_digest_shows_two_groups_of_four_and_keeps_the_whole() -> None:
    assert amounts.digest("9c1f04abcc") == '<span class="mono nowrap" title="9c1f04abcc">9c1f 04ab …</span>'
    assert amounts.digest("") == amounts.digest(None) == ""


def test_what_comes_from_outside_is_escaped() -> None:
    assert "<b>" not in amounts.digest('<b>"x"</b>')
    assert "<b>" not in render("{% icon 'tick' css %}", css='"><b>')


# ── Marks ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [*icons.ICONS, *icons.PICTURES])
def test_every_icon_is_a_drawing_that_screen_readers_pass_over(name: str) -> None:
    drawn = icons.icon(name)
    assert drawn.startswith("<svg")
    assert drawn.endswith("</svg>")
    assert 'aria-hidden="true"' in drawn
    assert "style=" not in drawn  # the Content-Security-Policy would drop it


def test_an_unknown_icon_is_a_mistake() -> None:
    with pytest.raises(TemplateSyntaxError, match="no icon named 'unicorn'"):
        icons.icon("unicorn")


@pytest.mark.parametrize("state", desk.STATES)
def test_a_status_is_a_shape_a_word_and_a_colour(state: str) -> None:
    html = render_to_string("_parts/status.html", {"state": state})
    assert f"st-{desk.state_style(state)}" in html
    assert icons.ICONS[desk.state_shape(state)] in html
    assert desk.state_word(state) in html


def test_a_status_takes_a_better_word() -> None:
    html = render_to_string("_parts/status.html", {"state": "running", "word": "Preparing <now>"})
    assert "Preparing &lt;now&gt;" in html
    assert "Working" not in html


@pytest.mark.parametrize("kind", desk.PROVENANCES)
def test_only_consent_is_solid(kind: str) -> None:
    html = render_to_string("_parts/provenance.html", {"kind": kind})
    assert ('<circle class="solid" cx="6" cy="6" r="5"/>' in html) == (kind == "consent")
    assert kind in html


@pytest.mark.parametrize("state", desk.STATIONS)
def test_each_state_of_a_station_has_a_mark_and_a_hidden_word(state: str) -> None:
    stations = [SimpleNamespace(name="Fetching", state=state, took="11 s", at="14:09:26")]
    html = render_to_string("_parts/journey.html", {"stations": stations})
    assert f"stn-{state}" in html
    assert f": {desk.station_word(state)}</span>" in html
    assert ("aria-current" in html) == (state in {"now", "wait"})


@pytest.mark.parametrize(
    ("level", "kind"),
    [("success", "ok"), ("error", "bad"), ("warning", "warn"), ("debug", "info"), ("bad", "bad"), ("", "info")],
)
def test_a_message_becomes_a_note_of_its_level(level: str, kind: str) -> None:
    assert f"note-{kind}" in render_to_string("_parts/note.html", {"kind": level, "text": "Saved."})


# ── Fields ───────────────────────────────────────────────────────────────────────────────────────────────────


class Asked(forms.Form):
    name = forms.CharField(help_text="As your colleagues will see it.")
    channels = forms.MultipleChoiceField(
        choices=[("email", "E-mail"), ("sms", "SMS")], widget=forms.CheckboxSelectMultiple
    )
    everyone = forms.BooleanField(required=False)


def test_a_field_says_hint_and_error_before_its_input_and_ties_both_to_it() -> None:
    html = render_to_string("_parts/field.html", {"field": Asked({})["name"], "api": "name"})
    places = [
        html.index(part) for part in ("<label", "(name)", "As your colleagues", "This field is required", "<input")
    ]
    assert places == sorted(places)
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html


def test_a_group_of_choices_is_a_fieldset_and_a_lone_tick_is_a_label() -> None:
    form = Asked({})
    group = render_to_string("_parts/field.html", {"field": form["channels"]})
    assert "<fieldset" in group
    assert "<legend>" in group
    assert group.count('type="checkbox"') == 2
    assert '<label class="chk" for="id_everyone">' in render_to_string("_parts/field.html", {"field": form["everyone"]})


def test_the_summary_of_errors_links_to_each_field_and_is_silent_without_any() -> None:
    html = render_to_string("_parts/error_summary.html", {"form": Asked({})})
    assert 'href="#id_name"' in html
    assert 'href="#id_channels"' in html
    good = Asked({"name": "x", "channels": ["sms"]})
    assert not render_to_string("_parts/error_summary.html", {"form": good}).strip()


# ── Where the page is ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("view_name", "section"),
    [
        ("home", "home"),
        ("exports:segment_edit", "segments"),
        ("exports:run_detail", "runs"),
        ("accounts:credential_list", "credentials"),
        ("admin:audit_event_changelist", "audit"),
        ("admin:accounts_user_change", "people"),
        ("person_deactivate", "people"),
        ("account_move", "vendors"),
        ("admin:index", "admin"),
        ("mfa_activate_totp", "own"),
        ("account_login", ""),
        ("", ""),
    ],
)
def test_the_rail_knows_its_section_from_the_address(view_name: str, section: str) -> None:
    request = RequestFactory().get("/")
    request.resolver_match = SimpleNamespace(view_name=view_name)
    assert desk.section_here({"request": request}) == section


def test_a_view_may_name_its_section_itself() -> None:
    assert desk.section_here({"here": "runs"}) == "runs"
    assert desk.section_here({}) == ""


# ── Pages for when something is wrong ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["400.html", "500.html"])
def test_the_pages_for_broken_requests_need_no_context(name: str) -> None:
    html = render_to_string(name)
    assert html.count("<h1>") == 1
    assert "<script" not in html
    assert "style=" not in html
