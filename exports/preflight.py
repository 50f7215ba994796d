"""The pre-flight: everything that can be known to be wrong, or worth knowing, before anything is sent.

Pure functions: a spec, what the key can see, and limits go in; findings come out. Each finding names the figure, the
limit and where the rule comes from, so that it can be traced and switched off when the vendor changes its mind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import available_timezones

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from exports.kinds import Spec
from exports.spec import EMAIL, SMS, Choice, ConsentSpec

Level = Literal["block", "know", "fine"]
KeyState = Literal["none", "untested", "working", "refused"]
S0 = "APSIS, Request profile in segment by consent export"
EXCEL = "Microsoft, Excel specifications and limits"
EXCEL_ROWS = 1_048_576 - 1  # of a sheet, below its titles


@dataclass(frozen=True)
class Finding:
    """One line of the pre-flight. `cure` names a button that mends it, `field` the part of the form it is about."""

    level: Level
    code: str
    title: str
    text: str = ""
    source: str = ""
    figure: int | None = None
    limit: int | None = None
    cure: str = ""
    field: str = ""


@dataclass(frozen=True)
class Reach:
    """What the key of whoever presses Run can see. None: not known, because the vendor could not be asked."""

    sections: Set[str] | None = None
    topics: Set[str] | None = None
    attributes: Set[str] | None = None
    tags: Set[str] | None = None
    segments: Set[str] | None = None
    events: Set[str] | None = None
    credential: KeyState = "working"


@dataclass(frozen=True)
class Seen:
    """What this vendor account has taken and refused: APSIS prints no figures for a consent export."""

    passed: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)


def check(
    spec: ConsentSpec, reach: Reach, *, consent_version: int, seen: Seen = Seen(), last_rows: int | None = None
) -> list[Finding]:
    """Return every finding, blocks first. `last_rows` is how many the newest file of this saved segment has."""
    findings = [
        *_whom(spec),
        *_consent(spec, consent_version),
        *_titles(spec),
        *_addresses(spec),
        *_figures(spec, seen),
        *_excel(spec, last_rows),
        *_key(spec, reach),
    ]
    return ordered(findings)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings with those first that block."""
    order = {"block": 0, "know": 1, "fine": 2}
    return sorted(findings, key=lambda finding: order[finding.level])


def grouped(findings: list[Finding]) -> dict[Level, list[Finding]]:
    """Return the findings by level, every level present."""
    groups: dict[Level, list[Finding]] = {"block": [], "know": [], "fine": []}
    for finding in findings:
        groups[finding.level].append(finding)
    return groups


def blocks(findings: list[Finding]) -> bool:
    return any(finding.level == "block" for finding in findings)


def _whom(spec: ConsentSpec) -> Iterator[Finding]:
    yield from whom(spec)
    if spec.segments:
        if len(spec.segments) > 1:
            yield Finding(
                "know",
                "several_segments",
                _("Several segments: a row says 1 for each it is in."),
                _("People in at least one of them come. Each segment is a column with 1 or 0."),
                S0,
            )
        if spec.time_zone not in available_timezones():
            yield no_time_zone(spec.time_zone)


def whom(spec: Spec) -> Iterator[Finding]:
    """Say whether it is narrowed down to a segment, or meant for everybody."""
    if not spec.is_for_everyone:
        yield Finding("fine", "segment_chosen", _("Segment chosen, so not the whole account"))
    elif spec.everyone:
        yield Finding(
            "know",
            "everyone",
            _("No segment: this exports every profile on the account."),
            _("You said so on purpose. You are asked once more when you press Run."),
            field="segment",
        )
    else:
        yield Finding(
            "block",
            "no_segment",
            _("No segment is chosen, so this would export every profile on the account."),
            _("Choose a segment, or say that you mean everyone."),
            cure="everyone",
            field="segment",
        )


def no_time_zone(zone: str) -> Finding:
    """Say that a time zone is none."""
    title, text = _("“%(zone)s” is not a time zone."), _("Days begin and end in it. Choose one from the list.")
    return Finding("block", "time_zone", title % {"zone": zone}, text, field="time_zone")


