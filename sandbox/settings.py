"""Every figure and every guess of the sandbox, each as one named switch.

A switch carries its mark: *documented* stands on a page of the vendor, *client* was seen in public programs
that use the real service, *inferred* is our reconstruction, *sandbox* concerns this program alone.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self, get_type_hints


def _switch(default: Any, mark: str, says: str, choices: tuple[str, ...] = ()) -> Any:
    metadata = {"mark": mark, "says": says, "choices": choices}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Hold one value per switch; instances never change, `changed()` makes a new one."""

    # The audience
    seed: int = _switch(1, "sandbox", "Other seed, other people; the same seed, the same people.")
    profiles: int = _switch(20_000, "sandbox", "How many profiles the account has, 50 to 1,000,000.")
    segments: int = _switch(12, "sandbox", "How many segments the account has; not fewer than the named.")
    attributes: int = _switch(16, "sandbox", "How many attributes the first section has; not fewer than the named.")
    hostile_names: bool = _switch(
        False, "sandbox", "Adds names with markup, quotes, RTL, emoji, formulas, 300 letters."
    )
    prepared: str = _switch("", "sandbox", "Path of a file that every ready poll URL serves instead.")

    suppressed_share: float = _switch(0.01, "sandbox", "Share of people with a suppressed address, in each channel.")
    locked_share: float = _switch(0.001, "sandbox", "Share of people whose profile is locked.")

    # Tokens
    token_seconds: int = _switch(86_400, "documented", "A token lives up to 24 hours.")
    exp_earlier_seconds: int = _switch(0, "documented", "The token's exp comes this much earlier than expires_in says.")
    wrong_credentials_status: int = _switch(401, "inferred", "Answer to a wrong id or secret: 400, 401 or 403.")

    # Limits, counted per account; 0 lifts one
    calls_per_second: int = _switch(100, "documented", "Calls a second to most endpoints.")
    calls_per_profile: int = _switch(10, "documented", "Calls a second for one and the same profile key.")
    tokens_per_minute: int = _switch(10, "documented", "Token requests a minute.")
    exports_per_second: int = _switch(1, "documented", "Export requests a second.")
    event_exports_per_minute: int = _switch(1, "documented", "Requests for event exports a minute.")
    event_exports_are_exports: bool = _switch(
        False, "inferred", "Requests for event exports count among those for exports a second too."
    )
    imports_per_minute: int = _switch(10, "documented", "Import requests a minute.")
    imports_at_once: int = _switch(3, "documented", "Imports that wait for their file or are worked on, at once.")
    import_bytes: int = _switch(50_000_000, "documented", "Largest file of an import; 50 MB, read as thousands.")
    polls_per_minute: int = _switch(60, "documented", "Polls and downloads a minute, together.")
    pending_exports: int = _switch(5, "inferred", "Exports prepared at once; the limit is documented, not its figure.")
    body_bytes: int = _switch(100_000, "documented", "Largest request body; 100 kB, read as thousands.")
    topics_at_most: int = _switch(50, "inferred", "Topics in one export; the 413 is documented, not its figure.")
    attributes_at_most: int = _switch(75, "inferred", "Attributes in one export; the figure of the event export.")
    tags_at_most: int = _switch(25, "inferred", "Tags in one export; the figure of the event export.")

    # The request for a consent export
    export_status: int = _switch(202, "inferred", "Status of an accepted export request.")
    url_v2: bool = _switch(False, "inferred", "Consent exports also answer file_download_url_v2.")
    wrapped_answers: bool = _switch(False, "inferred", 'JSON answers come wrapped: {"data": ...}.')
    refuse_duplicate_field_names: bool = _switch(False, "inferred", "400 when two columns share a name.")
    accept_deprecated_versions: bool = _switch(
        False, "inferred", "Attribute and tag versions with deprecated_at still work."
    )
    empty_channel_is_email: bool = _switch(
        False, "inferred", "An empty channel_discriminator means e-mail, as some copies of the page print it."
    )
    block_consent_1: bool = _switch(False, "documented", "Accounts on Consent 2.0 refuse the consent-list endpoints.")

    # The request for an event export
    event_attributes_at_most: int = _switch(75, "documented", "Attributes in one event export.")
    event_tags_at_most: int = _switch(25, "documented", "Tags in one event export.")
    event_types_at_most: int = _switch(0, "inferred", "Versions of events in one event export; 413 for more.")
    event_lists_status: int = _switch(400, "inferred", "Answer to too many attributes or tags: 400 or 413.")
    event_window_months: int = _switch(3, "documented", "Longest window of an event export in calendar months.")
    event_window_days: int = _switch(7, "documented", "Days of an event export without end_at.")
    topic_state_property: str = _switch("include_topic_state", "inferred", "The property that asks for topic state.")
    accept_deprecated_events: bool = _switch(
        True, "inferred", "Event versions with deprecated_at can be exported, for their events are still there."
    )
    events_in_one_file: int = _switch(
        0, "inferred", "More events than this fail in processing; the limit is documented, not its figure."
    )

    # The time an export takes
    prepare_seconds: float = _switch(6.0, "sandbox", "How long an export is prepared.")
    prepare_jitter: float = _switch(0.0, "sandbox", "Up to this many seconds more, by the export's id.")
    slow_segment_seconds: float = _switch(45.0, "sandbox", "How long an export with the slow segment is prepared.")
    segment_seconds: Mapping[str, float] = _switch({}, "sandbox", "Preparing time by segment; the longest counts.")
    poll_url_seconds: int = _switch(86_400, "documented", "A poll URL is valid for one day.")
    poll_by_same_key: bool = _switch(False, "inferred", "Only the key that asked may poll; others get 410.")

    # Imports
    upload_origin: str = _switch("", "sandbox", "Where import files go; empty: this server under its other name.")
    upload_url_seconds: int = _switch(3_600, "inferred", "How long the address for a file lives.")
    import_status: int = _switch(201, "inferred", "Status of an accepted import request.")
    import_seconds: float = _switch(3.0, "sandbox", "How long an import is worked on, from its file on.")
    import_seconds_per_row: float = _switch(0.0, "sandbox", "And so much longer for each row.")
    imports_stay: str = _switch(
        "",
        "sandbox",
        "The status that every import has, whatever came.",
        ("", "waiting_for_file", "queued", "in_progress"),
    )
    imports_refuse_every: int = _switch(0, "sandbox", "Each so many-th row is refused, whatever it holds; 0 none.")

    # The contents of the file
    rows_outside_segments: bool = _switch(False, "inferred", "Profiles in none of the segments come too, with 0s.")
    single_channel_needs_all_topics: bool = _switch(
        False, "inferred", "With one channel the address needs consent to all topics, not to any of them."
    )
    unsubscribed_by_any_channel: bool = _switch(
        False,
        "inferred",
        "A topic counts as unsubscribed when opted out on any asked channel, not on all of them.",
    )
    export_key_title: str = _switch("export_key", "inferred", "Title of the first column.")
    column_order: str = _switch(
        "channels attributes tags segments",
        "inferred",
        "Order after the key; the first two are seen in the sample.",
    )
    tag_present: str = _switch("1", "inferred", "Cell of a tagged profile.")
    tag_absent: str = _switch("", "inferred", "Cell of a profile without the tag.")
    line_ends: str = _switch("lf", "inferred", "Line ends of the CSV.", ("lf", "crlf"))

    # The events, and the file of an event export
    events_per_day: float = _switch(0.25, "sandbox", "About how many events an active profile has a day, 0 to 1,000.")
    events_each: int = _switch(
        0, "sandbox", "Exactly so many events for each profile and section asked for; 0 draws them from a life."
    )
    event_outer_key: str = _switch("profiles", "inferred", "The key around the profiles; empty for a bare dictionary.")
    event_attribute_keys: str = _switch(
        "version", "inferred", "What attributes and tags are named by.", ("version", "discriminator")
    )
    event_type_ids_as_numbers: bool = _switch(False, "inferred", "typeId is a number, not a text of digits.")
    event_empty_sections: bool = _switch(False, "inferred", "Sections in which a profile has nothing come, empty.")
    event_null_attributes: bool = _switch(False, "inferred", "Attributes without a value come, as null.")
    topic_state_by_channel: bool = _switch(
        False, "inferred", "Topic state is told for each channel, not once for a topic."
    )

    # Downloads
    content_length: bool = _switch(False, "inferred", "Downloads state Content-Length; otherwise they are chunked.")

    def changed(self, **values: Any) -> Self:
        """Return a copy with some switches set anew.

        Raises ValueError, naming the switch, for an unknown name or a value that does not fit.
        """
        return replace(self, **{name: _fit(name, value) for name, value in values.items()})

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> Self:
        """Build from texts by switch name, as flags and environment give them."""
        return cls().changed(**{name: _read(name, text) for name, text in texts.items()})


