"""Profile imports: asking for one, sending its file, asking what became of it.

Source: developer.apsis.com, "Request profile import (version 2)" and "Get profile import"; the bodies were seen in the
code of public clients, or are inferred (upstream/apsis/names.py).
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, Literal, get_args

from upstream.apsis import names
from upstream.apsis.moments import read_moment
from upstream.errors import clean_detail
from upstream.transport import Request, Transport
from upstream.upload import Form

# Where files go, by region: seen in a public client, which keeps them for checks of firewalls.
UPLOAD_HOSTS = {
    "eu": "https://s3.eu-west-1.amazonaws.com",
    "apac": "https://s3.ap-southeast-1.amazonaws.com",
}

State = Literal["waiting_for_file", "queued", "in_progress", "completed", "error"]

log = logging.getLogger("upstream")


@dataclass(frozen=True, slots=True)
class Mapped:
    """A column of the file, by its title, and the version of an attribute or a tag that it goes to."""

    field: str
    version_id: str


@dataclass(frozen=True, slots=True)
class ConsentMapped:
    """A column whose cell 1 gives the consent and whose 0 does not.

    `topic` and `channel` are discriminators; the channel may be left out where the topic has its own. `resubscribe`
    lets an opt-in undo an earlier opt-out. `address_field` is the column of addresses that the consent is on: only
    accounts on Consent 1.0 ask for it.
    """

    field: str
    topic: str
    channel: str | None
    type: Literal["opt-in", "opt-out"]
    resubscribe: bool = False
    address_field: str | None = None


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """An import as the vendor takes it: into one section, through one keyspace, whose keys are in `key_field`.

    `update_existing` lets the file win over what is stored; `clear_empty` lets an empty cell erase it.
    """

    section: str
    keyspace: str
    key_field: str
    attributes: tuple[Mapped, ...] = ()
    tags: tuple[Mapped, ...] = ()
    consents: tuple[ConsentMapped, ...] = ()
    update_existing: bool = True
    clear_empty: bool = False

    def to_body(self) -> dict[str, Any]:
        """Write the request as a dict for JSON, without what was not given."""
        body: dict[str, Any] = {
            "keyspace_mapping": {"keyspace_discriminator": self.keyspace, "field_selector": self.key_field},
            "options": {
                "update_existing_profiles": self.update_existing,
                "clear_existing_attributes": self.clear_empty,
            },
        }
        for name, inner, mapped in (
            ("attribute_mappings", "attribute_version_id", self.attributes),
            ("tag_mappings", "tag_version_id", self.tags),
        ):
            if mapped:
                body[name] = [{"field_selector": one.field, inner: one.version_id} for one in mapped]
        if self.consents:
            body["consent_mappings"] = self._consents()
        return body

    def _consents(self) -> list[dict[str, Any]]:
        """Write the consents, grouped by the column of addresses that they are on."""
        groups: dict[str | None, list[dict[str, Any]]] = {}
        for consent in self.consents:
            written: dict[str, Any] = {
                "field_selector": consent.field,
                "topic_discriminator": consent.topic,
                "type": consent.type,
                "resubscribe_if_opted_out": consent.resubscribe,
            }
            if consent.channel is not None:
                written["channel_discriminator"] = consent.channel
            groups.setdefault(consent.address_field, []).append(written)
        return [
            {"consents": written} | ({} if address is None else {"address_field_selector": address})
            for address, written in groups.items()
        ]


@dataclass(frozen=True, slots=True)
class Created:
    """An import that waits for its file: where to send it, with which fields of a form, and until when."""

    import_id: str
    upload_url: str = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class RowFault:
    """A row that the vendor refused: its line in the file (the header is 1), the column, and why, in its words."""

    line: int | None
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class ImportStatus:
    """Where an import stands. Counts are of rows, None where the vendor does not say."""

    state: State
    created: int | None = None
    updated: int | None = None
    unchanged: int | None = None
    failed: int | None = None
    faults: tuple[RowFault, ...] = ()
    message: str = ""


def request(transport: Transport, token: str, wanted: ImportRequest) -> Created:
    """Ask for an import; never repeated by itself.

    Raises any UpstreamError, among them NotAllowed, Throttled (rate or imports at once). Where the vendor accepted and
    its answer cannot be used, BrokenAnswer says `maybe_received`.
    """
    url = transport.url("v2", "audience", "sections", wanted.section, "imports")
    sent = Request("POST", url, call="request.import", lane="imports", body=wanted.to_body())
    answer = transport.ask(sent, token)
    created = read_created(answer.body)
    if created is None:
        raise transport.broken(sent, status=answer.status, reason="no upload address")
    return created


def read_created(body: Any) -> Created | None:
    """Read where the file goes; None where there is nothing to tell. Unknown members are ignored."""
    body = names.unwrap(body)
    if not isinstance(body, dict):
        return None
    import_id, url = names.handle(names.pick(body, *names.IMPORT_ID)), names.pick(body, *names.UPLOAD_URL)
    fields = names.pick(body, *names.UPLOAD_FIELDS) or {}
    if import_id is None or not isinstance(url, str) or not url or not isinstance(fields, dict):
        return None
    texts = {str(name): str(value) for name, value in fields.items() if isinstance(value, str | int)}
    return Created(import_id, url, texts, read_moment(names.pick(body, *names.UPLOAD_ENDS)))


def upload(
    transport: Transport,
    created: Created,
    file: IO[bytes],
    *,
    length: int,
    hosts: Collection[str],
    alive: Callable[[int], None],
) -> None:
    """Send the file to where the vendor named, if that is one of `hosts` (origins); see `Transport.post_form`.

    No token travels with it: the address carries credentials of its own.
    """
    form = Form(created.fields, file, length=length, file_name="import.csv", file_type=names.CSV, alive=alive)
    transport.post_form(created.upload_url, form, call="upload.file", hosts=hosts)


def status(transport: Transport, token: str, section: str, import_id: str) -> ImportStatus:
    """Ask what became of an import (the path is of the first version). Raises any UpstreamError."""
    asked = Request(
        "GET",
        transport.url("audience", "sections", section, "imports", import_id),
        call="status.import",
        lane="calls",
    )
    answer = transport.ask(asked, token)
    told = read_status(answer.body)
    if told is None:
        raise transport.broken(asked, status=answer.status, reason="no status")
    return told


def read_status(body: Any) -> ImportStatus | None:
    """Read where an import stands; None where nothing tells. A word that is not known is taken for work in progress."""
    body = names.unwrap(body)
    result = names.pick(body, *names.RESULT) if isinstance(body, dict) else None
    result = result if isinstance(result, dict) else body
    if not isinstance(result, dict):
        return None
    word = names.pick(result, *names.STATUS)
    if not isinstance(word, str):
        return None
    if word not in get_args(State):
        log.warning("an import has a status that is not known")
        word = "in_progress"
    counts = names.pick(result, *names.STATISTICS)
    counts = counts if isinstance(counts, dict) else {}
    faults = names.pick(result, *names.FAULTS)
    message = names.pick(result, *names.MESSAGE)
    return ImportStatus(
        state=word,  # type: ignore[arg-type]
        created=_count(names.pick(counts, *names.CREATED)),
        updated=_count(names.pick(counts, *names.UPDATED)),
        unchanged=_count(names.pick(counts, *names.UNCHANGED)),
        failed=_count(names.pick(counts, *names.FAILED)),
        faults=tuple(_fault(item) for item in faults if isinstance(item, dict)) if isinstance(faults, list) else (),
        message=clean_detail(message) if isinstance(message, str) else "",
    )


def _fault(item: Mapping[str, Any]) -> RowFault:
    field_, message = names.pick(item, *names.FAULTY_FIELD), names.pick(item, *names.MESSAGE)
    return RowFault(
        line=_count(names.pick(item, *names.FAULTY_LINE)),
        field=(names.text(field_) or "")[:200],
        message=clean_detail(message) if isinstance(message, str) else "",
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None