def _consent(spec: ConsentSpec, consent_version: int) -> Iterator[Finding]:
    if not spec.section.id:
        yield Finding(
            "block",
            "no_section",
            _("No section is chosen."),
            _("Subscriptions and attributes belong to a section."),
            field="section",
        )
    if not spec.topics:
        yield Finding(
            "block",
            "no_topic",
            _("No subscription is chosen."),
            _("Consent is always consent to something: choose at least one."),
            field="topic",
        )
    if consent_version == 1 and len(spec.folders) > 1:
        names = ", ".join(dict.fromkeys(topic.folder_name or topic.folder for topic in spec.topics))
        yield Finding(
            "block",
            "several_folders",
            _("Subscriptions of several folders: %(names)s.") % {"names": names},
            _(
                "This account is on Consent 1.0, where one export takes subscriptions of one folder. "
                "Make one saved segment for each."
            ),
            S0,
            field="topic",
        )
    if spec.method == "single":
        yield from _single(spec)
    elif not spec.channels:
        yield Finding(
            "block",
            "no_channel",
            _("No channel is chosen."),
            _("Choose e-mail, SMS or both: each becomes a column of consent."),
            S0,
            field="channel",
        )
    else:
        yield Finding(
            "fine",
            "channels_mapped",
            ngettext("The channel has a column of its own", "Each channel has a column of its own", len(spec.channels)),
        )
    yield from _specific_topics(spec)
    if not spec.exclude_unsubscribed:
        yield Finding(
            "know",
            "blanks_stay",
            _("Blanks stay in."),
            _(
                "People who did not consent, or unsubscribed, are rows with empty consent cells. "
                "The number of rows is not the number you may contact."
            ),
            S0,
            cure="exclude_unsubscribed",
            field="exclude_unsubscribed",
        )
    else:
        yield Finding("fine", "unsubscribed_left_out", _("People without any of these consents are left out"))


def _single(spec: ConsentSpec) -> Iterator[Finding]:
    if not spec.channel.id:
        yield Finding(
            "block", "no_channel", _("No channel is chosen."), _("Choose e-mail or SMS."), S0, field="channel"
        )
        return
    title = next(column.title for column in spec.columns() if column.kind == "consent")
    yield Finding(
        "know",
        "single_channel",
        _("One channel: its column carries the attribute's own name."),
        _("“%(title)s” holds an address only where there is consent, and is blank elsewhere.") % {"title": title},
        S0,
        field="channel",
    )


def _specific_topics(spec: ConsentSpec) -> Iterator[Finding]:
    wanted = {spec.channel.id} if spec.method == "single" else {c.id for c in spec.channels}
    lost = [topic.name for topic in spec.topics if topic.channel and wanted and topic.channel not in wanted]
    if lost:
        yield Finding(
            "know",
            "topic_of_other_channel",
            _("Not for the channels chosen: %(names)s.") % {"names": ", ".join(lost)},
            _("These subscriptions exist on another channel only, so they can add no consent here."),
            field="topic",
        )


def _titles(spec: ConsentSpec) -> Iterator[Finding]:
    titles = [column.title for column in spec.columns()]
    folded = [title.casefold() for title in titles]
    twice = sorted({title for title, low in zip(titles, folded, strict=True) if folded.count(low) > 1})
    if twice:
        yield Finding(
            "block",
            "titles_twice",
            _("Two columns would be titled %(names)s.") % {"names": ", ".join(f"“{title}”" for title in twice)},
            _("Give each column a title of its own, so that nobody takes one for the other."),
            field="titles",
        )
    if any(not title.strip() for title in titles):
        yield Finding("block", "title_empty", _("A column has no title."), field="titles")
    if not twice and all(title.strip() for title in titles):
        yield Finding("fine", "titles_unique", _("Every column has a title of its own"))


def _addresses(spec: ConsentSpec) -> Iterator[Finding]:
    names = [column.title for column in spec.columns() if column.is_address]
    if not names:
        return
    twins = {EMAIL, SMS} & ({spec.channel.id} if spec.method == "single" else {c.id for c in spec.channels})
    shown = ", ".join(_("“%(name)s”") % {"name": name} for name in names)
    text = (
        _("It holds addresses of people who said no as well.")
        if len(names) == 1
        else _("They hold addresses of people who said no as well.")
    )
    if twins:
        text += " " + _("The consent columns stand beside, so the file can be read right.")
    yield Finding(
        "know",
        "address_is_not_consent",
        ngettext("%(names)s is an address, not consent.", "%(names)s are addresses, not consent.", len(names))
        % {"names": shown},
        text,
        S0,
        field="attribute",
    )


