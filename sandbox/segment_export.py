"""The segment export: the members of one segment, with attributes and tags.

Source: developer.apsis.com, "Request profile in segment export" (beta). The names `profile_type` and
`timezone`, and the reading of known as "has an address", are inferred.
"""

from sandbox.answers import problem
from sandbox.audience import COLUMNS
from sandbox.changes import Changes
from sandbox.columns import (
    Body,
    Table,
    attribute_columns,
    check_zone,
    key_column,
    member_by_query,
    member_of,
    preparing_seconds,
    tag_columns,
)
from sandbox.definitions import Account, Key, Section
from sandbox.settings import Settings


def read(body: Body, account: Account, key: Key, settings: Settings, changes: Changes) -> Table:
    """Return the table that a request asks for; refuses like the consent export."""
    section = _everything(account, key)
    for name, inner, at_most in (
        ("attributes", "attribute_version_id", settings.attributes_at_most),
        ("tags", "tag_version_id", settings.tags_at_most),
    ):
        if at_most and len(body.pairs(name, inner)) > at_most:
            raise problem(413, f"{name} holds more than {at_most}")
    if body.has("segment_discriminator") == body.has("segment_definition"):
        raise problem(400, "Either segment_discriminator or segment_definition is required, not both")
    segments = []
    if body.has("segment_discriminator"):
        name = body.text("segment_discriminator")
        if name not in account.segment_of:
            raise problem(400, "segment_discriminator is unknown")
        segments = [account.segment_of[name]]
        is_member = member_of(segments[0], settings.seed)
    else:
        is_member = member_by_query(body.text("segment_definition"), settings.seed)
    kind = body.text("profile_type") if body.has("profile_type") else ""
    if kind not in ("", "known", "unknown"):
        raise problem(400, "profile_type must be known or unknown")
    if body.has("timezone"):
        check_zone({"timezone": body.text("timezone")}, "")

    columns = [key_column(settings), *attribute_columns(body, section, key, settings, changes)]
    columns += tag_columns(body, section, settings, changes)
    email, mobile = COLUMNS["email"], COLUMNS["mobile"]

    def includes(number: int, lots: bytes) -> bool:
        if not is_member(number):
            return False
        return not kind or bool(email(number, lots) or mobile(number, lots)) == (kind == "known")

    return Table(
        profiles=settings.profiles + changes.added,
        seed=settings.seed,
        titles=tuple(title for title, _ in columns),
        cells=tuple(cell for _, cell in columns),
        includes=includes,
        seconds=preparing_seconds(segments, settings),
    )


def _everything(account: Account, key: Key) -> Section:
    # No section is named in this request, so the version ids of all reachable sections are open to it.
    sections = key.sections(account)
    return Section(
        id="",
        discriminator="",
        name="",
        attributes=tuple(attribute for section in sections for attribute in section.attributes),
        tags=tuple(tag for section in sections for tag in section.tags),
        events=(),
        folders=(),
        topics=(),
    )
