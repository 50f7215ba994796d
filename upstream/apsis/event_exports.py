"""The event export as it is asked for. What comes after the question is in `upstream.apsis.reports`.

Source: developer.apsis.com, "Request profile in segment event export". The page names the parameters in prose and shows
no body: the shape of the lists and of `segment_filter` is inferred from the other exports.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from upstream.apsis import names
from upstream.apsis.reports import EVENTS, Kind


@dataclass(frozen=True, slots=True)
class EventExportRequest:
    """An event export as the vendor takes it.

    `start_at` and `end_at` bound the events (without an end the vendor takes a week) and know their time zone, else
    ValueError. `attributes`, `tags` and `events` are version IDs, of any section; without an attribute or a tag no
    profile comes at all. `segment_discriminator` keeps to the profiles of a segment, which is counted in `timezone`
    ("Europe/Stockholm"); None means everybody. `topic_state` asks for the subscriptions besides.
    """

    kind: ClassVar[Kind] = EVENTS

    start_at: datetime
    end_at: datetime | None = None
    attributes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    segment_discriminator: str | None = None
    timezone: str | None = None
    topic_state: bool = False

    def __post_init__(self) -> None:
        if any(moment is not None and moment.utcoffset() is None for moment in (self.start_at, self.end_at)):
            raise ValueError("A time window has a time zone.")

    def to_body(self) -> dict[str, Any]:
        """Write the request as a dict for JSON, without what was not given; times in UTC, as RFC 3339 has them."""
        body: dict[str, Any] = {"start_at": _rfc3339(self.start_at)}
        if self.end_at is not None:
            body["end_at"] = _rfc3339(self.end_at)
        if self.segment_discriminator is not None:
            body["segment_filter"] = {"segment_discriminator": self.segment_discriminator}
            if self.timezone is not None:
                body["segment_filter"]["timezone"] = self.timezone
        for name, inner in (
            ("attributes", "attribute_version_id"),
            ("tags", "tag_version_id"),
            ("events", "event_version_id"),
        ):
            if ids := getattr(self, name):
                body[name] = [{inner: version_id} for version_id in ids]
        if self.topic_state:
            body[names.TOPIC_STATE] = True
        return body


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