def _figures(spec: ConsentSpec, seen: Seen) -> Iterator[Finding]:
    """Set each figure beside what was once taken and refused: the vendor prints no limit."""
    titles = {"topics": _("Subscriptions"), "attributes": _("Attributes"), "tags": _("Tags")}
    for name, figure in spec.figures.items():
        title = titles[name]
        refused, passed = seen.refused.get(name), seen.passed.get(name)
        if refused is not None and figure >= refused:
            yield Finding(
                "know", f"many_{name}", title,
                _("APSIS refused a request with %(n)s. It prints no limit.") % {"n": refused},
                S0, figure=figure, limit=refused, field=name.rstrip("s"),
            )  # fmt: skip
        elif figure:
            text = (
                _("%(n)s once passed; APSIS prints no limit.") % {"n": passed}
                if passed
                else _("APSIS prints no limit.")
            )
            yield Finding("fine", f"figure_{name}", title, text, figure=figure, limit=passed)


def _excel(spec: ConsentSpec, last_rows: int | None) -> Iterator[Finding]:
    """Set the rows of the last file beside what a sheet of Excel holds: APSIS's workbook has one, as far as known."""
    if not spec.apsis_excel:
        return
    if last_rows is not None and last_rows >= EXCEL_ROWS:
        yield Finding(
            "know",
            "many_rows_for_excel",
            _("APSIS’s own Excel file may not hold everybody."),
            _("A sheet of Excel holds %(most)s rows. The desk’s own workbook goes on on a second one.")
            % {"most": intcomma(EXCEL_ROWS)},
            EXCEL,
            figure=last_rows,
            limit=EXCEL_ROWS,
            field="apsis_excel",
        )
        return
    text = (
        _("A sheet of Excel holds %(most)s rows; no run of this segment has shown yet how many there are.")
        if last_rows is None
        else _("Rows of the last file; a sheet of Excel holds %(most)s.")
    ) % {"most": intcomma(EXCEL_ROWS)}
    title = _("APSIS’s own Excel file comes too")
    yield Finding("fine", "excel_too", title, text, EXCEL, figure=last_rows, limit=EXCEL_ROWS, field="apsis_excel")


def _key(spec: ConsentSpec, reach: Reach) -> Iterator[Finding]:
    sections = [spec.section] if spec.section.id else []
    yield from served(
        reach,
        section=sections,
        topic=spec.topics,
        attribute=spec.attributes,
        tag=spec.tags,
        segment=spec.segments,
    )


BEYOND = {
    "section": lazy("Your key does not see this section: %(names)s."),
    "topic": lazy("Your key does not see these subscriptions: %(names)s."),
    "event": lazy("Your key does not see these types of event: %(names)s."),
    "attribute": lazy("Your key does not see these attributes: %(names)s."),
    "tag": lazy("Your key does not see these tags: %(names)s."),
    "segment": lazy("Your key does not see these segments: %(names)s."),
}


def served(reach: Reach, **wanted: Sequence[Choice]) -> Iterator[Finding]:
    """Say what the key of whoever presses Run cannot serve, of all that is chosen, by kind."""
    if reach.credential == "none":
        yield Finding(
            "block",
            "no_credential",
            _("You have no credential for this account."),
            _("Add yours, then run."),
            cure="credentials",
        )
        return
    if reach.credential == "refused":
        yield Finding(
            "block",
            "credential_refused",
            _("APSIS refused your credential."),
            _("Enter a new one, then run."),
            cure="credentials",
        )
        return
    beyond = False
    for about, chosen in wanted.items():
        visible = getattr(reach, f"{about}s")
        names = [choice.name for choice in chosen if visible is not None and choice.id not in visible]
        if names:
            beyond = True
            cure = _(
                "They may have been removed at APSIS, or your key may not reach them. Take them out, or ask an admin."
            )
            title = str(BEYOND[about]) % {"names": ", ".join(names)}
            yield Finding("block", f"beyond_{about}", title, cure, field=about)
    if any(getattr(reach, f"{about}s") is None for about in wanted):
        yield Finding(
            "know",
            "not_all_known",
            _("APSIS could not be asked just now."),
            _("What your key may see is checked when the run starts."),
        )
    elif not beyond and reach.credential == "working":
        yield Finding("fine", "key_serves", _("Your credential sees all of this"))
