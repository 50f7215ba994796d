import argparse
from dataclasses import fields

import pytest

from sandbox.settings import Settings, add_flags, environment_name, from_flags


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return parser.parse_args(words)


def test_flags_win_over_the_environment():
    settings = from_flags(
        parsed("--profiles", "1_000", "--url-v2"), {"SANDBOX_PROFILES": "99", "SANDBOX_LINE_ENDS": "crlf"}
    )
    assert (settings.profiles, settings.url_v2, settings.line_ends) == (1000, True, "crlf")


def test_a_switch_can_be_turned_off_again():
    assert from_flags(parsed("--url-v2", "false"), {"SANDBOX_URL_V2": "1"}).url_v2 is False


def test_seconds_by_segment_come_as_json():
    settings = from_flags(parsed("--segment-seconds", '{"usercreated.segments.a": 3}'), {})
    assert settings.segment_seconds == {"usercreated.segments.a": 3.0}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("profiles", 49),
        ("profiles", 1_000_001),
        ("profiles", "many"),
        ("profiles", True),
        ("url_v2", 1),
        ("line_ends", "cr"),
        ("column_order", "channels attributes"),
        ("segment_seconds", {"a": "b"}),
        ("no_such_switch", 1),
    ],
)
def test_what_does_not_fit_is_refused_by_name(name: str, value: object):
    with pytest.raises(ValueError, match=name):
        Settings().changed(**{name: value})


def test_every_switch_has_a_sentence_and_a_mark():
    for switch in fields(Settings):
        assert switch.metadata["says"].endswith("."), switch.name
        assert switch.metadata["mark"] in {"documented", "client", "inferred", "sandbox"}
        assert environment_name(switch.name).startswith("SANDBOX_")
