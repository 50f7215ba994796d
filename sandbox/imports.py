"""Profile imports: what is asked for, the file that comes, what it changes, and the report of it.

Sources: developer.apsis.com, "Request profile import (version 2)"; help.apsis.one, "File Import Report" and "File
Import Checklist & Supported Data Formats". The members of the report are inferred from its categories.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sandbox.answers import problem
from sandbox.changes import OPT_IN, OPT_OUT, Changes
from sandbox.columns import Body, refuse_deprecated
from sandbox.consent_export import consents_to, opted_out
from sandbox.definitions import CHANNELS, Account, Attribute, Key, Keyspace, Section, Tag, Topic
from sandbox.settings import Settings

WAITING, QUEUED, IN_PROGRESS, COMPLETED, ERROR = "waiting_for_file", "queued", "in_progress", "completed", "error"
MOST_ERRORS = 10_000  # rows whose errors a report lists

_EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+")
_MSISDN = re.compile(r"[1-9]\d{6,14}")
_TYPES = {
    "number": re.compile(r"-?\d+"),
    "decimal": re.compile(r"-?\d+(?:\.\d+)?"),
    "boolean": re.compile("true|false"),
    "email": _EMAIL,
    "mobile": _MSISDN,
    "location": re.compile("[A-Z]{2}"),
    "date": re.compile(r"-?\d{1,11}|\d{4}-\d{2}(?:-\d{2})?(?:T.*)?"),
    "timestamp": re.compile(r"-?\d{1,11}|\d{4}-\d{2}-\d{2}(?:T.*)?"),
}
LONGEST_TEXT = 1000


@dataclass(frozen=True)
class ConsentRule:
    """A consent that a column gives: its topic and channel, its kind, and whether it undoes an earlier opt-out."""

    field: str
    topic: Topic
    channel: str
    kind: str
    resubscribes: bool


@dataclass(frozen=True)
class Wanted:
    """An import as it was asked for."""

    section: Section
    keyspace: Keyspace
    key_field: str
    attributes: tuple[tuple[str, Attribute, str], ...]
    tags: tuple[tuple[str, Tag], ...]
    consents: tuple[ConsentRule, ...]
    updates: bool
    clears: bool

    @property
    def fields(self) -> set[str]:
        """The columns that the file must have."""
        return {
            self.key_field,
            *(name for name, _, _ in self.attributes),
            *(name for name, _ in self.tags),
            *(rule.field for rule in self.consents),
        }


@dataclass
class Report:
    """What became of the rows."""

    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("created", "updated", "unchanged", "failed"), 0)
    )
    errors: list[dict[str, Any]] = field(default_factory=list)
    is_error: bool = False
    message: str = ""


@dataclass
class Import:
    """An import on its way: where its file goes, whether it came, what it did."""

    id: str
    account: str
    client_id: str
    wanted: Wanted
    asked_at: float
    ends_at: float
    secret: str = field(default_factory=lambda: uuid4().hex)
    fails: bool = False
    uploads: int = 0
    data: bytes = field(default=b"", repr=False)
    uploaded_at: float | None = None
    rows: int = 0
    report: Report | None = None

    def done_at(self, settings: Settings) -> float | None:
        """Return when it will be done, None while its file has not come."""
        if self.uploaded_at is None:
            return None
        return self.uploaded_at + settings.import_seconds + self.rows * settings.import_seconds_per_row

    def state(self, settings: Settings, now: float) -> str:
        """Return the word of its status."""
        if settings.imports_stay:
            return settings.imports_stay
        done_at = self.done_at(settings)
        if done_at is None or self.uploaded_at is None:
            return WAITING
        if now < self.uploaded_at + settings.import_seconds / 3:
            return QUEUED
        if now < done_at or self.report is None:
            return IN_PROGRESS
        return ERROR if self.report.is_error else COMPLETED

    def counts_as_pending(self, settings: Settings, now: float) -> bool:
        """Tell whether it is one of the few that an account may have at once."""
        if self.uploaded_at is None:
            return now < self.ends_at
        return self.state(settings, now) in (WAITING, QUEUED, IN_PROGRESS)


def read(body: Body, section: Section, account: Account, key: Key, settings: Settings) -> Wanted:
    """Return the import that a request asks for.

    Refuses with 400 what is malformed or unknown, 403 what the keyspace does not allow; each names the property.
    """
    mapping = Body(body.inner("keyspace_mapping") or {})
    name = mapping.text("keyspace_discriminator")
    keyspace = next((known for known in key.keyspaces if known.discriminator == name), None)
    if keyspace is None:
        raise problem(400, "keyspace_mapping.keyspace_discriminator is unknown")
    if not keyspace.manage_subscriptions:
        raise problem(403, "manage_subscriptions is not true for this keyspace")
    options = Body(body.inner("options") or {})
    return Wanted(
        section=section,
        keyspace=keyspace,
        key_field=mapping.text("field_selector"),
        attributes=tuple(_attributes(body, section, key, settings)),
        tags=tuple(_tags(body, section, settings)),
        consents=tuple(_consents(body, section, account)),
        updates=options.flag("update_existing_profiles"),
        clears=options.flag("clear_existing_attributes"),
    )


def _mappings(body: Body, name: str, inner: str) -> Iterator[tuple[str, str, str]]:
    value = body.inner_list(name)
    for place, item in enumerate(value):
        where = f"{name}[{place}]"
        for key in ("field_selector", inner):
            if not isinstance(item.get(key), str) or not item[key]:
                raise problem(400, f"{where}.{key} is required")
        yield where, item["field_selector"], item[inner]


def _attributes(body: Body, section: Section, key: Key, settings: Settings) -> Iterator[tuple[str, Attribute, str]]:
    for where, name, version_id in _mappings(body, "attribute_mappings", "attribute_version_id"):
        if version_id not in section.attribute_of:
            raise problem(400, f"{where}.attribute_version_id is unknown")
        attribute, version = section.attribute_of[version_id]
        refuse_deprecated(version, f"{where}.attribute_version_id", settings)
        if not key.sees(attribute) or attribute.column in key.read_only_columns:
            raise problem(403, f"{where}.attribute_version_id is not allowed to WRITE through this keyspace")
        yield name, attribute, version.type


def _tags(body: Body, section: Section, settings: Settings) -> Iterator[tuple[str, Tag]]:
    for where, name, version_id in _mappings(body, "tag_mappings", "tag_version_id"):
        if version_id not in section.tag_of:
            raise problem(400, f"{where}.tag_version_id is unknown")
        tag, version = section.tag_of[version_id]
        refuse_deprecated(version, f"{where}.tag_version_id", settings)
        yield name, tag


def _consents(body: Body, section: Section, account: Account) -> Iterator[ConsentRule]:
    for place, group in enumerate(body.inner_list("consent_mappings")):
        where = f"consent_mappings[{place}]"
        if account.consent == 1 and not isinstance(group.get("address_field_selector"), str):
            raise problem(400, f"{where}.address_field_selector is required on Consent 1.0")
        for at, item in enumerate(Body(group).inner_list("consents")):
            yield _rule(f"{where}.consents[{at}]", item, section)


def _rule(where: str, item: Mapping[str, Any], section: Section) -> ConsentRule:
    for key in ("field_selector", "topic_discriminator"):
        if not isinstance(item.get(key), str) or not item[key]:
            raise problem(400, f"{where}.{key} is required")
    topic = section.topic_of.get(item["topic_discriminator"])
    if topic is None:
        raise problem(400, f"{where}.topic_discriminator is unknown")
    channel = item.get("channel_discriminator") or topic.channel
    if channel is None:
        raise problem(400, f"{where}.channel_discriminator is required for a topic that is not channel-specific")
    if channel not in CHANNELS or topic.channel not in (None, channel):
        raise problem(400, f"{where}.channel_discriminator does not match the topic")
    if item.get("type") not in (OPT_IN, OPT_OUT):
        raise problem(400, f"{where}.type must be opt-in or opt-out")
    return ConsentRule(
        item["field_selector"], topic, channel, item["type"], item.get("resubscribe_if_opted_out") is True
    )


# ── The file ─────────────────────────────────────────────────────────────────────────────────────────────────


def apply(found: Import, changes: Changes, settings: Settings) -> Report:
    """Do what the file says, row by row, and report it."""
    if found.fails:
        return Report(is_error=True, message="The import could not be processed")
    try:
        return _applied(found.data.decode("utf-8-sig"), found.wanted, changes, settings)
    except UnicodeDecodeError:
        return Report(is_error=True, message="The file is not UTF-8")
    except csv.Error:
        return Report(is_error=True, message="The file is not CSV")
    finally:
        found.data = b""  # what it said is done, and nobody asks for it again


def _applied(text: str, wanted: Wanted, changes: Changes, settings: Settings) -> Report:
    delimiter = max(",;\t|", key=text.partition("\n")[0].count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    missing = sorted(wanted.fields - set(reader.fieldnames or ()))
    if missing:
        return Report(is_error=True, message=f"The header lacks {', '.join(missing)}")
    report = Report()
    with changes.lock:
        for line, row in enumerate(reader, 2):
            fault = _fault(row, wanted)
            if fault is None and settings.imports_refuse_every and (line - 1) % settings.imports_refuse_every == 0:
                fault = (wanted.key_field, "refused on request")
            if fault is not None:
                report.counts["failed"] += 1
                if len(report.errors) < MOST_ERRORS:
                    report.errors.append({"line": line, "field": fault[0], "message": fault[1]})
                continue
            report.counts[_apply_row(row, wanted, changes, settings)] += 1
    return report


def _fault(row: Mapping[str, Any], wanted: Wanted) -> tuple[str, str] | None:
    key = (row.get(wanted.key_field) or "").strip()
    if None in row or None in row.values():
        return wanted.key_field, "wrong number of fields"
    if not key:
        return wanted.key_field, "missing profile key"
    expected = {"email": _EMAIL, "mobile": _MSISDN}.get(wanted.keyspace.column)
    if expected and not expected.fullmatch(key):
        return wanted.key_field, f"invalid {wanted.keyspace.column}"
    for name, _attribute, kind in wanted.attributes:
        value = row[name]
        pattern = _TYPES.get(kind)
        if value and pattern and not pattern.fullmatch(value):
            return name, f"invalid {kind}"
        if len(value) > LONGEST_TEXT:
            return name, "too long"
    return None


def _apply_row(row: Mapping[str, str], wanted: Wanted, changes: Changes, settings: Settings) -> str:
    column, key = wanted.keyspace.column, row[wanted.key_field].strip()
    number = changes.find(column, key)
    is_new = number is None
    if number is None:
        number = changes.add(column, key)
        changes.set_value(wanted.section.discriminator, column, number, key)
    has_changed = False
    if is_new or wanted.updates:
        has_changed = _apply_values(row, wanted, changes, number)
    for rule in wanted.consents:
        has_changed |= _apply_consent(row, rule, changes, number, settings.seed)
    return "created" if is_new else "updated" if has_changed else "unchanged"


def _apply_values(row: Mapping[str, str], wanted: Wanted, changes: Changes, number: int) -> bool:
    has_changed, section = False, wanted.section.discriminator
    for name, attribute, _kind in wanted.attributes:
        value = row[name]
        if not value and not wanted.clears:
            continue
        if changes.value(section, attribute.column, number) != value:
            changes.set_value(section, attribute.column, number, value)
            has_changed = True
    for name, tag in wanted.tags:
        if row[name] in ("1", "0"):
            changes.tag(tag.discriminator, number, is_on=row[name] == "1")
            has_changed = True
    return has_changed


def _apply_consent(row: Mapping[str, str], rule: ConsentRule, changes: Changes, number: int, seed: int) -> bool:
    if row[rule.field] != "1":
        return False
    topic = rule.topic.discriminator
    is_in = changes.has_consent(topic, rule.channel, OPT_IN, consents_to(rule.topic, rule.channel, seed))(number)
    is_out = changes.has_consent(topic, rule.channel, OPT_OUT, opted_out(rule.topic, rule.channel, seed))(number)
    has_it = is_in if rule.kind == OPT_IN else is_out
    if has_it or (rule.kind == OPT_IN and is_out and not rule.resubscribes):
        return False
    changes.consent(topic, rule.channel, number, rule.kind)
    return True