TYPES: dict[str, Any] = get_type_hints(Settings)
"""The type of each switch by its name."""

_LOWEST = {"profiles": 50, "body_bytes": 1, "seed": 0}
_HIGHEST = {
    "profiles": 1_000_000,
    "segments": 50_000,
    "attributes": 50_000,
    "wrong_credentials_status": 499,
    "export_status": 299,
    "import_status": 299,
    "event_lists_status": 499,
    "event_window_months": 1_000,
    "event_window_days": 365_000,
    "events_per_day": 1_000.0,
    "events_each": 100_000,
}
_COLUMN_GROUPS = {"channels", "attributes", "tags", "segments"}


def environment_name(name: str) -> str:
    """Return the environment variable of a switch: SANDBOX_PROFILES."""
    return f"SANDBOX_{name.upper()}"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add one flag per switch: --prepare-seconds 2, --url-v2."""
    for switch in fields(Settings):
        flag = "--" + switch.name.replace("_", "-")
        says = f"{switch.metadata['says']} [{switch.metadata['mark']}]".replace("%", "%%")
        if TYPES[switch.name] is bool:
            parser.add_argument(flag, dest=switch.name, nargs="?", const="true", metavar="true|false", help=says)
        else:
            parser.add_argument(flag, dest=switch.name, help=says)


def from_flags(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Settings:
    """Build the settings from parsed flags over environment over defaults.

    Raises ValueError, naming the switch, for a value that does not fit.
    """
    texts: dict[str, str] = {}
    for switch in fields(Settings):
        given = getattr(arguments, switch.name, None)
        text = given if given is not None else environment.get(environment_name(switch.name))
        if text is not None:
            texts[switch.name] = text
    return Settings.from_texts(texts)


def _read(name: str, text: str) -> Any:
    kind = TYPES.get(name)
    if kind is bool:
        words = {
            "1": True,
            "true": True,
            "yes": True,
            "on": True,
            "0": False,
            "false": False,
            "no": False,
            "off": False,
        }
        return words.get(text.strip().lower(), text)
    if kind is str or kind is None:
        return text
    try:
        return json.loads(text.replace("_", "") if kind in (int, float) else text)
    except json.JSONDecodeError:
        return text


def _fit(name: str, value: Any) -> Any:
    kind = TYPES.get(name)
    if kind is None:
        raise ValueError(f"there is no switch called {name}")
    if kind is float and type(value) is int:
        value = float(value)
    if kind == Mapping[str, float]:
        if not isinstance(value, dict) or not all(type(seconds) in (int, float) for seconds in value.values()):
            raise ValueError(f"{name} wants an object of seconds by segment discriminator")
        return {str(segment): float(seconds) for segment, seconds in value.items()}
    if type(value) is not kind:
        raise ValueError(f"{name} wants {kind.__name__}, not {value!r}")
    choices = Settings.__dataclass_fields__[name].metadata["choices"]
    if choices and value not in choices:
        raise ValueError(f"{name} wants one of {', '.join(choices)}, not {value!r}")
    if name == "column_order" and set(str(value).split()) != _COLUMN_GROUPS:
        raise ValueError(f"{name} wants the words {', '.join(sorted(_COLUMN_GROUPS))}")
    if kind in (int, float) and not _LOWEST.get(name, 0) <= value <= _HIGHEST.get(name, value):
        raise ValueError(f"{name} is {value}, out of its range")
    return value
